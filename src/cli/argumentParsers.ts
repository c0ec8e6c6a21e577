import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `30s`, `5m` or `1.5h` as milliseconds.
 *
 * @throws InvalidArgumentError of commander, which makes it a usage error
 */
export function parseDuration(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (amount === undefined || unitMs === undefined) {
    throw new InvalidArgumentError('Give a number with its unit: 500ms, 30s, 5m or 1h.');
  }
  return Math.round(Number(amount) * unitMs);
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
