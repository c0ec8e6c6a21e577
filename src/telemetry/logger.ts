/**
 * The loggers that holdfast can write to, and how each of them is called.
 *
 * @module
 */

/** How much a line matters. */
export type LogLevel = 'info' | 'warn' | 'error';

/** What a line says beside its message: ids, names, numbers and codes, and nothing of what a request holds. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A function of one's own, for a logger of any other kind. */
export type LogFunction = (level: LogLevel, message: string, fields: LogFields) => unknown;

/** A logger that takes the message first, as `console`, winston and most others do. */
export interface MessageFirstLogger {
  info(message: string, fields: LogFields): unknown;
  warn(message: string, fields: LogFields): unknown;
  error(message: string, fields: LogFields): unknown;
}

/** pino, or what is made of one, as the `log` of Fastify: known by its `bindings()`. It takes the fields first. */
export interface FieldsFirstLogger {
  bindings(): unknown;
  info(fields: LogFields, message: string): unknown;
  warn(fields: LogFields, message: string): unknown;
  error(fields: LogFields, message: string): unknown;
}

/** What the option `logger` takes. */
export type Logger = LogFunction | MessageFirstLogger | FieldsFirstLogger;

const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error'];

/** Whether it is one of the loggers above. */
export function isLogger(logger: unknown): boolean {
  if (typeof logger === 'function') return true;
  return LEVELS.every((level) => typeof (Object(logger) as LoggerLike)[level] === 'function');
}

/** The logger as a function, whichever kind it is of; of one that is both, its methods count. */
export function logFunction(logger: Logger): LogFunction {
  // On a terminal the message says it all; fields would be printed over ten lines.
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
