/**
 * How many cases a property or a simulation tries: a few in `npm test`, many in `npm run test:long`.
 *
 * @module
 */

const isLong = process.env['HOLDFAST_LONG'] !== undefined;

export function cases<T>(few: T, many: T): T {
  return isLong ? many : few;
}
