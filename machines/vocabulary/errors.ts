/**
 * The one family of errors. What to do about each code is in docs/errors.md, which a test holds
 * against {@link ERROR_CODES}.
 *
 * @module
 */

// What a value is, whichever realm made it: jsdom, the VM contexts of Jest and Node's own modules each have an
// `Error`, a `Promise` and a `Uint8Array` of their own, of which `instanceof` knows one.

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

/** Every code a {@link HoldfastError} can carry. */
export const ERROR_CODES = [
  // The caller's input, refused before anything was stored.
  'HF_REQUEST_INVALID',
  'HF_PAYLOAD_TOO_LARGE',
  'HF_CARD_NUMBER_REFUSED',
  'HF_HANDLER_UNKNOWN',
  'HF_IDEMPOTENCY_CONFLICT',
  'HF_OPTION_INVALID',
  'HF_INPUT_UNREADABLE',
  'HF_LINE_INVALID',
  // The store.
  'HF_STORE_OWNED',
  'HF_STORE_TAKEN',
  'HF_STORE_LOCK_LOST',
  'HF_STORE_NEWER',
  'HF_STORE_OLDER',
  'HF_STORE_FOREIGN',
  'HF_STORE_CORRUPT',
  'HF_STORE_FOLDER',
  'HF_STORE_FULL',
  'HF_STORE_READ_ONLY',
  'HF_STORE_LOCKED',
  'HF_STORE_LOST',
  'HF_STORE_IO',
  'HF_STORE_STALLED',
  'HF_STORE_HANGING',
  'HF_QUEUE_FULL',
  'HF_STORE_UNAVAILABLE',
  'HF_SQLITE_UNAVAILABLE',
  'HF_STORE_MENDED',
  'HF_STORE_MISSING',
  'HF_STORE_HELD',
  'HF_STORE_ROLLED_BACK',
  'HF_ANCHOR_MISSING',
  'HF_ANCHOR_REFUSED',
  'HF_ANCHOR_UNREACHABLE',
  'HF_OWNER_GONE',
  // Backups.
  'HF_TARGET_EXISTS',
  'HF_BACKUP_MISSING',
  'HF_BACKUP_DAMAGED',
  // Keys and sealed records.
  'HF_KEY_INVALID',
  'HF_KEY_MISSING',
  'HF_KEY_UNAVAILABLE',
  'HF_KEY_WRONG',
  'HF_RANDOM_UNSOUND',
  'HF_KEY_UNKNOWN',
  'HF_KEY_FILE_EXPOSED',
  'HF_KEY_FILE_IN_STORE',
  'HF_KEY_FILE_EXISTS',
  'HF_RECORD_MALFORMED',
  'HF_RECORD_TAMPERED',
  'HF_RECORD_UNSUPPORTED',
  'HF_RECORD_NEWER',
  'HF_RECORD_STALE',
  'HF_RECORD_MISSING',
  'HF_AUDIT_UNAVAILABLE',
  // How an operation fared.
  'HF_ATTEMPT_FAILED',
  'HF_ATTEMPT_TIMED_OUT',
  'HF_ATTEMPTS_EXHAUSTED',
  'HF_GIVEN_UP',
  'HF_UPSTREAM_REFUSED',
  'HF_UPSTREAM_UNREACHABLE',
  'HF_RESPONSE_TOO_LARGE',
  'HF_CONFLICT',
  'HF_CONFLICT_UNKNOWN',
  'HF_CONFLICT_RESOLVED',
  'HF_CONFLICT_OPEN',
  'HF_ENTITY_IN_USE',
  'HF_OUTCOME_UNKNOWN',
  'HF_CRASHES_PROCESS',
  'HF_FUNCTION_GONE',
  'HF_TIER_GONE',
  'HF_CANCELLED',
  'HF_EXPIRED',
  'HF_OPERATION_UNKNOWN',
  'HF_NOT_DEAD_LETTERED',
  'HF_QUARANTINED',
  'HF_NOT_QUARANTINED',
  'HF_PAYLOAD_ERASED',
  'HF_MAY_BE_APPLIED',
  'HF_UPSTREAM_UNKNOWN',
  'HF_UPSTREAM_DOWN',
  'HF_ACTOR_READ_ONLY',
  'HF_CRISIS_REFUSED',
  'HF_CRISIS_MENDED',
  'HF_CRISIS_ESCALATED',
  'HF_CRISIS_OVER',
  'HF_CRISIS_OUTSIDE',
  'HF_SECOND_PERSON_NEEDED',
  // The runtime itself.
  'HF_CLOSED',
  'HF_ALERT',
  'HF_WORK_STUCK',
  'HF_INSPECTOR_UNAVAILABLE',
  'HF_INSPECTOR_READ_ONLY',
  'HF_INTERNAL',
  // holdfast/testing.
  'HF_TEST_STUCK',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whether the same call may be made again: never, after a while, or at once. */
export type RetryAdvice = 'never' | 'later' | 'now';

/** Where the fault lies; only names, never values, so that no payload or key can leak. */
export interface ErrorPlace {
  /** The request or option field at fault, as a path: `entity.id`. */
  readonly field?: string | undefined;
  /** The file or folder at fault. */
  readonly path?: string | undefined;
  /** The line of input at fault, from 1. */
  readonly line?: number | undefined;
}

/** The way to a value within a request: names of fields, and places of items from 0. */
export type ValuePath = readonly (string | number)[];

export interface HoldfastErrorOptions extends ErrorPlace {
  /** The way to the value at fault; see {@link HoldfastError.at}. */
  readonly at?: ValuePath | undefined;
  readonly retry?: RetryAdvice;
  readonly cause?: unknown;
  /** See {@link HoldfastError.mayBeStored}; false where it is left out. */
  readonly mayBeStored?: boolean | undefined;
  /** False on hot paths: capturing a stack costs more than the refusal itself. Default true. */
  readonly withStack?: boolean;
}

const BRAND = Symbol.for('holdfast.error');

/** Beside the errors: a private field would make the types of two copies of the package differ. */
const PATHS = new WeakMap<HoldfastError, ValuePath>();

/**
 * An error of holdfast. `code` is stable and is what programs decide by; the message is for people:
 * what was wrong, where, and what to do. Neither ever holds a payload or a key.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly field: string | undefined;
  readonly path: string | undefined;
  readonly line: number | undefined;
  /**
   * True where it is not known whether what was refused is on disk: it may run all the same. Where it
   * is false, nothing was stored, and nothing will run. The same idempotency key finds what is stored.
   */
  readonly mayBeStored: boolean;

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    const limit = Error.stackTraceLimit;
    if (options.withStack === false) Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = limit;
    this.code = code;
    this.retry = options.retry ?? 'never';
    this.field = options.field;
    this.path = options.path;
    this.line = options.line;
    if (options.at !== undefined) PATHS.set(this, options.at);
    this.mayBeStored = options.mayBeStored ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /**
   * The way to the value at fault within a request, by name: `['payload', 'meta', 'at']`. Names in a
   * payload may be health data, so no message repeats them, and no log of the error shows this.
   */
  get at(): ValuePath | undefined {
    return PATHS.get(this);
  }
}

/**
 * True for an error of holdfast, also one made by another copy of the package.
 *
 * @example
 * try {
 *   await runtime.sync(request);
 * } catch (error) {
 *   if (isHoldfastError(error) && error.retry === 'later') console.log('send it again', error.code);
 *   else throw error;
 * }
 */
export function isHoldfastError(error: unknown): error is HoldfastError {
  return typeof error === 'object' && error !== null && BRAND in error;
}

/** Causes are followed this deep; nothing real goes deeper, and a loop must end. */
const CAUSE_DEPTH_MAX = 8;
const CAUSE_LENGTH_MAX = 200;
const CODE_NAME = /^\w{1,60}$/;
/** Built in, or named like a class; a name that is set to something else may be data. */
const CLASS_NAME = /^[A-Za-z]{0,50}(?:Error|Exception)$/;

/** The class of anything that was thrown, as a word that is safe to keep. */
export function className(error: unknown): string {
  if (!isError(error)) return typeof error;
  return CLASS_NAME.test(error.name) ? error.name : 'an error';
}

/**
 * What an error that is not ours says, as may be shown to anybody: its class, its code, and of its
 * message what holds no data. What is quoted there is left out, and so is all that a parser says, for
 * parsers quote what they read.
 */
export function causeText(error: unknown): string {
  if (isHoldfastError(error)) return `${error.code}: ${error.message}`;
  const { code } = Object(error) as { readonly code?: unknown };
  const coded = typeof code === 'string' && CODE_NAME.test(code) ? ` ${code}` : '';
  const said = safeMessage(error);
  return `${className(error)}${coded}${said === '' ? '' : `: ${said}`}`;
}

function safeMessage(error: unknown): string {
  if (!isError(error) || error.name === 'SyntaxError') return '';
  return (error.message.split('\n', 1)[0] ?? '')
    .replace(/["'`].*["'`]/, '…')
    .replace(/\bproperty \S+/, 'property …')
    .replace(/\bReceived\b.*/, '')
    .trim()
    .slice(0, CAUSE_LENGTH_MAX);
}

/**
 * The error for what holdfast did not foresee. Its message shows the cause, since nobody else will.
 *
 * @param what - a sentence without its full stop
 */
export function unforeseen(what: string, cause: unknown, place: ErrorPlace = {}): HoldfastError {
  return new HoldfastError('HF_INTERNAL', `${what} (${causeText(cause)}).`, {
    ...place,
    retry: 'later',
    cause,
  });
}

/** The part of a cause that leaves the thread that it came from. */
interface PlainCause {
  readonly name: string;
  readonly message: string;
  /** Where it came from, a frame a line, without its message. */
  readonly frames: string;
  readonly cause?: PlainCause | undefined;
}

/** A plain form of an error that survives a thread or a socket; {@link reviveError} undoes it. */
export interface PlainError extends ErrorPlace {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: RetryAdvice;
  readonly mayBeStored?: boolean | undefined;
  readonly cause?: PlainCause | undefined;
}

/**
 * Keeps of each cause only what {@link causeText} shows and where it came from, for the rest may name
 * what must not leave; a foreign error becomes HF_INTERNAL.
 */
export function toPlainError(error: unknown): PlainError {
  const own = isHoldfastError(error) ? error : unforeseen('Unexpected failure', error);
  const { code, message, retry, field, path, line, mayBeStored, cause } = own;
  const plainCause = toPlainCause(cause, 1);
  return { code, message, retry, field, path, line, mayBeStored, cause: plainCause };
}

function toPlainCause(error: unknown, depth: number): PlainCause | undefined {
  if (error === undefined || error === null || depth > CAUSE_DEPTH_MAX) return undefined;
  const { stack, cause } = Object(error) as { readonly stack?: unknown; readonly cause?: unknown };
  return {
    name: className(error),
    message: isHoldfastError(error) ? error.message : safeMessage(error),
    frames: typeof stack === 'string' ? framesOf(stack).join('\n') : '',
    cause: toPlainCause(cause, depth + 1),
  };
}

const FRAME = /^ {4}at (?:.{1,200} \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\).{1,1000}:\d+:\d+\)?$/;

/** The lines of a stack that name a place in a file; the message before them is left out. */
export function framesOf(stack: string): string[] {
  return stack.split('\n').filter((line) => FRAME.test(line));
}

/** Whether a value that came from another process is what {@link toPlainError} gives, so that it can be revived. */
export function isPlainError(value: unknown): value is PlainError {
  const { code, message, cause } = Object(value) as Partial<Record<keyof PlainError, unknown>>;
  return typeof code === 'string' && typeof message === 'string' && isPlainCause(cause, 1);
}

function isPlainCause(value: unknown, depth: number): boolean {
  if (value === undefined) return true;
  const { name, message, frames, cause } = Object(value) as Partial<
    Record<keyof PlainCause, unknown>
  >;
  const areTexts = [name, message, frames].every((text) => typeof text === 'string');
  return areTexts && depth <= CAUSE_DEPTH_MAX && isPlainCause(cause, depth + 1);
}

/** Rebuilds the error that {@link toPlainError} flattened; `at` has come by another way, if at all. */
export function reviveError(
  plain: PlainError & { readonly at?: ValuePath | undefined },
): HoldfastError {
  return new HoldfastError(plain.code, plain.message, {
    ...plain,
    cause: reviveCause(plain.cause),
    withStack: false,
  });
}

function reviveCause(plain: PlainCause | undefined): Error | undefined {
  if (plain === undefined) return undefined;
  const { name, message, frames, cause } = plain;
  const revived = new Error(
    message,
    cause === undefined ? undefined : { cause: reviveCause(cause) },
  );
  revived.name = name;
  revived.stack = `${name}: ${message}${frames === '' ? '' : `\n${frames}`}`;
  return revived;
}
