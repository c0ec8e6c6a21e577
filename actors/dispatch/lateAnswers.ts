/**
 * Who has asked a flow control for leave and waits for its answer. An answer that comes for somebody who
 * no longer waits is given back: no permit is lost.
 *
 * @module
 */

import { UNUSED } from '../../machines/policy/flow/callReport.ts';
import type { Permit } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';

export class LateAnswers {
  readonly #awaited = new Map<Resident, Promise<Permit | null>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** How many wait for an answer. */
  get size(): number {
    return this.#awaited.size;
  }

  /** Waits for the answer to this one. `then` is not called once it has been forgotten. */
  await(
    resident: Resident,
    answer: Promise<Permit | null>,
    then: (permit: Permit | null) => void,
  ): void {
    this.#awaited.set(resident, answer);
    answer
      .catch((error: unknown) => {
        this.#onError(error);
        return null;
      })
      .then((permit) => {
        if (this.#awaited.get(resident) !== answer) {
          giveBack(permit);
          return;
        }
        this.#awaited.delete(resident);
        then(permit);
      })
      .catch(this.#onError);
  }

  /** It no longer waits. False where it did not. */
  forget(resident: Resident): boolean {
    return this.#awaited.delete(resident);
  }
}

/** Gives back a permit, if there is one, that no call was made with. */
export function giveBack(permit: Permit | null): void {
  permit?.flow.leave(permit, UNUSED);
}
