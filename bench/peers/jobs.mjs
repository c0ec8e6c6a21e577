/**
 * The job that every system gets, and the loops that give it: the same bytes, the same number in
 * flight, an effect that does nothing.
 *
 * @module
 */

const NOTE = 'x'.repeat(180);

/** About 220 bytes of JSON. */
export function payloadOf(number) {
  return { amount: number, note: NOTE, subject: `user-${number % 1_000}` };
}

/**
 * Keeps `inFlight` jobs going, from acceptance to completion, until `count` are done.
 *
 * @param {(number: number) => Promise<void>} job resolves once job `number` has completed
 */
export async function closedLoop(inFlight, count, job) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await job(next);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** Promises by number, resolved from outside. */
export class Waiters {
  #waiting = new Map();

  of(number) {
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
    });
  }

  done(number) {
    this.#waiting.get(number)?.();
    this.#waiting.delete(number);
  }
}
