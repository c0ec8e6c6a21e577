/**
 * The two files of crises beside a database: acceptances that it could not take, and crises that another thread has
 * answered and the main one did not take in time (CR-4).
 *
 * @module
 */

import { join } from 'node:path';
import {
  type HoldfastError,
  type PlainError,
  toPlainError,
} from '../../../machines/vocabulary/errors.ts';
import type { Files } from '../../files/files.ts';
import type { AcceptWrite, Write } from '../../port/store.ts';
import type { FromSpill, OutsideCrisis } from '../../port/writes.ts';
import type { Sealer } from '../../sealing/recordSealer.ts';
import { storeFailure } from '../driver/failures.ts';
import { SPILLS, SpillFile } from './spillFile.ts';

export const SPILL_FILE_NAME = 'crises.spill';
/** The spill file of another thread, which answers outside callers. */
export const OUTSIDE_FILE_NAME = 'crises.outside.spill';

export interface CrisisSpillsParts {
  readonly folder: string;
  readonly sealer: Sealer;
  readonly storeId: string;
  readonly files: Files;
  /** Takes a fault that was found and mended. */
  readonly told: (notice: HoldfastError) => void;
}

export class CrisisSpills {
  readonly #told: CrisisSpillsParts['told'];
  readonly #acceptancesPath: string;
  readonly #outsidePath: string;
  readonly #acceptances: SpillFile<AcceptWrite>;
  readonly #outside: SpillFile<OutsideCrisis>;
  /** Ids of the acceptances that an earlier process left. */
  #accepted: ReadonlySet<string> = new Set();

  constructor({ folder, sealer, storeId, files, told }: CrisisSpillsParts) {
    this.#told = told;
    this.#acceptancesPath = join(folder, SPILL_FILE_NAME);
    this.#outsidePath = join(folder, OUTSIDE_FILE_NAME);
    const { acceptances, outside } = SPILLS;
    this.#acceptances = new SpillFile(acceptances, this.#acceptancesPath, sealer, storeId, files);
    this.#outside = new SpillFile(outside, this.#outsidePath, sealer, storeId, files);
  }

  /** Takes the room for acceptances, and reads those that an earlier process left: they are to be committed. */
  takeUp(): readonly AcceptWrite[] {
    this.#acceptances.reserve();
    const writes = this.#read(this.#acceptances, this.#acceptancesPath);
    this.#accepted = new Set(writes.map(({ id }) => id));
    return writes;
  }

  /** @throws HoldfastError `HF_STORE_…`: what is in it stays there, and no start leaves it behind. */
  #read<Kept extends { readonly id: string }>(
    file: SpillFile<Kept>,
    path: string,
  ): readonly Kept[] {
    try {
      return file.read(this.#told);
    } catch (error) {
      throw storeFailure(error, path);
    }
  }

  /** Crises that an earlier process kept from another thread, and did not accept before it ended. */
  readOutside(): readonly OutsideCrisis[] {
    return this.#read(this.#outside, this.#outsidePath).filter(({ id }) => {
      const isAccepted = this.#accepted.has(id);
      // It would be accepted twice, with two places in the order.
      if (isAccepted) this.dropOutside(id);
      return !isAccepted;
    });
  }

  /** Keeps an acceptance; returns why not where that fails. */
  keep(write: AcceptWrite): PlainError | null {
    try {
      this.#acceptances.append(write);
      return null;
    } catch (error) {
      return toPlainError(storeFailure(error, this.#acceptancesPath));
    }
  }

  /** Crises in the files and not in the database; one that is in both files counts once. */
  get count(): number {
    let count = this.#acceptances.ids.size;
    for (const id of this.#outside.ids) if (!this.#acceptances.ids.has(id)) count += 1;
    return count;
  }

  /** Wipes a file whose crises are all in the database now (SE-5). */
  wipe(): void {
    this.#acceptances.wipe();
    this.#outside.wipe();
  }

  /** Forgets crises that are in the database now. */
  committed(writes: readonly Write[]): void {
    this.#acceptances.committed(writes);
    this.#outside.committed(writes);
  }

  /** Takes the room for crises of another thread. */
  reserveForOutside(): void {
    this.#outside.reserve();
  }

  /** Keeps a crisis that another thread has answered. */
  keepOutside(crisis: OutsideCrisis): FromSpill {
    const { id } = crisis;
    try {
      this.#outside.append(crisis);
      return { kind: 'kept', id };
    } catch (error) {
      return {
        kind: 'notKept',
        id,
        error: toPlainError(storeFailure(error, this.#outsidePath)),
      };
    }
  }

  /** Drops a crisis that is on disk elsewhere, or delivered. */
  dropOutside(id: string): void {
    this.#outside.drop(id);
  }
}
