/**
 * Parts of a process that can be killed inside a test: afterwards nothing of it acts any more, and
 * nothing is closed, as after SIGKILL.
 *
 * @module
 */

import type { Attempt, Handler } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { Store } from '../../persistence/port/store.ts';

/** Whether a process lives, and the way to end it. */
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

/** A clock that wakes nobody once its process is dead. */
export function mortalClock(clock: Clock, { isDead }: Life): Clock {
  const guarded = (wake: () => void) => () => {
    if (!isDead()) wake();
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    schedule: (delayMs, wake) => clock.schedule(delayMs, guarded(wake)),
    defer: (go) => {
      clock.defer(guarded(go));
    },
  };
}

/** A handler that neither begins nor answers in a dead process; what it has sent stays sent. */
export function mortalHandler(handler: Handler, { isDead }: Life): Handler {
  return {
    ...handler,
    run: async (attempt: Attempt): Promise<Json | undefined> => {
      if (isDead()) return await never();
      try {
        const response = await handler.run(attempt);
        return isDead() ? await never() : response;
      } catch (error) {
        if (isDead()) return await never();
        throw error;
      }
    },
  };
}

/** A store that does nothing more for a dead process and answers it nothing. */
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
