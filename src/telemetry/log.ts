/**
 * Writes facts and alerts that a person should see to the app's logger (OB-6).
 *
 * Nothing is written at once: lines wait for a later turn of the event loop, and a slow logger has a few
 * milliseconds of each turn, so that it never delays the answer to a crisis (CR-1). Exceptions of a logger
 * harm nothing (SV-2).
 *
 * @module
 */

import { stackLocation } from '../../actors/platform/stackLocation.ts';
import {
  alertLevel,
  type Fact,
  type FactKind,
  type FactListener,
  LOGGED_KINDS,
  lineOf,
} from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { className, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { isThenable } from '../../machines/vocabulary/realms.ts';
import { LineLimit } from './lineLimit.ts';
import type { LogFields, LogFunction, LogLevel } from './logger.ts';

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
