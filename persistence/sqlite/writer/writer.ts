/**
 * The writer: owns the folder, opens the file with the key it is given, answers requests. It runs in a thread of its
 * own (writerThread.ts) or in the caller's (inThreadChannel.ts).
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PlainError } from '../../../machines/vocabulary/errors.ts';
import { HoldfastError, toPlainError } from '../../../machines/vocabulary/errors.ts';
import { machineFiles } from '../../files/files.ts';
import type { Ownership } from '../../owner/owner.ts';
import { awaitOwnership } from '../../owner/owner.ts';
import type { AcceptWrite, FromSpill, OutsideCrisis } from '../../port/writes.ts';
import type { CryptoEngine } from '../../sealing/cryptoEngine.ts';
import { KEYRING_FILE_NAME } from '../../sealing/keyring.ts';
import { createSealer, type Sealer } from '../../sealing/recordSealer.ts';
import { CrisisSpills } from '../file/crisisSpills.ts';
import { LAST_COMMIT_FILE_NAME } from '../file/lastCommit.ts';
import {
  type DataRequest,
  isData,
  type OpenedStore,
  type Replies,
  type Reply,
  type StoreKey,
  type StoreRequest,
  type WriterOptions,
} from '../protocol/requests.ts';
import { SqliteCore } from './sqliteCore.ts';

export const DATA_FILE_NAME = 'data.db';

export class Writer {
  readonly #folder: string;
  readonly #program: string;
  readonly #isBrief: boolean;
  readonly #engine: CryptoEngine;
  #ownership: Ownership | null = null;
  #core: SqliteCore | null = null;
  #spills: CrisisSpills | null = null;
  /** Faults that the opening found and mended, reported with the first answer. */
  #notices: PlainError[] = [];
  #sealer: Sealer | null = null;

  constructor({ folder, program, isBrief }: WriterOptions, engine: CryptoEngine) {
    this.#engine = engine;
    this.#isBrief = isBrief;
    this.#folder = folder;
    this.#program = program;
  }

  /**
   * Becomes the folder's owner, and reports whether it holds data.
   *
   * @throws HoldfastError as {@link awaitOwnership}.
   */
  own(): { readonly hasData: boolean } {
    this.#ownership = awaitOwnership(this.#folder, this.#program, this.#isBrief);
    return { hasData: existsSync(this.#dataPath()) };
  }

  /**
   * Opens the data with the key, which is wiped. `generation` is what this owner left in the store
   * when it opened it before.
   *
   * @throws HoldfastError as {@link SqliteCore.open}.
   */
  open(
    { storeId, keyId, storeKey }: StoreKey,
    create: boolean,
    generation: number | null,
  ): OpenedStore {
    const ownership = this.#ownership;
    if (ownership === null) throw new HoldfastError('HF_INTERNAL', 'The store is not owned.');
    const sealer = createSealer({ engine: this.#engine, storeKey, keyId, storeId });
    storeKey.fill(0);
    this.#sealer = sealer;
    this.#core = new SqliteCore({
      path: this.#dataPath(),
      sealer,
      storeId,
      create,
      isNew: !existsSync(join(this.#folder, KEYRING_FILE_NAME)),
      ownership,
      // A process that makes a store runs it; one that only reads leaves no trace.
      claims: create,
      generation,
      lastCommitPath: create ? join(this.#folder, LAST_COMMIT_FILE_NAME) : undefined,
    });
    const opened = this.#core.open();
    // A process that only reads leaves spilled crises to the owner.
    if (!create) return opened;
    const spills = new CrisisSpills({
      folder: this.#folder,
      sealer,
      storeId,
      files: machineFiles,
      told: (notice) => this.#notices.push(toPlainError(notice)),
    });
    this.#spills = spills;
    const accepted = spills.takeUp();
    const outside = spills.readOutside();
    this.#compareSpilled(spills.count);
    const whole = this.#commitSpilled(opened, accepted);
    const notAccepted = this.#notAccepted(outside, spills);
    this.#noteSpills();
    spills.wipe();
    return { ...whole, outside: notAccepted };
  }

  /** See {@link SqliteCore.hasWritten}. */
  get hasWritten(): boolean {
    return this.#core?.hasWritten === true;
  }

  run(requests: readonly StoreRequest[]): Replies {
    const core = this.#core;
    if (core === null) throw new HoldfastError('HF_INTERNAL', 'The store is not open.');
    const others = requests.filter(isData);
    const { replies, ...told } = this.#ask(core, others);
    const notices = [...this.#notices.splice(0), ...told.notices];
    if (others.length === requests.length) return { replies, ...told, notices };
    const answers = replies.values();
    return {
      ...told,
      notices,
      replies: requests.map((request) => {
        if (isData(request)) return answers.next().value as Reply;
        if (request.kind === 'spill') {
          const error = this.#spills?.keep(request.write) ?? null;
          this.#noteSpills();
          return error === null ? { value: undefined } : { error };
        }
        // Not while other requests would wait for it.
        return requests.length === 1 ? core.clearErased() : { value: false };
      }),
    };
  }

  #ask(core: SqliteCore, requests: readonly DataRequest[]): Replies {
    const answer = core.run(requests);
    for (const [index, request] of requests.entries()) {
      const reply = answer.replies[index];
      if (request.kind === 'commit' && reply !== undefined && 'value' in reply) {
        this.#spills?.committed(request.writes);
      }
    }
    // Before the spills are wiped: a note that counts fewer than there are says nothing.
    this.#noteSpills();
    this.#spills?.wipe();
    return answer;
  }

  /** Says where crises that lay beside the database are gone. */
  #compareSpilled(found: number): void {
    const before = this.#core?.spilledBefore ?? 0;
    if (found < before)
      this.#notices.push(toPlainError(spillsMissing(this.#folder, before - found)));
    this.#noteSpills();
  }

  #noteSpills(): void {
    const lastCommit = this.#core?.lastCommit ?? null;
    if (lastCommit === null || this.#spills === null) return;
    lastCommit.spilled(this.#spills.count);
    lastCommit.write();
  }

  /**
   * Commits what an earlier process could not bring into the database (CR-4). If the database can't take it yet, it
   * stays in its file: spilling must not make a start fail.
   */
  #commitSpilled(opened: OpenedStore, writes: readonly AcceptWrite[]): OpenedStore {
    if (writes.length === 0) return opened;
    const { replies, notices } = this.run([{ kind: 'commit', writes }]);
    this.#notices.push(...notices);
    const [reply] = replies;
    const spilled = reply !== undefined && 'error' in reply ? writes : [];
    return { ...opened, spilled, seqMax: Math.max(opened.seqMax, ...writes.map(({ seq }) => seq)) };
  }

  /** Crises that an earlier process answered from another thread, and never accepted. */
  #notAccepted(outside: readonly OutsideCrisis[], spills: CrisisSpills): readonly OutsideCrisis[] {
    return outside.filter(({ id }) => {
      const { replies, notices } = this.run([{ kind: 'find', query: id }]);
      this.#notices.push(...notices);
      const [reply] = replies;
      // True also for an unreadable row; a crisis that can't be looked up is delivered rather than
      // lost.
      const isAccepted =
        reply !== undefined &&
        ('value' in reply ? reply.value !== null : reply.error.code.startsWith('HF_RECORD_'));
      if (isAccepted) spills.dropOutside(id);
      return !isAccepted;
    });
  }

  /** Takes the room for crises of another thread. */
  reserveForOutside(): void {
    this.#spills?.reserveForOutside();
  }

  /** Keeps a crisis that another thread has answered and the main one does not take. */
  keepOutside(crisis: OutsideCrisis): FromSpill {
    if (this.#spills !== null) {
      const kept = this.#spills.keepOutside(crisis);
      this.#noteSpills();
      return kept;
    }
    const error = new HoldfastError('HF_CLOSED', 'The store is not open.');
    return { kind: 'notKept', id: crisis.id, error: toPlainError(error) };
  }

  /** Drops a crisis that is on disk elsewhere, or delivered. */
  dropOutside(id: string): void {
    this.#spills?.dropOutside(id);
    this.#noteSpills();
    this.#spills?.wipe();
  }

  /** Closes the data, then gives the folder back. */
  close(): void {
    this.#core?.close();
    this.#core?.lastCommit?.close();
    this.#core = null;
    this.#spills = null;
    this.#sealer?.wipe();
    this.#sealer = null;
    this.#ownership?.giveBack();
    this.#ownership = null;
  }

  #dataPath(): string {
    return join(this.#folder, DATA_FILE_NAME);
  }
}

function spillsMissing(path: string, count: number): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_MISSING',
    `${count} crises that were kept in ${path} beside the database are missing: crises.spill or crises.outside.spill was deleted, cut or changed. See docs/how-to/find-out-what-is-missing.md.`,
    { path },
  );
}
