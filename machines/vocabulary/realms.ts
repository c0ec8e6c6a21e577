/**
 * What a value is, whichever realm made it: jsdom, the VM contexts of Jest and Node's own modules each have an
 * `Error`, a `Promise` and a `Uint8Array` of their own, of which `instanceof` knows one.
 *
 * @module
 */

const ERRORS: ReadonlySet<string> = new Set(['[object Error]', '[object DOMException]']);

/** The name of its built-in kind: `[object Error]`. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}

/** Whether it is an error, a `DOMException` too. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || ERRORS.has(tagOf(value));
}

/** Whether it is a promise, or is awaited like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isHolder && typeof (value as { readonly then?: unknown }).then === 'function';
}

export function isDate(value: unknown): value is Date {
  return value instanceof Date || tagOf(value) === '[object Date]';
}

export function isUint8Array(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || tagOf(value) === '[object Uint8Array]';
}

/** Whether it holds bytes and no fields: a buffer, or a view of one. */
export function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || tagOf(value) === '[object ArrayBuffer]';
}

export function isUrl(value: unknown): value is URL {
  return tagOf(value) === '[object URL]';
}
