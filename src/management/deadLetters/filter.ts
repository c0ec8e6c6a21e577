/**
 * Which dead letters are meant: by type, upstream, reason and time.
 *
 * @module
 */

import type { SyncOperationContext } from '../../../machines/operation/syncOperationMachine.ts';
import { ERROR_CODES, type ErrorCode } from '../../../machines/vocabulary/errors.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';

/** Which dead letters are meant; what is left out restricts nothing. */
export interface DeadLetterFilter {
  readonly type?: string | undefined;
  /** Of a type that has this in its name, in capitals or not: `payment` finds `payments.push`. */
  readonly typePart?: string | undefined;
  /** The upstream it was for. */
  readonly upstream?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** Given up at or after this instant. */
  readonly sinceMs?: number | undefined;
  /** Given up before this instant. */
  readonly untilMs?: number | undefined;
}

/** A filter that is misunderstood would replay or purge what nobody meant. */
export const FILTER_RULES = {
  type: 'text',
  typePart: 'text',
  upstream: 'text',
  code: {
    rule: 'must be a code of holdfast, such as HF_UPSTREAM_REFUSED',
    matches: (value) => ERROR_CODES.some((code) => code === value),
  },
  sinceMs: 'instant',
  untilMs: 'instant',
} as const satisfies OptionRules<DeadLetterFilter>;

/** Whether an operation matches a filter, but for its upstream: the store is asked by that. */
export function matches(context: SyncOperationContext, filter: DeadLetterFilter): boolean {
  const { type, typePart, code, sinceMs, untilMs } = filter;
  const atMs = context.settledAtMs ?? context.acceptedAtMs;
  return (
    (type === undefined || context.type === type) &&
    (typePart === undefined || hasPart(context.type, typePart)) &&
    (code === undefined || context.failure?.code === code) &&
    (sinceMs === undefined || atMs >= sinceMs) &&
    (untilMs === undefined || atMs < untilMs)
  );
}

function hasPart(type: string, part: string): boolean {
  return type.toLowerCase().includes(part.toLowerCase());
}
