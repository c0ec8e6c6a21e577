/**
 * The loggers that holdfast can write to, and how it calls each.
 *
 * @module
 */

/** How much a line matters. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The fields of a line: ids, names, numbers and codes, and nothing of a request's content. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A function of the app, for a logger of any other kind. */
export type LogFunction = (level: LogLevel, message: string, fields: LogFields) => unknown;

/** A logger that takes the message first, as `console`, winston and most others do. */
export interface MessageFirstLogger {
  info(message: string, fields: LogFields): unknown;
  warn(message: string, fields: LogFields): unknown;
  error(message: string, fields: LogFields): unknown;
}

/** A logger that takes the fields first: pino, or one made from it, as the `log` of Fastify; known by `bindings()`. */
export interface FieldsFirstLogger {
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
