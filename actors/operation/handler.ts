/**
 * What an app registers: the function that performs one attempt of an operation (OP-3).
 *
 * @module
 */

import { META_BYTES_MAX } from '../../machines/merge/clock/carriedMeta.ts';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
import { exemptionsOf } from '../../machines/policy/request/cardData.ts';
import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import type { ExemptionsOf } from '../../machines/policy/request/request.ts';
import type {
  CarriedMeta,
  Current,
  EditCondition,
  Entity,
  RecordMeta,
} from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { NetworkGrade, UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';

/** One attempt, as the handler sees it. */
export interface Attempt<Payload = Json> {
  readonly operationId: string;
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity | null;
  readonly tier: TierName;
  readonly priority: Priority;
  /**
   * Payload as the request gave it; `null` where it gave none. Of an edit (its handler has `conflicts`) what it was merged
   * to, where others have changed the record. Of a crisis it may have any form: nothing refuses one.
   */
  readonly payload: Payload;
  /**
   * The version of the entity that the change was made on, as the request gave it; `undefined` when it gave none.
   * What an edit was merged with since then is in {@link condition}.
   */
  readonly base: Json | undefined;
  /**
   * Parts of a crisis that broke a rule of requests, which are not as the app gave them, such as
   * `payload: card data masked`; it may be shown to those who look after the person. Else empty.
   */
  readonly leftOut: readonly string[];
  /** Whether this is a crisis that was sent with `test: true`: a trial run, and nobody is in danger. */
  readonly isTest: boolean;
  /**
   * State that the upstream must still hold for an edit to be taken, this version or no such record. Hand it to the
   * upstream as the condition of the write, and throw `conflictFailure()` where it is not met. `undefined` where there
   * is nothing to hold it to.
   */
  readonly condition: EditCondition | undefined;
  /**
   * Metadata of an edit, to be kept with the record as it is where the upstream can, for other stores that read it. At most
   * 64 KiB of JSON, or `conflicts.metaBytesMax`.
   */
  readonly meta: CarriedMeta | undefined;
  /**
   * The same for every attempt and across restarts; hand it to the upstream. It is derived from the type, the subject
   * and the key of the request (`key` of the handler says otherwise), or random where that has none. That of an edit is another one once it
   * was made again after a definite conflict: it is another request then.
   */
  readonly idempotencyKey: string;
  /** From 1. */
  readonly number: number;
  /** When the attempt is given up, in milliseconds since the epoch. */
  readonly deadlineAtMs: number;
  /** Aborted at the deadline, on cancel and when the runtime stops. */
  readonly signal: AbortSignal;
  readonly networkGrade: NetworkGrade;
  /** The method the request named; `null` for the handler's own. */
  readonly method: string | null;
  /** The path the request named; `null` for the handler's own. */
  readonly path: string | null;
  /** W3C Trace Context header; one trace for all attempts of an operation. */
  readonly traceparent: string;
  /**
   * Keeps what the upstream said, in place of what was kept before in this attempt: sealed with the operation,
   * and given back as `outcome.answer`, and by `deadLetters.show` where that is asked for. At most 64 KiB of
   * JSON; its card data is masked.
   */
  readonly keepAnswer: (answer: UpstreamAnswer) => void;
  /**
   * Tells what the upstream holds now that it has taken this attempt of an edit, at least the new version, so that
   * the next edit is held to that. Left out, or with `version: null`, the next edit reads the record first.
   */
  readonly keepCurrent: (current: TakenRecord) => void;
}

/** What an upstream says of a record that it has just taken. */
export interface TakenRecord {
  /** Validator of the record, exactly as the upstream gave it; `null` where it gave none. */
  readonly version: string | null;
  /** Where the upstream holds something else than was sent. */
  readonly value?: Json | undefined;
  /** Where it keeps something else with it than was sent. */
  readonly meta?: CarriedMeta | RecordMeta | undefined;
}

/**
 * Performs one attempt. What it returns is kept, sealed, as the operation's response, in the form that
 * `JSON.stringify` gives it (a Date as text, no field that is undefined) and with its card data masked;
 * unlike a payload it is not refused for that, since the work is done. What has no such form (a BigInt,
 * an object that holds itself) is left out: the operation completes without a response. To fail, throw:
 * an `AttemptFailure` says what kind of failure it is, anything else is classified by RT-2.
 */
export type Run<Payload = Json, Response = Json | undefined> = ((
  attempt: Attempt<Payload>,
) => Promise<Response> | Response) & {
  /** Reads what the upstream holds of an entity; that of `httpHandler` sends a GET. Used where there are `conflicts`. */
  readonly fetchCurrent?: Fetch<Payload> | undefined;
  /**
   * Asked before a request is accepted, but for a crisis: throws (`HF_REQUEST_INVALID`) where the function could never
   * send it. That of `httpHandler` looks at the names that its `path` is made of. A function of your own around another
   * has none unless you give it that.
   */
  readonly checkRequest?: ((request: RequestNames) => void) | undefined;
};

/** The names in a request that say where it goes. */
export type RequestNames = Pick<Attempt, 'type' | 'subject' | 'entity' | 'method' | 'path'>;

/**
 * Reads a record: what the upstream holds of the attempt's entity now, `null` where it has none. It changes
 * nothing, may be called at any time and again, and fails as a handler does: by what it throws. A record without a
 * version fails the edit for good: held to nothing, it could lay itself over what others write.
 */
export type Fetch<Payload = Json, Value = Json> = (
  attempt: Attempt<Payload>,
) => Promise<FetchedRecord<Value> | null> | FetchedRecord<Value> | null;

/** A record as its upstream holds it: `meta` as `attempt.meta` was, where the upstream carries that. */
export type FetchedRecord<Value = Json> = Omit<Current<Value>, 'meta'> & {
  readonly meta?: CarriedMeta | RecordMeta | undefined;
};

/** How edits of a type are merged with what others made of the same record. All of it is optional. */
export interface ConflictOptions<Payload = Json> {
  /** How the record is read. Default: `run.fetchCurrent`, which `httpHandler` has. */
  readonly fetchCurrent?: Fetch<Payload, Payload | Json> | undefined;
  /** How often an edit is merged and sent again because others were faster, before a person is asked. Default 16. */
  readonly roundsMax?: number | undefined;
  /**
   * True: what the upstream holds counts as verified, as of when it was read unless it says so itself. For records
   * that one service alone may change, such as billing. Default false.
   */
  readonly isAuthority?: boolean | undefined;
  /**
   * A store that has not heard of the upstream for longer asks a person, since others may have forgotten what was
   * removed meanwhile. In milliseconds, default 400 days.
   */
  readonly silentMaxMs?: number | undefined;
  /**
   * How many bytes of JSON may travel beside the record (`attempt.meta`), 4,096 to 65,536, for an upstream that takes
   * no more. Beyond it the longest silent devices go first, then the oldest removals, which this store remembers all the
   * same; health tells of it (`conflicts.untold`). Default 65,536.
   */
  readonly metaBytesMax?: number | undefined;
  /**
   * The crisis plan that a record holds, `null` for a record that is none: it is kept as that of the subject whenever
   * the record changes, so that a crisis is answered with it: by an edit that was accepted, sent or not, by what it was
   * merged with, and by `remoteChange()` of a record of the type `crisis_plan`. One without resources is deleted. What
   * can't be a plan leaves the one from before, and `onError` is told. Default: no plan is made of it.
   */
  readonly asCrisisPlan?: ((value: Payload) => CrisisPlan | null) | undefined;
}

/** How operations of one type are performed, and what their upstream can be relied on for. */
export interface Handler {
  /** Name of the upstream whose breaker and slots it uses. */
  readonly upstream: string;
  readonly run: Run;
  /**
   * What a payload must be, as a Standard Schema (zod, valibot, arktype and others make them); asked before
   * acceptance. What it gives back, with its defaults filled in, is what is kept and sent. It must answer at
   * once: a schema that answers by a promise refuses everything.
   */
  readonly schema?: PayloadSchema | undefined;
  /**
   * Makes operations of this type edits of a merged record: each is sent on the condition that the upstream holds
   * what it was made on, and where it does not, it is merged with what is there. Requests need an `entity`, and
   * their payload is the whole record. `true` for every default. Default: a conflict waits for a person (CF-6).
   */
  readonly conflicts?: true | ConflictOptions | undefined;
  /**
   * Which key goes out for a request that has an `idempotencyKey`. `derived` (default): one that is made of the type,
   * the subject and that key, so that no two people and no two types meet under one at the upstream. `asGiven`: that
   * key itself, for an upstream that others call with the same keys; a request of another type or subject under it is
   * then refused (`HF_IDEMPOTENCY_CONFLICT`), and the key of a crisis is derived all the same. Said before the first
   * request: under the other choice a repeat is another operation, under another key.
   */
  readonly key?: 'derived' | 'asGiven' | undefined;
  /** Whether the upstream does nothing twice under one idempotency key. Default true. */
  readonly honoursIdempotencyKey?: boolean | undefined;
  /**
   * How long the upstream remembers a key, from the first attempt. Default 24 h. Time that the machine
   * sleeps counts.
   */
  readonly keyLifetimeMs?: number | undefined;
  /** True: a dead letter holds its lane until it is replayed or purged. Default false. */
  readonly strictOrder?: boolean | undefined;
  /** How long one attempt may take. Default: the upstream's `attemptTimeoutMs`. */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * Where digits that look like a card number may stand, because they are something else: paths such as
   * `payload.orderId`, `base.meta.barcode`, `entity.id`, `idempotencyKey`, `subject`, `path` and
   * `response.orderId`. Each stands for all that is below it and for every item of a list. Default: none.
   */
  readonly cardDataExempt?: readonly string[] | undefined;
}

/** One that was given with a request: it lives with the process (docs/decisions/0020). */
export interface OwnHandler extends Handler {
  /** True: where it is gone and its type has no handler, the operation is given up. */
  readonly isBoundToProcess?: boolean | undefined;
}

/** The upstream that gets the app's keys of this type as they were given; `undefined` where they are derived (OP-8). */
export function keyGivenTo(handler: Handler | null): string | undefined {
  return handler?.key === 'asGiven' ? handler.upstream : undefined;
}

/** Answers, for a type and a path, whether card data may stand there. */
export function exemptionsAmong(handlers: ReadonlyMap<string, Handler>): ExemptionsOf {
  return (type) => exemptionsOf(handlers.get(type)?.cardDataExempt);
}

/** The `conflicts` of a handler, with every default filled in. */
export interface ConflictRules {
  readonly fetchCurrent: Fetch;
  readonly roundsMax: number;
  readonly isAuthority: boolean;
  readonly silentMaxMs: number;
  readonly metaBytesMax: number;
  readonly asCrisisPlan: ((value: Json) => CrisisPlan | null) | null;
}

const ROUNDS_MAX = 16;
export const SILENT_MAX_MS = 400 * 86_400_000;
/** Longest such time; longer is for good. An instant so far off is still a whole number of milliseconds. */
const SILENT_FOR_GOOD_MS = 2 ** 52;

/** By what edits of a handler are merged; `null` for one whose operations are no edits, or that can't read a record. */
export function conflictRulesOf({ conflicts, run }: Handler): ConflictRules | null {
  if (conflicts === undefined) return null;
  const options: ConflictOptions = conflicts === true ? {} : conflicts;
  const fetchCurrent = options.fetchCurrent ?? run.fetchCurrent;
  if (fetchCurrent === undefined) return null;
  return {
    fetchCurrent,
    roundsMax: options.roundsMax ?? ROUNDS_MAX,
    isAuthority: options.isAuthority ?? false,
    silentMaxMs: Math.ceil(Math.min(options.silentMaxMs ?? SILENT_MAX_MS, SILENT_FOR_GOOD_MS)),
    metaBytesMax: options.metaBytesMax ?? META_BYTES_MAX,
    asCrisisPlan: options.asCrisisPlan ?? null,
  };
}
