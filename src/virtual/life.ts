/**
 * The life of a process on virtual time: once it has ended, nothing of it acts and nobody is answered.
 *
 * @module
 */

import type { Attempt, Handler } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Store } from '../../persistence/port/store.ts';

/** State of a process, and the ways to end it and to stop it. */
export interface Life {
  readonly isDead: () => boolean;
  readonly end: () => void;
  /** Whether it stands still. */
  readonly isStill: () => boolean;
  /** How often it was stopped or went on so far: the same number twice says that it ran, or stood still, all the time. */
  readonly turns: () => number;
  /** Stops it where it is, as SIGSTOP does. The returned function lets it go on, one thing after the other. */
  readonly halt: (clock: Pick<Clock, 'defer'>) => () => void;
  /** Calls `go` now, or once the process goes on; never where it is dead. */
  readonly whenAwake: (go: () => void) => void;
}

export function newLife(): Life {
  let isDead = false;
  let halts = 0;
  let turns = 0;
  const put: (() => void)[] = [];
  const whenAwake = (go: () => void): void => {
    if (isDead) return;
    if (halts > 0) put.push(go);
    else go();
  };
  return {
    isDead: () => isDead,
    end: () => {
      isDead = true;
      put.length = 0;
    },
    isStill: () => halts > 0,
    turns: () => turns,
    halt: (clock) => {
      halts += 1;
      turns += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        halts -= 1;
        if (halts > 0) return;
        turns += 1;
        for (const go of put.splice(0)) {
          clock.defer(() => {
            whenAwake(go);
          });
        }
      };
    },
    whenAwake,
  };
}

/** Clock that wakes nobody once its process is dead, and later where it stands still. */
export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    ...(clock.busy === undefined ? {} : { busy: () => clock.busy?.() ?? 0 }),
    schedule: (delayMs, wake) => {
      let isCancelled = false;
      const cancel = clock.schedule(delayMs, () => {
        life.whenAwake(() => {
          if (!isCancelled) wake();
        });
      });
      return () => {
        isCancelled = true;
        cancel();
      };
    },
    defer: (go) => {
      clock.defer(() => {
        life.whenAwake(go);
      });
    },
  };
}

/** Handler that neither begins nor answers in a dead process; what it has sent stays sent. */
export function mortalHandler(handler: Handler, life: Life): Handler {
  const { conflicts } = handler;
  const { fetchCurrent: fetchOfRun, checkRequest } = handler.run;
  const fetchCurrent = typeof conflicts === 'object' ? conflicts.fetchCurrent : undefined;
  return {
    ...handler,
    run: Object.assign(
      mortalWork((attempt) => handler.run(attempt), life),
      fetchOfRun === undefined ? {} : { fetchCurrent: mortalWork(fetchOfRun, life) },
      checkRequest === undefined ? {} : { checkRequest },
    ),
    ...(typeof conflicts === 'object' && fetchCurrent !== undefined
      ? { conflicts: { ...conflicts, fetchCurrent: mortalWork(fetchCurrent, life) } }
      : {}),
  };
}

function mortalWork<Answer>(
  work: (attempt: Attempt) => Promise<Answer> | Answer,
  life: Life,
): (attempt: Attempt) => Promise<Answer> {
  const { isDead } = life;
  const awake = async (): Promise<void> => {
    if (isDead()) return await never();
    if (life.isStill())
      await new Promise<void>((resolve) => {
        life.whenAwake(resolve);
      });
  };
  return async (attempt) => {
    if (isDead()) return await never();
    try {
      const answer = await work(attempt);
      await awake();
      return answer;
    } catch (error) {
      await awake();
      throw error;
    }
  };
}

/** Store that does and answers nothing for a dead process. */
export function mortalStore(store: Store, { isDead }: Life): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]): unknown => {
        if (isDead()) return never();
        const result: unknown = Reflect.apply(member, target, given);
        return result instanceof Promise ? unlessDead(result, isDead) : result;
      };
    },
  });
}

async function unlessDead(work: Promise<unknown>, isDead: () => boolean): Promise<unknown> {
  try {
    const result = await work;
    return isDead() ? await never() : result;
  } catch (error) {
    if (isDead()) return await never();
    throw error;
  }
}

async function never<T>(): Promise<T> {
  return await new Promise<T>(() => undefined);
}

/** Lets time pass. */
export async function pass(clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.schedule(ms, resolve);
  });
}
