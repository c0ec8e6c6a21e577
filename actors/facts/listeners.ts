/**
 * Calls into the app's own code, which may throw whatever it likes: nothing of it reaches the caller,
 * an actor or the process (SV-2).
 *
 * @module
 */

import { isThenable } from '../../machines/vocabulary/realms.ts';

/** Calls it; what it throws, and what a promise that it returns rejects with, goes to `onError`. */
export function callListener(listener: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = listener();
    if (isThenable(returned)) returned.then(undefined, onError);
  } catch (error) {
    onError(error);
  }
}

type Method = 'addEventListener' | 'removeEventListener';
type Listener = ((event: Event) => unknown) | { handleEvent: (event: Event) => unknown };

/**
 * The same signal, whose listeners may throw: Node ends the process over one that does.
 *
 * @param signal of a controller that nobody else holds
 */
export function guardSignal(signal: AbortSignal, onError: (error: unknown) => void): AbortSignal {
  // Its own methods: the global `EventTarget` may be of another realm, that of jsdom for one.
  const native: Pick<EventTarget, Method> = Object.getPrototypeOf(signal) as AbortSignal;
  const guards = new WeakMap<object, (event: Event) => void>();
  const guardOf = (listener: Listener): ((event: Event) => void) => {
    const guard =
      guards.get(listener) ??
      ((event: Event): void => {
        callListener(
          () =>
            typeof listener === 'function'
              ? listener.call(signal, event)
              : listener.handleEvent(event),
          onError,
        );
      });
    guards.set(listener, guard);
    return guard;
  };
  const listening =
    (method: Method) =>
    (type: string, listener: Listener | null, options?: object | boolean): void => {
      if (listener !== null) native[method].call(signal, type, guardOf(listener), options);
    };
  const add = listening('addEventListener');
  const remove = listening('removeEventListener');
  let handler: ((event: Event) => unknown) | null = null;
  const handle = (event: Event): unknown => handler?.call(signal, event);
  return Object.defineProperties(signal, {
    addEventListener: { value: add },
    removeEventListener: { value: remove },
    onabort: {
      get: () => handler,
      set: (value: unknown) => {
        handler = typeof value === 'function' ? (value as (event: Event) => unknown) : null;
        if (handler === null) remove('abort', handle);
        else add('abort', handle);
      },
    },
  });
}
