/**
 * How much of crises may be in memory while the disk is late or hangs: beyond it they are delivered all the
 * same, and not kept (OP-6, CR-4).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/passes.ts';
import {
  bytesInMemory,
  mayKeepCrisis,
  type UnwrittenLimits,
} from '../../machines/policy/flow/unwrittenLimit.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import { crisisUnkept } from '../operation/acceptance.ts';
import { type Resident, takePending } from '../operation/resident.ts';

export interface CrisisRoomParts {
  readonly journal: Pick<Journal, 'isLate' | 'isHanging'>;
  readonly facts: Facts;
  readonly unwritten: UnwrittenLimits;
  /** Operations in memory. */
  readonly count: () => number;
}

export class CrisisRoom {
  readonly #parts: CrisisRoomParts;
  /** Of the payloads in memory. */
  #bytes = 0;

  constructor(parts: CrisisRoomParts) {
    this.#parts = parts;
  }

  entered({ body }: Pick<Resident, 'body'>): void {
    this.#bytes += bytesInMemory(body ?? '');
  }

  left({ body }: Pick<Resident, 'body'>): void {
    this.#bytes -= bytesInMemory(body ?? '');
  }

  /** A crisis goes out all the same; those who wait for it to be durable are told where it will not be. */
  admit(request: CheckedRequest, resident: Resident): void {
    if (!passesBy('storage', request) || !this.#isFull) return;
    resident.isKept = false;
    takePending(resident)?.reject(crisisUnkept());
    this.#parts.facts.emit('crisis.unkept', resident.id);
  }

  /** Writes that wait for a disk that is late or hangs are kept in memory, for so much at most. */
  get #isFull(): boolean {
    const { journal, unwritten, count } = this.#parts;
    if (!journal.isLate && !journal.isHanging) return false;
    return !mayKeepCrisis({ count: count(), bytes: this.#bytes }, unwritten);
  }
}
