/**
 * Management calls about dead letters, and how a runtime offers them: one, a page, or all that match (OP-5).
 *
 * @module
 */

import { operationId } from '../../actors/platform/operationId.ts';
import type { DeadLetterRecord, OperationRecords } from '../../actors/port.ts';
import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import type {
  HistoryEntry,
  SyncOperationContext,
} from '../../machines/operation/syncOperationMachine.ts';
import { parseBody } from '../../machines/policy/request/requestBody.ts';
import { ERROR_CODES, type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';
import {
  BY_PERSON,
  type Caller,
  HISTORY_SHOWN,
  ID,
  type ManagedStore,
  type Ordered,
  ofMany,
  ofOperation,
  storeCall,
} from './managementCall.ts';

const LETTER_FIELDS = {
  id: 'plain',
  type: 'plain',
  tier: 'plain',
  priority: 'plain',
  code: 'plain',
  attempts: 'plain',
  acceptedAtMs: 'plain',
  deadLetteredAtMs: 'plain',
  expiresAtMs: 'plain',
  mayBeApplied: 'plain',
} as const;

const LETTER_SHOWN = { fields: LETTER_FIELDS } as const satisfies AnswerShape<DeadLetter>;

const DETAILS_SHOWN = {
  fields: { ...LETTER_FIELDS, history: HISTORY_SHOWN, hasPayload: 'plain' },
} as const satisfies AnswerShape<DeadLetterDetails>;

const BATCH_SHOWN = {
  fields: {
    matched: 'plain',
    done: 'plain',
    expired: 'plain',
    changed: 'plain',
    nextSeq: 'plain',
  },
} as const;

export interface DeadLetterRun {
  /** Only counts those that match. Default false. */
  readonly dryRun?: boolean | undefined;
  readonly evenIfApplied?: boolean | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((counts: DeadLetterCounts) => void) | undefined;
  /** Stops after the batch under way. The same call takes up what is left. */
  readonly signal?: AbortSignal | undefined;
}

/** The dead letters of a runtime. */
export interface DeadLetters {
  /**
   * Lists the dead letters that match, the newest first. Reads a page at a time.
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
   * The upstream's answer to the last attempt: with `httpHandler` the status, some headers, and the body of a
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
   * Runs one again, with fresh attempts, under the same idempotency key. Resolves once that is on disk. It goes to
   * the tail of its lane, or keeps its place where it still holds the lane.
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
   * Forgets one for good.
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

/** Dead letters through the calls of `caller`. */
export function deadLetters(caller: Caller, now: () => number): DeadLetters {
  const forAll = async (
    filter: DeadLetterFilter,
    run: DeadLetterRun,
    one: (batch: Batch) => Promise<BatchResult>,
  ): Promise<DeadLetterCounts> => {
    // A call with a misspelt option must do nothing: `dryrun` would purge.
    checkFields(run, RUN_RULES, '');
    checkFields(filter, FILTER_RULES, 'filter');
    // An operation that is given up again while this runs is not replayed again, or it would never end.
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

/** A dead letter as listed, without payload, response and subject. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly tier: TierName;
  readonly priority: Priority;
  /** Why it was given up. */
  readonly code: ErrorCode;
  readonly message: string;
  /** Attempts made since it was accepted or last replayed. */
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly deadLetteredAtMs: number;
  readonly expiresAtMs: number | null;
  /** Whether an attempt may have been applied at the upstream without an answer. */
  readonly mayBeApplied: boolean;
}

/** A dead letter with its history. */
export interface DeadLetterDetails extends DeadLetter {
  readonly subject: string;
  readonly entity: Entity | null;
  /** The newest entries, oldest first. */
  readonly history: readonly HistoryEntry[];
  /** False when its payload is gone: it can be replayed with a new one only. */
  readonly hasPayload: boolean;
}

/** The dead letter of an operation. */
function letterOf(context: SyncOperationContext): DeadLetter {
  const { failure } = context;
  return {
    id: context.id,
    type: context.type,
    tier: context.tier,
    priority: context.priority,
    code: failure?.code ?? 'HF_INTERNAL',
    message: failure?.message ?? 'It was given up for no recorded reason.',
    attempts: context.isSpent ? context.attempt : context.attempt - 1,
    acceptedAtMs: context.acceptedAtMs,
    deadLetteredAtMs: context.settledAtMs ?? context.acceptedAtMs,
    expiresAtMs: context.expiresAtMs,
    mayBeApplied: context.isOutcomeUnknown,
  };
}

/** A filter for dead letters. A field that is left out restricts nothing. */
export interface DeadLetterFilter {
  readonly type?: string | undefined;
  /** A part of the type's name, in any case: `payment` finds `payments.push`. */
  readonly typePart?: string | undefined;
  /** The upstream of the operation. */
  readonly upstream?: string | undefined;
  readonly code?: ErrorCode | undefined;
  /** Given up at or after this instant. */
  readonly sinceMs?: number | undefined;
  /** Given up before this instant. */
  readonly untilMs?: number | undefined;
}

/** The rules of a filter: a misunderstood one would replay or purge the wrong operations. */
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

/** Whether an operation matches a filter, except for its upstream, by which the store searches. */
function matches(context: SyncOperationContext, filter: DeadLetterFilter): boolean {
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

/** The counts of a run over many. */
export interface DeadLetterCounts {
  readonly matched: number;
  /** Replayed or purged, or with `dryRun` those that would have been. */
  readonly done: number;
  /** Kept, because they have expired. */
  readonly expired: number;
  /** Kept, because somebody else replayed or purged them meanwhile, or their payload is gone. */
  readonly changed: number;
}

/** One piece of a run over all that match, in order of acceptance. */
export interface Batch extends Ordered {
  readonly filter: DeadLetterFilter;
  /** `nextSeq` of the piece before; left out for the first. */
  readonly fromSeq?: number | undefined;
  /** Counts what matches and changes nothing. */
  readonly dryRun?: boolean | undefined;
}

const BATCH_RULES = {
  filter: { required: { fields: FILTER_RULES } },
  fromSeq: 'sequence',
  dryRun: 'boolean',
  by: BY_PERSON,
} as const satisfies OptionRules<Batch>;

/** The counts of a piece. `nextSeq` is where the next one begins, `null` after the last. */
export type BatchResult = DeadLetterCounts & { readonly nextSeq: number | null };

const NO_LETTERS: DeadLetterCounts = { matched: 0, done: 0, expired: 0, changed: 0 };

function added(a: DeadLetterCounts, b: DeadLetterCounts): DeadLetterCounts {
  return {
    matched: a.matched + b.matched,
    done: a.done + b.done,
    expired: a.expired + b.expired,
    changed: a.changed + b.changed,
  };
}

/**
 * Counts a piece: the dead letters that match, those that may be changed, and whether each was; `null` for a dry run.
 */
export function countsOf(
  matching: readonly unknown[],
  going: readonly unknown[],
  done: readonly boolean[] | null,
): DeadLetterCounts {
  const changed = done?.filter((isDone) => !isDone).length ?? 0;
  return {
    matched: matching.length,
    done: going.length - changed,
    expired: matching.length - going.length,
    changed,
  };
}

/** The rows read in one call. */
const PAGE_ROWS = 256;

/** Reads the next rows: the dead letters that match, and where the rows after them begin. */
async function lettersOf(
  records: OperationRecords,
  query: {
    readonly filter: DeadLetterFilter;
    readonly order: 'newest' | 'oldest';
    readonly fromSeq: number | undefined;
  },
): Promise<{
  readonly matching: readonly DeadLetterRecord[];
  readonly nextSeq: number | null;
}> {
  const { filter, order, fromSeq } = query;
  const { upstream } = filter;
  const page = await records.deadLetters.page({ order, fromSeq, limit: PAGE_ROWS, upstream });
  const matching = page.letters.filter(({ context }) => matches(context, filter));
  return { matching, nextSeq: page.nextSeq };
}

function notDeadLettered(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_DEAD_LETTERED',
    'The operation of that id is no dead letter, or no longer one. Nothing was changed.',
    { field: 'id' },
  );
}

interface DeadLetterPageQuery {
  readonly filter: DeadLetterFilter;
  readonly order: 'newest' | 'oldest';
  /** `nextSeq` of the page before; left out for the first. */
  readonly fromSeq?: number | undefined;
}

interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; `null` after the last. A page may be empty and not the last. */
  readonly nextSeq: number | null;
}

export const pageOfDeadLetters = storeCall<DeadLetterPageQuery, DeadLetterPage>({
  name: 'deadLetter.page',
  summary: 'A page of the dead letters that match, without subject or payload.',
  capability: 'view',
  params: {
    filter: { required: { fields: FILTER_RULES } },
    order: { required: { oneOf: ['newest', 'oldest'] } },
    fromSeq: 'sequence',
  },
  override: null,
  shown: {
    params: ['filter', 'order', 'fromSeq'],
    answer: {
      fields: { letters: { each: LETTER_SHOWN }, nextSeq: 'plain' },
    },
  },
  async run({ records }, { filter, order, fromSeq }) {
    const { matching, nextSeq } = await lettersOf(records, { filter, order, fromSeq });
    return { letters: matching.map(({ context }) => letterOf(context)), nextSeq };
  },
});

export const showDeadLetter = storeCall<{ readonly id: string }, DeadLetterDetails>({
  name: 'deadLetter.show',
  summary: 'One dead letter with its subject and history, without its payload.',
  capability: 'viewSubjects',
  params: { id: ID },
  override: null,
  shown: { params: ['id'], answer: DETAILS_SHOWN },
  async run({ records }, { id }) {
    const { context, body } = await records.deadLetters.find(id);
    return {
      ...letterOf(context),
      subject: context.subject,
      entity: context.entity,
      history: context.history,
      hasPayload: body !== null,
    };
  },
});

/** A separate call: an upstream's answer may name a person, or repeat what it was sent. */
export const answerOfDeadLetter = storeCall<
  { readonly id: string },
  { readonly answer: UpstreamAnswer | null }
>({
  name: 'deadLetter.answer',
  summary: 'The answer of the upstream to the last attempt of a dead letter, where it was kept.',
  capability: 'export',
  params: { id: ID },
  override: null,
  run: async ({ records }, { id }) => ({ answer: await records.deadLetters.answer(id) }),
});

export interface ReplayOptions {
  /**
   * A payload in place of its own. To the upstream it is another request, with a new idempotency key, and it is
   * checked like one.
   */
  readonly payload?: Json | undefined;
  /**
   * Whether to replay even where an attempt may have been applied, since the caller has looked at the upstream.
   * Default false.
   */
  readonly evenIfApplied?: boolean | undefined;
}

const REPLAY_RULES = {
  payload: 'anything',
  evenIfApplied: 'boolean',
} as const satisfies OptionRules<ReplayOptions>;

export const replayDeadLetter = storeCall<
  ReplayOptions & Ordered & { readonly id: string },
  undefined
>({
  name: 'deadLetter.replay',
  summary: 'Runs one dead letter again, with fresh attempts, and its payload or another.',
  capability: 'operate',
  params: { id: ID, ...REPLAY_RULES, by: BY_PERSON },
  override: ofOperation('deadLetter.replay'),
  shown: { params: ['id', 'evenIfApplied', 'by'], answer: 'nothing' },
  async run(store, { id, payload, evenIfApplied }) {
    // Loaded by who runs letters again, and not by who only asks the owner to.
    const { broughtBack } = await import('../../machines/operation/repeatSafety.ts');
    const letter = await store.records.deadLetters.find(id);
    if (letter.body === null && payload === undefined) throw payloadErased();
    const atMs = store.clock.now();
    const body = payload === undefined ? null : await editedBody(store, letter, payload);
    const context = broughtBack(letter.context, {
      atMs,
      idempotencyKey: payload === undefined ? null : operationId(store.clock.now(), store.random),
      isRepeatApproved: evenIfApplied === true,
    });
    if (context === null) throw keptBecause(letter.context, atMs);
    const [isReplayed] = await store.records.deadLetters.replay([{ letter, context, body }]);
    if (isReplayed !== true) throw notDeadLettered();
  },
});

/** Checks an edited payload as if it came with a new request (CF-7, OP-9). */
async function editedBody(
  store: ManagedStore,
  { context, body }: DeadLetterRecord,
  payload: Json,
): Promise<string> {
  const { base, removals } = body === null ? {} : parseBody(body);
  const { type, subject, tier, entity } = context;
  // For an edit, the entity is checked too.
  const about = entity === null ? { type, subject, tier } : { type, subject, tier, entity };
  const { body: checked } = await store.checkRequest({ ...about, payload, base, removals });
  return checked;
}

function payloadErased(): HoldfastError {
  return new HoldfastError(
    'HF_PAYLOAD_ERASED',
    'The payload of that dead letter is erased. Replay it with a new payload, or purge it.',
    { field: 'id' },
  );
}

function keptBecause(context: SyncOperationContext, atMs: number): HoldfastError {
  if (context.expiresAtMs !== null && context.expiresAtMs <= atMs) {
    return new HoldfastError(
      'HF_EXPIRED',
      'The time of that dead letter is over. Send it as a new request, or purge it.',
      { field: 'id' },
    );
  }
  return new HoldfastError(
    'HF_MAY_BE_APPLIED',
    'An attempt of that dead letter may have been applied, and a new key would not keep an edited one from being applied beside it. Look at the upstream first; evenIfApplied (--even-if-applied) replays it all the same.',
    { field: 'id' },
  );
}

export const replayBatch = storeCall<
  Batch & {
    /** Whether to replay those too whose attempt may have been applied. */
    readonly evenIfApplied?: boolean | undefined;
  },
  BatchResult
>({
  name: 'deadLetter.replayBatch',
  summary: 'Runs a piece of the dead letters that match again.',
  capability: 'operate',
  params: { ...BATCH_RULES, evenIfApplied: 'boolean' },
  override: ofMany('deadLetter.replay'),
  shown: { params: ['filter', 'fromSeq', 'dryRun', 'evenIfApplied', 'by'], answer: BATCH_SHOWN },
  async run({ records, clock }, { filter, fromSeq, dryRun, evenIfApplied }) {
    // Loaded by who runs letters again, and not by who only asks the owner to.
    const { broughtBack } = await import('../../machines/operation/repeatSafety.ts');
    const { matching, nextSeq } = await lettersOf(records, { filter, order: 'oldest', fromSeq });
    const facts = {
      atMs: clock.now(),
      idempotencyKey: null,
      isRepeatApproved: evenIfApplied === true,
    };
    const going = matching.flatMap((letter) => {
      const context = broughtBack(letter.context, facts);
      return context === null ? [] : [{ letter, context, body: null }];
    });
    const done = dryRun === true ? null : await records.deadLetters.replay(going);
    return { ...countsOf(matching, going, done), nextSeq };
  },
});

export const purgeDeadLetter = storeCall<Ordered & { readonly id: string }, undefined>({
  name: 'deadLetter.purge',
  summary: 'Forgets one dead letter for good.',
  capability: 'destroy',
  params: { id: ID, by: BY_PERSON },
  override: ofOperation('deadLetter.purge'),
  shown: { params: ['id', 'by'], answer: 'nothing' },
  async run({ records }, { id }) {
    const [isPurged] = await records.deadLetters.purge([await records.deadLetters.find(id)]);
    if (isPurged !== true) throw notDeadLettered();
  },
});

export const purgeBatch = storeCall<Batch, BatchResult>({
  name: 'deadLetter.purgeBatch',
  summary: 'Forgets a piece of the dead letters that match, for good.',
  capability: 'destroy',
  params: BATCH_RULES,
  override: ofMany('deadLetter.purge'),
  shown: { params: ['filter', 'fromSeq', 'dryRun', 'by'], answer: BATCH_SHOWN },
  async run({ records }, { filter, fromSeq, dryRun }) {
    const { matching, nextSeq } = await lettersOf(records, { filter, order: 'oldest', fromSeq });
    const done = dryRun === true ? null : await records.deadLetters.purge(matching);
    return { ...countsOf(matching, matching, done), nextSeq };
  },
});
