/**
 * Checks what is asked about dead letters, wherever it comes from: an app, the command line or the
 * control socket.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { ERROR_CODES, type ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';

/** Which dead letters are meant; what is left out restricts nothing. */
export interface DeadLetterFilter {
  readonly type?: string | undefined;
  /** The upstream it was for. */
  readonly upstream?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** Given up at or after this instant. */
  readonly sinceMs?: number | undefined;
  /** Given up before this instant. */
  readonly untilMs?: number | undefined;
}

export interface DeadLetterPageQuery {
  readonly filter: DeadLetterFilter;
  readonly order: 'newest' | 'oldest';
  /** Where the last page ended; left out for the first. */
  readonly fromSeq?: number | undefined;
}

export interface ReplayOptions {
  /**
   * A payload in place of the one it has. The upstream sees it as another request: it goes out under a
   * new idempotency key. It is checked like one, too.
   */
  readonly payload?: Json | undefined;
  /** Also where an attempt may have been applied: whoever asks has looked at the upstream. Default false. */
  readonly evenIfApplied?: boolean | undefined;
}

export interface DeadLetterBatch {
  readonly action: 'replay' | 'purge';
  readonly filter: DeadLetterFilter;
  readonly fromSeq?: number | undefined;
  /** Counts what matches and changes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly evenIfApplied?: boolean | undefined;
}

/** What became of many. */
export interface DeadLetterCounts {
  readonly matched: number;
  /** Replayed or purged; with `dryRun`, what would have been. */
  readonly done: number;
  /** Kept, because their time is over. */
  readonly expired: number;
  /** Kept, because somebody else replayed or purged them meanwhile, or their payload is gone. */
  readonly changed: number;
}

export interface DeadLetterRun extends Omit<DeadLetterBatch, 'action' | 'filter' | 'fromSeq'> {
  /** Told after each batch. */
  readonly onProgress?: ((counts: DeadLetterCounts) => void) | undefined;
  /** Ends it after the batch under way. What is left can be taken up by the same call. */
  readonly signal?: AbortSignal | undefined;
}

const FILTER_KINDS = {
  type: 'text',
  upstream: 'text',
  code: {
    matches: (code) => ERROR_CODES.some((known) => known === code),
    rule: 'must be a code of holdfast, such as HF_UPSTREAM_REFUSED',
  },
  sinceMs: 'instant',
  untilMs: 'instant',
} as const satisfies OptionRules<DeadLetterFilter>;

const PAGE_KINDS = {
  filter: 'object',
  order: { required: { oneOf: ['newest', 'oldest'] } },
  fromSeq: 'sequence',
} as const satisfies OptionRules<DeadLetterPageQuery>;

const BATCH_KINDS = {
  action: { required: { oneOf: ['replay', 'purge'] } },
  filter: 'object',
  fromSeq: 'sequence',
  dryRun: 'boolean',
  evenIfApplied: 'boolean',
} as const satisfies OptionRules<DeadLetterBatch>;

const RUN_KINDS = {
  dryRun: 'boolean',
  evenIfApplied: 'boolean',
  onProgress: 'function',
  signal: 'signal',
} as const satisfies OptionRules<DeadLetterRun>;

const REPLAY_KINDS = {
  payload: 'anything',
  evenIfApplied: 'boolean',
} as const satisfies OptionRules<ReplayOptions>;

/** Nothing is done by a call whose option is misspelt: `dryrun` would purge. */
export function checkRun(run: DeadLetterRun): DeadLetterRun {
  checkFields(run, RUN_KINDS, '');
  return run;
}

export function checkReplay(options: ReplayOptions): ReplayOptions {
  checkFields(options, REPLAY_KINDS, '');
  return options;
}

/**
 * Whether an operation matches a filter; the upstream is asked of the store.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field: a filter that is misunderstood would
 * replay or purge what nobody meant.
 */
export function checkFilter(filter: DeadLetterFilter): (context: SyncOperationContext) => boolean {
  checkFields(filter, FILTER_KINDS, 'filter');
  const { type, code, sinceMs, untilMs } = filter;
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
  checkFields(query, PAGE_KINDS, '');
  return query;
}

export function checkBatch(batch: DeadLetterBatch): {
  readonly action: 'replay' | 'purge';
  readonly filter: DeadLetterFilter;
  readonly fromSeq: number | undefined;
  readonly dryRun: boolean;
  readonly evenIfApplied: boolean;
} {
  checkFields(batch, BATCH_KINDS, '');
  const { action, filter, fromSeq } = batch;
  return {
    action,
    filter,
    fromSeq,
    dryRun: batch.dryRun === true,
    evenIfApplied: batch.evenIfApplied === true,
  };
}
