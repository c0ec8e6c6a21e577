/**
 * The findings of `holdfast doctor`: ok, warning or failure, with what to do.
 *
 * @module
 */

import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';

export type CheckStatus = 'ok' | 'warn' | 'fail';

export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** The finding; for a warning or failure also what to do. */
  readonly detail: string;
}

export function ok(name: string, detail: string): CheckResult {
  return { name, status: 'ok', detail };
}

export function warn(name: string, detail: string): CheckResult {
  return { name, status: 'warn', detail };
}

export function fail(name: string, detail: string): CheckResult {
  return { name, status: 'fail', detail };
}

/** The finding of a check that could not be made. */
export function fromError(name: string, error: unknown): CheckResult {
  if (isHoldfastError(error)) return fail(name, `${error.message} (${error.code})`);
  return fail(name, error instanceof Error ? error.message : String(error));
}

/** A number of bytes as a person reads it. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
