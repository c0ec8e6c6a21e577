/**
 * Checks what is asked about dead letters, wherever it comes from: an app, the command line or the
 * control socket.
 *
 * @module
 */

import type { SyncOperationContext } from '../machines/syncOperationMachine.ts';
import { ERROR_CODES, HoldfastError } from '../machines/vocabulary/errors.ts';
import type { DeadLetterBatch, DeadLetterFilter, DeadLetterPageQuery } from './deadLetters.ts';

const FILTER_FIELDS: ReadonlySet<string> = new Set<keyof DeadLetterFilter>([
  'type',
  'upstream',
  'code',
  'sinceMs',
  'untilMs',
]);

/**
 * Whether an operation matches a filter; the upstream is asked of the store.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field: a filter that is misunderstood would
 * replay or purge what nobody meant.
 */
export function checkFilter(filter: DeadLetterFilter): (context: SyncOperationContext) => boolean {
  if (typeof filter !== 'object' || filter === null) throw invalid('filter', 'must be an object');
  for (const field of Object.keys(filter)) {
    if (!FILTER_FIELDS.has(field)) {
      throw invalid(`filter.${field}`, `is not known; known are ${[...FILTER_FIELDS].join(', ')}`);
    }
  }
  const { type, upstream, code, sinceMs, untilMs } = filter;
  checkText(type, 'filter.type');
  checkText(upstream, 'filter.upstream');
  if (code !== undefined && !ERROR_CODES.includes(code)) {
    throw invalid('filter.code', 'must be a code of holdfast, such as HF_UPSTREAM_REFUSED');
  }
  checkInstant(sinceMs, 'filter.sinceMs');
  checkInstant(untilMs, 'filter.untilMs');
  return (context) => {
    const atMs = context.settledAtMs ?? context.acceptedAtMs;
    return (
      (type === undefined || context.type === type) &&
      (code === undefined || context.failure?.code === code) &&
      (sinceMs === undefined || atMs >= sinceMs) &&
      (untilMs === undefined || atMs < untilMs)
    );
  };
}

export function checkPage(query: DeadLetterPageQuery): DeadLetterPageQuery {
  if (query.order !== 'newest' && query.order !== 'oldest') {
    throw invalid('order', 'must be newest or oldest');
  }
  checkSeq(query.fromSeq);
  return query;
}

export function checkBatch(batch: DeadLetterBatch): {
  readonly action: 'replay' | 'purge';
  readonly filter: DeadLetterFilter;
  readonly fromSeq: number | undefined;
  readonly dryRun: boolean;
  readonly evenIfApplied: boolean;
} {
  const { action, filter, fromSeq } = batch;
  if (action !== 'replay' && action !== 'purge') throw invalid('action', 'must be replay or purge');
  checkSeq(fromSeq);
  return {
    action,
    filter,
    fromSeq,
    dryRun: batch.dryRun === true,
    evenIfApplied: batch.evenIfApplied === true,
  };
}

function checkText(value: unknown, field: string): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw invalid(field, 'must be a text that is not empty');
  }
}

function checkInstant(value: unknown, field: string): void {
  if (value !== undefined && (typeof value !== 'number' || Number.isNaN(value))) {
    throw invalid(field, 'must be milliseconds since 1970');
  }
}

function checkSeq(value: unknown): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= 0)) {
    throw invalid('fromSeq', 'must be the nextSeq of a page');
  }
}

function invalid(field: string, problem: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `${field} ${problem}. Nothing was changed.`, {
    field,
  });
}
