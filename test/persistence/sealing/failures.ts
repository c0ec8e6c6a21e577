/**
 * Catches errors of sealing and looks for secrets in them.
 *
 * @module
 */

import { inspect } from 'node:util';
import { expect } from 'vitest';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

/** The HoldfastError that `action` throws. */
export function thrownBy(action: () => unknown): HoldfastError {
  try {
    action();
  } catch (error) {
    return asHoldfastError(error);
  }
  return expect.unreachable('nothing was thrown');
}

/** The HoldfastError that `promise` rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<HoldfastError> {
  try {
    await promise;
  } catch (error) {
    return asHoldfastError(error);
  }
  return expect.unreachable('nothing was rejected');
}

function asHoldfastError(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  throw new Error('not a HoldfastError', { cause: error });
}

/** The forms of `secret` that can be read off a printed `value`; none is what is wanted. */
export function leaks(value: unknown, secret: Uint8Array): readonly string[] {
  const printed = [
    // Columns of numbers are aligned with spaces; without those a list is found whatever its shape.
    inspect(value, { depth: 12, maxArrayLength: null, maxStringLength: null }).replace(/\s+/g, ' '),
    JSON.stringify(value) ?? '',
    String(value),
    value instanceof Error ? `${value.message}${value.stack ?? ''}` : '',
  ].join('\n');
  const bytes = Buffer.from(secret);
  const forms = {
    hex: bytes.toString('hex'),
    base64: bytes.toString('base64'),
    text: bytes.toString('latin1'),
    list: bytes.join(', '),
    json: bytes.join(','),
    dump: bytes.toString('hex').replace(/(..)(?=.)/g, '$1 '),
  };
  return Object.entries(forms).flatMap(([name, form]) => (printed.includes(form) ? [name] : []));
}
