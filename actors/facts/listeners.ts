/**
 * Calls code of the app, which may throw anything: no exception reaches the caller,
 * an actor or the process (SV-2).
 *
 * @module
 */

import { isThenable } from '../../machines/vocabulary/realms.ts';

/** Calls a listener; its exception, or the rejection of a promise that it returns, goes to `onError`. */
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
 * The same signal, made safe for listeners that throw, over which Node ends the process.
 *
 * @param signal of a controller that nobody else holds
 */
export function guardSignal(signal: AbortSignal, onError: (error: unknown) => void): AbortSignal {
  // The signal's own methods: the global `EventTarget` may belong to another realm, such as that of jsdom.
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
