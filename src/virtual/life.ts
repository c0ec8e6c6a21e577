/**
 * The life of a process on virtual time: once it has ended, nothing of it acts and nobody is answered.
 *
 * @module
 */

import type { Attempt, Handler } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Store } from '../../persistence/port/store.ts';

/** State of a process, and the way to end it. */
export interface Life {
  readonly isDead: () => boolean;
  readonly end: () => void;
}

export function newLife(): Life {
  let isDead = false;
  return {
    isDead: () => isDead,
    end: () => {
      isDead = true;
    },
  };
}

/** Clock that wakes nobody once its process is dead. */
export function mortalClock(clock: Clock, { isDead }: Life): Clock {
  const guarded = (wake: () => void) => () => {
    if (!isDead()) wake();
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    ...(clock.busy === undefined ? {} : { busy: () => clock.busy?.() ?? 0 }),
    schedule: (delayMs, wake) => clock.schedule(delayMs, guarded(wake)),
    defer: (go) => {
      clock.defer(guarded(go));
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
  { isDead }: Life,
): (attempt: Attempt) => Promise<Answer> {
  return async (attempt) => {
    if (isDead()) return await never();
    try {
      const answer = await work(attempt);
      return isDead() ? await never() : answer;
    } catch (error) {
      if (isDead()) return await never();
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
