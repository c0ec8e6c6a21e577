/**
 * Dead letters: operations that were given up and wait for a person, who looks at them, edits and
 * replays them, or purges them (OP-5). The same over a running process and a store at rest.
 *
 * @module
 */

import type { HistoryEntry } from '../../machines/operation/syncOperationMachine.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { Priority, Tier } from '../../machines/vocabulary/urgency.ts';
import {
  checkFilter,
  checkRun,
  type DeadLetterBatch,
  type DeadLetterCounts,
  type DeadLetterFilter,
  type DeadLetterPageQuery,
  type DeadLetterRun,
  type ReplayOptions,
} from './deadLetterChecks.ts';

/** A dead letter as it is listed: never its payload, its response or its subject. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly tier: Tier;
  readonly priority: Priority;
  /** Why it was given up. */
  readonly code: ErrorCode;
  readonly message: string;
  /** Attempts made since it was accepted or last replayed. */
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly deadLetteredAtMs: number;
  readonly expiresAtMs: number | null;
  /** True when an attempt may have been applied at the upstream without an answer. */
  readonly mayBeApplied: boolean;
}

/** One dead letter with what happened to it. */
export interface DeadLetterDetails extends DeadLetter {
  readonly subject: string;
  readonly entity: Entity | null;
  /** The newest entries, oldest first. */
  readonly history: readonly HistoryEntry[];
  /** False when its payload is gone: it can be replayed with a new one only. */
  readonly hasPayload: boolean;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; `null` after the last. A page may be empty and not the last. */
  readonly nextSeq: number | null;
}

export type DeadLetterBatchResult = DeadLetterCounts & { readonly nextSeq: number | null };

/** The calls that carry everything else; a running process answers them over its control socket. */
export interface DeadLetterCalls {
  page(query: DeadLetterPageQuery): Promise<DeadLetterPage>;
  show(id: string): Promise<DeadLetterDetails>;
  replay(id: string, options?: ReplayOptions): Promise<void>;
  purge(id: string): Promise<void>;
  /** A bounded piece of a run over all that match, in the order of their acceptance. */
  batch(batch: DeadLetterBatch): Promise<DeadLetterBatchResult>;
}

/** What a runtime offers. */
export interface DeadLetters {
  /** Those that match, the newest first. Reads a page at a time. */
  list(filter?: DeadLetterFilter): AsyncIterable<DeadLetter>;
  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`. */
  show(id: string): Promise<DeadLetterDetails>;
  /**
   * Runs it again, its attempts afresh, under the same idempotency key. Resolves once that is on
   * disk. It goes to the tail of its lane, or keeps its place where it still holds the lane.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`, `HF_PAYLOAD_ERASED`,
   * `HF_EXPIRED`, `HF_MAY_BE_APPLIED` (an edited one), and for an edited
   * payload what `sync()` throws for one.
   */
  replay(id: string, options?: ReplayOptions): Promise<void>;
  /** Replays all that match and were given up before this call, in bounded batches. */
  replayAll(filter?: DeadLetterFilter, run?: DeadLetterRun): Promise<DeadLetterCounts>;
  /** Forgets it for good. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`. */
  purge(id: string): Promise<void>;
  /** Forgets all that match and were given up before this call. */
  purgeAll(filter?: DeadLetterFilter, run?: DeadLetterRun): Promise<DeadLetterCounts>;
}

/** What a runtime offers, and the command line uses, made of the calls. */
export function deadLetters(calls: DeadLetterCalls, now: () => number): DeadLetters {
  const run = async (
    action: DeadLetterBatch['action'],
    filter: DeadLetterFilter,
    given: DeadLetterRun,
  ): Promise<DeadLetterCounts> => {
    const { onProgress, signal, ...options } = checkRun(given);
    checkFilter(filter);
    // What is given up again while this runs is not taken up again, or it would never end.
    const until = {
      ...filter,
      untilMs: Math.min(filter.untilMs ?? Number.POSITIVE_INFINITY, now()),
    };
    let counts: DeadLetterCounts = { matched: 0, done: 0, expired: 0, changed: 0 };
    let fromSeq: number | null = 0;
    while (fromSeq !== null && signal?.aborted !== true) {
      const { nextSeq, ...one }: DeadLetterBatchResult = await calls.batch({
        action,
        filter: until,
        fromSeq,
        ...options,
      });
      counts = added(counts, one);
      fromSeq = nextSeq;
      onProgress?.(counts);
    }
    return counts;
  };
  return {
    async *list(filter = {}) {
      let fromSeq: number | undefined;
      for (;;) {
        const page = await calls.page({ filter, order: 'newest', fromSeq });
        yield* page.letters;
        if (page.nextSeq === null) return;
        fromSeq = page.nextSeq;
      }
    },
    show: (id) => calls.show(id),
    replay: (id, options) => calls.replay(id, options),
    replayAll: (filter = {}, options = {}) => run('replay', filter, options),
    purge: (id) => calls.purge(id),
    purgeAll: (filter = {}, options = {}) => run('purge', filter, options),
  };
}

function added(a: DeadLetterCounts, b: DeadLetterCounts): DeadLetterCounts {
  return {
    matched: a.matched + b.matched,
    done: a.done + b.done,
    expired: a.expired + b.expired,
    changed: a.changed + b.changed,
  };
}
