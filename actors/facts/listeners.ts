/**
 * Calls into the app's own code, which may throw whatever it likes: nothing of it reaches the caller,
 * an actor or the process (SV-2).
 *
 * @module
 */

/** Calls it; what it throws, and what a promise that it returns rejects with, goes to `onError`. */
export function callListener(listener: () => unknown, onError: (error: unknown) => void): void {
  try {
    const returned = listener();
    if (returned instanceof Promise) returned.catch(onError);
  } catch (error) {
    onError(error);
  }
}

const native = EventTarget.prototype;

type Listener = ((event: Event) => unknown) | { handleEvent: (event: Event) => unknown };

/**
 * The same signal, whose listeners may throw: Node ends the process over one that does.
 *
 * @param signal of a controller that nobody else holds
 */
export function guardSignal(signal: AbortSignal, onError: (error: unknown) => void): AbortSignal {
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
    (method: 'addEventListener' | 'removeEventListener') =>
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
