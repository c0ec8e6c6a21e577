/**
 * Writes facts and alerts that a person should see to the app's logger (OB-6).
 *
 * Nothing is written at once: lines wait for a later turn of the event loop, and a slow logger has a few
 * milliseconds of each turn, so that it never delays the answer to a crisis (CR-1). Exceptions of a logger
 * harm nothing (SV-2).
 *
 * @module
 */

import { type Channel, channel } from 'node:diagnostics_channel';
import { stackLocation } from '../../actors/platform/operationId.ts';
import {
  alertLevel,
  FACT_KINDS,
  type Fact,
  type FactChannel,
  type FactKind,
  type FactListener,
  type FactOf,
  LOGGED_KINDS,
  lineOf,
} from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { className, isHoldfastError, isThenable } from '../../machines/vocabulary/errors.ts';

/** How much a line matters. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The fields of a line: ids, names, numbers and codes, and nothing of a request's content. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A function of the app, for a logger of any other kind. */
export type LogFunction = (level: LogLevel, message: string, fields: LogFields) => unknown;

/** A logger that takes the message first, as `console`, winston and most others do. */
interface MessageFirstLogger {
  info(message: string, fields: LogFields): unknown;
  warn(message: string, fields: LogFields): unknown;
  error(message: string, fields: LogFields): unknown;
}

/** A logger that takes the fields first: pino, or one made from it, as the `log` of Fastify; known by `bindings()`. */
interface FieldsFirstLogger {
  bindings(): unknown;
  info(fields: LogFields, message: string): unknown;
  warn(fields: LogFields, message: string): unknown;
  error(fields: LogFields, message: string): unknown;
}

/** The values of the option `logger`. */
export type Logger = LogFunction | MessageFirstLogger | FieldsFirstLogger;

const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error'];

/** Whether a value is one of the loggers above. */
export function isLogger(logger: unknown): boolean {
  if (typeof logger === 'function') return true;
  return LEVELS.every((level) => typeof (Object(logger) as LoggerLike)[level] === 'function');
}

/** Any logger as a function; if it is a function with methods, the methods are used. */
export function logFunction(logger: Logger): LogFunction {
  // On a terminal the message is enough; fields would be printed over ten lines.
  if (logger === console) return (level, message) => console[level](message);
  if (isFieldsFirst(logger)) return (level, message, fields) => logger[level](fields, message);
  if (isMessageFirst(logger)) return (level, message, fields) => logger[level](message, fields);
  return logger;
}

type LoggerLike = Partial<Record<LogLevel | 'bindings', unknown>>;

function isFieldsFirst(logger: Logger): logger is FieldsFirstLogger {
  return typeof (logger as LoggerLike).bindings === 'function' && isMessageFirst(logger);
}

function isMessageFirst(logger: Logger): logger is MessageFirstLogger {
  return LEVELS.every((level) => typeof (logger as LoggerLike)[level] === 'function');
}

const EVERY_MS = 60_000;
/** Lines of a kind that are written in that time. */
export const LINES_MAX = 5;
/** Kinds that are counted apart; any beyond count as one. */
const KINDS_MAX = 200;
const OTHERS = 'others';

interface Kind {
  written: number;
  leftOut: number;
}

class LineLimit {
  readonly #clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly #onLeftOut: (kind: string, count: number) => void;
  readonly #kinds = new Map<string, Kind>();
  #sinceMs = Number.NEGATIVE_INFINITY;
  /** Set while lines were left out: a quiet log needs no timer. */
  #cancel: (() => void) | null = null;

  /** @param onLeftOut called once for each kind, at the end of the minute */
  constructor(
    clock: Pick<Clock, 'monotonic' | 'schedule'>,
    onLeftOut: (kind: string, count: number) => void,
  ) {
    this.#clock = clock;
    this.#onLeftOut = onLeftOut;
  }

  /** Whether one more line of this kind is written; else it is counted. */
  admits(name: string): boolean {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#sinceMs >= EVERY_MS) {
      this.sum();
      this.#sinceMs = nowMs;
    }
    const key = this.#kinds.has(name) || this.#kinds.size < KINDS_MAX ? name : OTHERS;
    const kind = this.#kinds.get(key) ?? { written: 0, leftOut: 0 };
    this.#kinds.set(key, kind);
    if (kind.written >= LINES_MAX) {
      kind.leftOut += 1;
      this.#cancel ??= this.#clock.schedule(this.#sinceMs + EVERY_MS - nowMs, this.sum);
      return false;
    }
    kind.written += 1;
    return true;
  }

  /** Reports the lines that were left out, and counts from zero again. */
  readonly sum = (): void => {
    this.#cancel?.();
    this.#cancel = null;
    const kinds = [...this.#kinds];
    this.#kinds.clear();
    for (const [name, { leftOut }] of kinds) if (leftOut > 0) this.#onLeftOut(name, leftOut);
  };
}

/** The time for lines in one turn of the event loop. */
const SLICE_MS = 2;
/** The time for the last lines, since a process may exit without another turn. */
const LAST_SLICE_MS = 50;
/** Lines that may wait; a slower logger loses the others, and gets their number. */
const WAITING_MAX = 1_000;

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface LogParts {
  readonly logger: LogFunction;
  readonly clock: Clock;
  /** Receives the first exception or rejection of the logger. */
  readonly onFailed: (error: unknown) => void;
}

export class Log {
  readonly #parts: LogParts;
  readonly #limit: LineLimit;
  #waiting: Line[] = [];
  #isPlanned = false;
  #lost = 0;
  #hasFailed = false;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#limit = new LineLimit(parts.clock, (kind, leftOut) => {
      const [fact = kind] = kind.split(' ');
      const message = `${leftOut} more lines like this were left out: ${kind}`;
      this.#add({ level: 'warn', message, fields: { kind: fact, leftOut } });
    });
  }

  /** The kinds of facts that {@link fact} writes lines of. */
  readonly kinds: readonly FactKind[] = LOGGED_KINDS;

  readonly fact: FactListener = (fact) => {
    const isLast = fact.kind === 'runtime.stopped';
    if (isLast) this.#limit.sum();
    const line = lineOf(fact);
    // A copy, since some loggers add fields.
    if (line !== null && this.#limit.admits(nameOf(fact))) {
      this.#add({ ...line, fields: { ...fact } });
    }
    if (isLast) this.#writeFor(LAST_SLICE_MS);
  };

  /** Writes an alert, unless its fact has a line of its own. */
  alert(error: unknown, kind: FactKind): void {
    const { code, message } = told(error);
    const level = alertLevel(kind, code);
    if (level === undefined) return;
    // Each code is counted apart.
    if (this.#limit.admits(`${kind} ${code ?? ''}`.trim())) {
      this.#add({ level, message, fields: { kind, atMs: this.#parts.clock.now(), code } });
    }
  }

  #add(line: Line): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#parts.clock.defer(() => {
      this.#isPlanned = false;
      this.#writeFor(SLICE_MS);
    });
  }

  #writeFor(sliceMs: number): void {
    const { clock } = this.#parts;
    const untilMs = clock.monotonic() + sliceMs;
    const lines = this.#waiting;
    let written = 0;
    for (const line of lines) {
      if (written > 0 && clock.monotonic() >= untilMs) break;
      written += 1;
      this.#write(line);
    }
    this.#waiting = this.#waiting.slice(written);
    if (this.#waiting.length > 0) {
      this.#plan();
      return;
    }
    const lost = this.#lost;
    this.#lost = 0;
    if (lost === 0) return;
    const message = `${lost} lines were lost: the logger was too slow for them`;
    this.#write({ level: 'warn', message, fields: { lost } });
  }

  #write({ level, message, fields }: Line): void {
    try {
      const returned = this.#parts.logger(level, `holdfast: ${message}`, fields);
      if (isThenable(returned)) returned.then(undefined, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #failed = (error: unknown): void => {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#parts.onFailed(error);
  };
}

/** Fields by which lines of one kind are counted apart. */
const APART = ['upstream', 'type', 'to', 'code', 'exception'] as const;

/** The name that lines are counted by. */
function nameOf(fact: Fact): string {
  const its = fact as Partial<Record<(typeof APART)[number], string | null>>;
  return APART.reduce<string>(
    (name, part) => (its[part] ? `${name} ${its[part]}` : name),
    fact.kind,
  );
}

/** The text of an error: the message of a holdfast error, which holds no secret; of any other, its class and place. */
function told(error: unknown): { readonly code: string | null; readonly message: string } {
  if (isHoldfastError(error)) return { code: error.code, message: error.message };
  const location = stackLocation(error);
  return {
    code: null,
    message: `something failed without a caller to notify: ${className(error)}${location === null ? '' : ` at ${location}`}`,
  };
}

/**
 * What a subscriber of the channel `holdfast:<kind>` gets: `diagnostics_channel.subscribe('holdfast:breaker.changed',
 * (message) => …)`. It is frozen.
 */
export interface FactMessage<Name extends FactKind = FactKind> {
  /** The name of the runtime, from its option `name`. */
  readonly runtime: string;
  readonly fact: FactOf<Name>;
}

/** A channel of the process for one runtime; a class, since every fact looks at it. */
class RuntimeChannel implements FactChannel {
  readonly channel: Channel;
  readonly #runtime: string;

  constructor(its: Channel, runtime: string) {
    this.channel = its;
    this.#runtime = runtime;
  }

  publish(fact: Fact): void {
    this.channel.publish(Object.freeze({ runtime: this.#runtime, fact }));
  }
}

/** The channels, shared by all runtimes of the process. */
const CHANNELS = FACT_KINDS.map((kind) => [kind, channel(`holdfast:${kind}`)] as const);

/** The channels for facts of the runtime with this name. Facts are made for them only where somebody subscribes. */
export function factChannels(runtime: string): Readonly<Partial<Record<FactKind, FactChannel>>> {
  const own = CHANNELS.map(([kind, its]) => [kind, new RuntimeChannel(its, runtime)] as const);
  return Object.fromEntries(own);
}
