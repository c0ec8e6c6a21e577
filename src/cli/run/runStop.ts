/**
 * What ends a run before its work does: its deadline or a signal, whatever the run waits for then.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import type { Output } from '../kit/output.ts';

/** Why a run ended before its work did. */
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

  /** Why it is to end; `null` while it is not. */
  get cause(): StopCause | null {
    return this.#cause;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What `work` gives, or `null` where the run is to end before. */
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
    // What comes after the end is told to nobody.
    work.catch(() => undefined);
    return await Promise.race([work, stopped]).finally(forget);
  }

  /** From here on nothing ends it but its work. */
  forget(): void {
    for (const forget of this.#forget) forget();
  }
}
