/**
 * Virtual time under the timers of the process, for libraries that have no clock to be given.
 *
 * @module
 */

import type { VirtualClock } from '../../src/virtual/virtualClock.ts';

/** What `setTimeout` gives, as far as libraries use it. */
class Timer {
  readonly stop: () => void;

  constructor(stop: () => void) {
    this.stop = stop;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

type Callback = (...given: readonly unknown[]) => void;

/**
 * Puts `setTimeout`, `setInterval`, `Date.now` and `performance.now` on the clock, and Math.random on
 * seeded chance. Returns what takes them off again.
 */
export function virtualTimers(clock: VirtualClock, random: () => number): () => void {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  const realNow = Date.now;
  const realRandom = Math.random;
  const once = (go: Callback, ms = 0, ...given: readonly unknown[]): Timer =>
    new Timer(
      clock.schedule(ms, () => {
        go(...given);
      }),
    );
  const again = (go: Callback, ms = 0, ...given: readonly unknown[]): Timer => {
    let stop = (): void => undefined;
    const arm = (): void => {
      stop = clock.schedule(Math.max(1, ms), () => {
        arm();
        go(...given);
      });
    };
    arm();
    return new Timer(() => {
      stop();
    });
  };
  const stop = (timer: unknown): void => {
    if (timer instanceof Timer) timer.stop();
    else real.clearTimeout(timer as NodeJS.Timeout | undefined);
  };
  Object.assign(globalThis, {
    setTimeout: once,
    setInterval: again,
    clearTimeout: stop,
    clearInterval: stop,
  });
  Date.now = () => clock.now();
  performance.now = () => clock.monotonic();
  Math.random = random;
  return () => {
    Object.assign(globalThis, real);
    Date.now = realNow;
    // Its own property goes, and the one of its prototype is seen again.
    Reflect.deleteProperty(performance, 'now');
    Math.random = realRandom;
  };
}
