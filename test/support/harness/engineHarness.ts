import type { Attempt, Handler } from '../../../actors/attempt/handler.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { checkOptions, type RuntimeOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { seededRandom } from '../clock/seededRandom.ts';
import { VirtualClock } from '../clock/virtualClock.ts';
import { createFaultyStore, type FaultyStore, noFaults } from '../store/faultyStore.ts';

/** A whole runtime on virtual time, over a store that can fail and outlives it. */
export interface Process {
  readonly runtime: Runtime;
  readonly store: FaultyStore;
  readonly errors: unknown[];
  /** SIGKILL: nothing of it acts any more, and nothing is closed. */
  readonly kill: () => void;
  readonly isDead: () => boolean;
}

export interface World {
  readonly clock: VirtualClock;
  /** What is on disk, whoever owns it. */
  readonly disk: Store;
  /** Starts a process on the disk; does not wait for it. */
  readonly boot: (options?: Partial<RuntimeOptions>) => Process;
}

/** A machine with a clock and a disk. */
export function createWorld(seed = 1, disk: Store = createMemoryStore()): World {
  const clock = new VirtualClock();
  let boots = 0;
  return {
    clock,
    disk,
    boot(options = {}) {
      boots += 1;
      const mortal = mortalClock(clock);
      const store = createFaultyStore(disk, mortal.clock, noFaults());
      const errors: unknown[] = [];
      const handlers = Object.entries(options.handlers ?? {}).map(
        ([type, handler]): [string, Handler] => [type, mortalHandler(handler, mortal.isDead)],
      );
      const checked = checkOptions({
        random: seededRandom(seed * 1_000 + boots),
        onError: (error) => {
          errors.push(error);
        },
        ...options,
        store: ':memory:',
        clock: mortal.clock,
        handlers: Object.fromEntries(handlers),
      });
      return {
        runtime: assembleRuntime(checked, store),
        store,
        errors,
        kill: () => {
          mortal.kill();
          store.kill();
        },
        isDead: mortal.isDead,
      };
    },
  };
}

/** A clock that wakes nobody once its process is dead. */
export function mortalClock(clock: Clock): {
  clock: Clock;
  kill: () => void;
  isDead: () => boolean;
} {
  let isDead = false;
  const unlessDead = (wake: () => void) => () => {
    if (!isDead) wake();
  };
  return {
    kill: () => {
      isDead = true;
    },
    isDead: () => isDead,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      schedule: (delayMs, wake) => clock.schedule(delayMs, unlessDead(wake)),
      defer: (go) => {
        clock.defer(unlessDead(go));
      },
    },
  };
}

/** A handler that neither begins nor answers in a dead process; what it has sent stays sent. */
export function mortalHandler(handler: Handler, isDead: () => boolean): Handler {
  return {
    ...handler,
    run: async (attempt: Attempt): Promise<Json | undefined> => {
      if (isDead()) return await new Promise<never>(() => undefined);
      try {
        const response = await handler.run(attempt);
        return isDead() ? await new Promise<never>(() => undefined) : response;
      } catch (error) {
        if (isDead()) return await new Promise<never>(() => undefined);
        throw error;
      }
    },
  };
}
