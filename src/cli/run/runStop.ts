/**
 * Ends a run early, by its deadline or a signal, whatever the run waits for.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import type { Output } from '../kit/output.ts';

/** The reason for an early end. */
export type StopCause = 'deadline' | 'interrupted';

export class RunStop {
  readonly #stop = new AbortController();
  readonly #forget: readonly (() => void)[];
  #cause: StopCause | null = null;

  /** @param deadlineMs from now; left out for none */
  constructor(output: Output, deadlineMs: number | undefined) {
    const end = (cause: StopCause): void => {
      this.#cause ??= cause;
      this.#stop.abort();
    };
    this.#forget = [
      onInterrupt(output, () => {
        end('interrupted');
      }),
      deadlineMs === undefined
        ? () => undefined
        : systemClock.schedule(deadlineMs, () => {
            end('deadline');
          }),
    ];
  }

  /** The reason for the end; `null` until then. */
  get cause(): StopCause | null {
    return this.#cause;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The result of `work`, or `null` where the run is to end before. */
  async unless<Result>(work: Promise<Result>): Promise<Result | null> {
    const { signal } = this;
    let forget = (): void => {};
    const stopped = new Promise<null>((resolve) => {
      const stop = (): void => {
        resolve(null);
      };
      signal.addEventListener('abort', stop);
      forget = () => {
        signal.removeEventListener('abort', stop);
      };
      if (signal.aborted) stop();
    });
    // Errors after the end are of no interest.
    work.catch(() => undefined);
    return await Promise.race([work, stopped]).finally(forget);
  }

  /** Stops watching: from here on only its work ends the run. */
  forget(): void {
    for (const forget of this.#forget) forget();
  }
}
