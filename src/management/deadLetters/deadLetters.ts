/**
 * Dead letters: operations that were given up and wait for a person, who looks at them, edits and
 * replays them, or purges them (OP-5). Made of the calls, so it is the same over a running process and
 * a store at rest.
 *
 * @module
 */

import { checkFields } from '../../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import type { UpstreamAnswer } from '../../../machines/vocabulary/upstreamAnswer.ts';
import type { Caller } from '../call/managementCall.ts';
import { answerOfDeadLetter } from './answer.ts';
import {
  added,
  type Batch,
  type BatchResult,
  type DeadLetterCounts,
  NO_LETTERS,
} from './counts.ts';
import type { DeadLetter, DeadLetterDetails } from './deadLetter.ts';
import { type DeadLetterFilter, FILTER_RULES } from './filter.ts';
import { pageOfDeadLetters } from './page.ts';
import { purgeDeadLetter } from './purge.ts';
import { purgeBatch } from './purgeBatch.ts';
import { REPLAY_RULES, type ReplayOptions, replayDeadLetter } from './replay.ts';
import { replayBatch } from './replayBatch.ts';
import { showDeadLetter } from './show.ts';

export interface DeadLetterRun {
  /** Counts what matches and changes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly evenIfApplied?: boolean | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((counts: DeadLetterCounts) => void) | undefined;
  /** Ends it after the batch under way. What is left can be taken up by the same call. */
  readonly signal?: AbortSignal | undefined;
}

/** What a runtime offers. */
export interface DeadLetters {
  /**
   * Those that match, the newest first. Reads a page at a time.
   *
   * @example
   * for await (const { id, code, message } of runtime.deadLetters.list({ type: 'payments.push' })) {
   *   console.log(id, code, message);
   * }
   */
  list(filter?: DeadLetterFilter): AsyncIterable<DeadLetter>;
  /**
   * @example
   * const { subject, history, mayBeApplied } = await runtime.deadLetters.show(id);
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`.
   */
  show(id: string): Promise<DeadLetterDetails>;
  /**
   * What the upstream said to its last attempt: of `httpHandler` the status, some headers, and the body of a
   * refusal. `null` where nothing was kept. It may hold health data.
   *
   * @example
   * const said = await runtime.deadLetters.answer(id);
   * console.log(said?.status, said?.headers);
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`.
   */
  answer(id: string): Promise<UpstreamAnswer | null>;
  /**
   * Runs it again, its attempts counted again, under the same idempotency key. Resolves once that is on
   * disk. It goes to the tail of its lane, or keeps its place where it still holds the lane.
   *
   * @example
   * await runtime.deadLetters.replay(id);
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`, `HF_PAYLOAD_ERASED`,
   * `HF_EXPIRED`, `HF_MAY_BE_APPLIED` (an edited one), and for an edited
   * payload what `sync()` throws for one.
   */
  replay(id: string, options?: ReplayOptions): Promise<void>;
  /**
   * Replays all that match and were given up before this call, in bounded batches.
   *
   * @example
   * const { matched } = await runtime.deadLetters.replayAll({ type: 'payments.push' }, { dryRun: true });
   */
  replayAll(filter?: DeadLetterFilter, run?: DeadLetterRun): Promise<DeadLetterCounts>;
  /**
   * Forgets it for good.
   *
   * @example
   * await runtime.deadLetters.purge(id);
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_NOT_DEAD_LETTERED`.
   */
  purge(id: string): Promise<void>;
  /**
   * Forgets all that match and were given up before this call.
   *
   * @example
   * await runtime.deadLetters.purgeAll({ code: 'HF_UPSTREAM_REFUSED' });
   */
  purgeAll(filter?: DeadLetterFilter, run?: DeadLetterRun): Promise<DeadLetterCounts>;
}

const RUN_RULES = {
  dryRun: 'boolean',
  evenIfApplied: 'boolean',
  onProgress: 'function',
  signal: 'signal',
} as const satisfies OptionRules<DeadLetterRun>;

/** Dead letters by the calls that `caller` carries. */
export function deadLetters(caller: Caller, now: () => number): DeadLetters {
  const forAll = async (
    filter: DeadLetterFilter,
    run: DeadLetterRun,
    one: (batch: Batch) => Promise<BatchResult>,
  ): Promise<DeadLetterCounts> => {
    // Nothing is done by a call whose option is misspelt: `dryrun` would purge.
    checkFields(run, RUN_RULES, '');
    checkFields(filter, FILTER_RULES, 'filter');
    // What is given up again while this runs is not taken up again, or it would never end.
    const untilMs = Math.min(filter.untilMs ?? Number.POSITIVE_INFINITY, now());
    let counts = NO_LETTERS;
    let fromSeq: number | null = 0;
    while (fromSeq !== null && run.signal?.aborted !== true) {
      const piece: Batch = { filter: { ...filter, untilMs }, fromSeq, dryRun: run.dryRun };
      const result: BatchResult = await one(piece);
      const { nextSeq, ...batchCounts } = result;
      counts = added(counts, batchCounts);
      fromSeq = nextSeq;
      run.onProgress?.(counts);
    }
    return counts;
  };
  return {
    async *list(filter = {}) {
      let fromSeq: number | undefined;
      for (;;) {
        const page = await caller.call(pageOfDeadLetters, { filter, order: 'newest', fromSeq });
        yield* page.letters;
        if (page.nextSeq === null) return;
        fromSeq = page.nextSeq;
      }
    },
    show: (id) => caller.call(showDeadLetter, { id }),
    answer: async (id) => (await caller.call(answerOfDeadLetter, { id })).answer,
    async replay(id, options = {}) {
      checkFields(options, REPLAY_RULES, '');
      await caller.call(replayDeadLetter, { ...options, id });
    },
    replayAll: (filter = {}, run = {}) =>
      forAll(filter, run, (batch) =>
        caller.call(replayBatch, { ...batch, evenIfApplied: run.evenIfApplied }),
      ),
    purge: (id) => caller.call(purgeDeadLetter, { id }),
    purgeAll: (filter = {}, run = {}) =>
      forAll(filter, run, (batch) => caller.call(purgeBatch, batch)),
  };
}
