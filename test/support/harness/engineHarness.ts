/**
 * A whole runtime on virtual time, over a store that can fail and outlives it.
 *
 * @module
 */

import type { Handler } from '../../../actors/operation/handler.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { checkOptions, type RuntimeOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import {
  createFaultyStore,
  type FaultyStore,
  noFaults,
} from '../../../src/simulator/disk/faultyStore.ts';
import { mortalClock, mortalHandler, newLife } from '../../../src/virtual/life.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

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
export function createWorld(
  seed = 1,
  disk: Store = createMemoryStore(),
  clock = new VirtualClock(),
): World {
  let boots = 0;
  return {
    clock,
    disk,
    boot({ anchor, ...options }: Partial<RuntimeOptions> = {}) {
      boots += 1;
      const life = newLife();
      const ownClock = mortalClock(clock, life);
      const store = createFaultyStore(disk, ownClock, noFaults());
      const errors: unknown[] = [];
      const handlers = Object.entries(options.handlers ?? {}).map(
        ([type, handler]): [string, Handler] => [type, mortalHandler(handler, life)],
      );
      const checked = checkOptions({
        random: seededRandom(seed * 1_000 + boots),
        onError: (error) => {
          errors.push(error);
        },
        ...options,
        store: ':memory:',
        clock: ownClock,
        handlers: Object.fromEntries(handlers),
      });
      return {
        // The check refuses one for a store in memory; this one outlives its processes.
        runtime: assembleRuntime({ ...checked, anchor: anchor ?? null }, store),
        store,
        errors,
        kill: () => {
          life.end();
          store.kill();
        },
        isDead: life.isDead,
      };
    },
  };
}

/**
 * A machine whose disk is a real file or thread. Virtual time stands still while it works: it takes real
 * time, and a thousand virtual hours must not pass meanwhile.
 */
export function createWorldOnFile(seed: number, disk: Store): World {
  const clock = new VirtualClock();
  return createWorld(seed, frozenTime(disk, clock), clock);
}

function frozenTime(disk: Store, clock: VirtualClock): Store {
  return new Proxy(disk, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, given);
        return result instanceof Promise ? clock.freezeWhile(result) : result;
      };
    },
  });
}
