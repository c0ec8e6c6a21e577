/**
 * Reads the values of options: durations, instants and counts.
 *
 * @module
 */

import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The forms of an instant. `Date.parse` takes more, some of it in the zone of the machine. */
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Reads `500ms`, `30s`, `5m`, `1.5h` or `30d` as milliseconds.
 *
 * @throws InvalidArgumentError of commander, which makes it a usage error
 */
export function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (amount === undefined || unitMs === undefined) {
    throw new InvalidArgumentError('Give a number with its unit: 500ms, 30s, 5m, 1h or 30d.');
  }
  return Math.round(Number(amount) * unitMs);
}

/**
 * Reads an instant: a date such as `2026-11-25` or `2026-11-25T03:00:00Z`. One without a zone is UTC.
 *
 * @throws InvalidArgumentError of commander, which makes it a usage error
 */
export function parseInstant(text: string): number {
  const found = INSTANT.exec(text);
  const isWhole = found?.[1] !== undefined || !text.includes('T');
  const atMs = found === null ? Number.NaN : Date.parse(isWhole ? text : `${text}Z`);
  if (Number.isNaN(atMs)) {
    throw new InvalidArgumentError('Give a date: 2026-11-25, or 2026-11-25T03:00:00Z.');
  }
  return atMs;
}

/**
 * Reads an instant as {@link parseInstant}, or how long ago it was: `1h`, `7d`.
 *
 * @throws InvalidArgumentError of commander, which makes it a usage error
 */
export function parseInstantOrAgo(text: string): number {
  if (/^[\d.]+[a-z]+$/.test(text)) return systemClock.now() - parseDuration(text);
  return parseInstant(text);
}

/**
 * Reads a whole number from `min` to `max`.
 *
 * @throws InvalidArgumentError of commander, which makes it a usage error
 */
export function parseCount(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}
