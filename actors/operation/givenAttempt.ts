/**
 * An attempt as its handler sees it. Payload and signal are made only if the handler asks for them: each
 * costs microseconds.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import { encodeMeta } from '../../machines/merge/clock/carriedMeta.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { keyOfRound } from '../../machines/operation/keys.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { baseOf } from '../../machines/policy/request/editRequest.ts';
import { parseBody, type RequestBody } from '../../machines/policy/request/requestBody.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { CarriedMeta, EditCondition } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { NetworkGrade, UpstreamAnswer } from '../../machines/vocabulary/upstreamAnswer.ts';
import { guardSignal } from '../facts/factStream.ts';
import type { Attempt, TakenRecord } from './handler.ts';

// What a handler says that the upstream holds now, read for what is sound in it: it comes from the app, and what
// can't be kept must not fail an edit that has been taken (SV-2).

const VERSION_LENGTH_MAX = 1_024;
/** Then the next edit reads the record, which is safe whatever it is. */
const UNKNOWN: TakenRecord = Object.freeze({ version: null });

/** A copy of what can be kept; a record of which nothing is known where it is malformed. */
function takenRecord(given: unknown): TakenRecord {
  try {
    const { version, value, meta } = Object(given) as Partial<TakenRecord>;
    if (typeof version !== 'string' || version === '' || version.length > VERSION_LENGTH_MAX) {
      return UNKNOWN;
    }
    const text = JSON.stringify(value) as string | undefined;
    // A version of something that JSON can't carry: what it is a version of is not known.
    if (text === undefined && value !== undefined) return UNKNOWN;
    const said = recordMetaFrom(meta);
    return {
      version,
      ...(text === undefined ? {} : { value: JSON.parse(text) as Json }),
      ...(said === null ? {} : { meta: said }),
    };
  } catch {
    return UNKNOWN;
  }
}

const ABSENT: EditCondition = Object.freeze({ absent: true });
const NOTHING: readonly string[] = Object.freeze([]);

/** Context of the attempt's work; that of a crisis says, too, whether it is a trial run. */
type AttemptContext = SyncOperationContext & Pick<CrisisContext, 'isTest'>;

/** What tells that an attempt is over: an `AbortSignal`, or what costs a fraction of one. */
export interface AttemptEnd {
  readonly aborted: boolean;
  readonly reason: unknown;
  readonly addEventListener: (type: 'abort', listener: () => void) => void;
  readonly removeEventListener: (type: 'abort', listener: () => void) => void;
}

const END = Symbol('end');

/** What tells a handler of ours that its attempt is over, without a signal where nobody has asked for one. */
export function endOf(attempt: Pick<Attempt<unknown>, 'signal'>): AttemptEnd {
  return (attempt as { readonly [END]?: AttemptEnd })[END] ?? attempt.signal;
}

class QuietEnd implements AttemptEnd {
  reason: unknown;
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.reason !== undefined;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  abort(reason: HoldfastError): void {
    if (this.aborted) return;
    this.reason = reason;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

export class GivenAttempt implements Attempt {
  readonly #context: AttemptContext;
  readonly #body: string;
  readonly deadlineAtMs: number;
  readonly networkGrade: NetworkGrade = 'good';
  #parsed: RequestBody | null = null;
  #meta: CarriedMeta | null = null;
  /** What its handler keeps of what the upstream said. */
  answer: UpstreamAnswer | undefined;
  /** What its handler says the upstream holds now. */
  current: TakenRecord | undefined;
  #controller: AbortController | null = null;
  #end: QuietEnd | null = null;
  #aborted: unknown;
  readonly #onError: (error: unknown) => void;

  /** @param body the request's payload as kept */
  constructor(
    context: AttemptContext,
    body: string,
    deadlineAtMs: number,
    onError: (error: unknown) => void,
  ) {
    this.#context = context;
    this.#body = body;
    this.deadlineAtMs = deadlineAtMs;
    this.#onError = onError;
  }

  get operationId() {
    return this.#context.id;
  }
  get type() {
    return this.#context.type;
  }
  get subject() {
    return this.#context.subject;
  }
  get entity() {
    return this.#context.entity;
  }
  get tier() {
    return this.#context.tier;
  }
  get priority() {
    return this.#context.priority;
  }
  get idempotencyKey() {
    return keyOfRound(this.#context);
  }
  get number() {
    return this.#context.attempt;
  }
  get method() {
    return this.#context.method;
  }
  get path() {
    return this.#context.path;
  }
  get #given(): RequestBody {
    this.#parsed ??= parseBody(this.#body);
    return this.#parsed;
  }
  get payload(): Json {
    const { payload, merged } = this.#given;
    return merged === undefined ? payload : merged.payload;
  }
  get base(): Json | undefined {
    return this.#given.base;
  }
  get condition(): EditCondition | undefined {
    const { merged, base } = this.#given;
    if (merged?.absent === true) return ABSENT;
    // An edit without a body of its own went out before its handler merged records: it is held to its base.
    const isAsGiven = merged === undefined && this.#context.isCompared === true;
    const version = (isAsGiven ? baseOf(base).version : merged?.version) ?? null;
    return version === null ? undefined : { version };
  }
  get meta(): CarriedMeta | undefined {
    const { merged } = this.#given;
    if (merged === undefined) return undefined;
    this.#meta ??= encodeMeta(merged.meta, merged.metaBytesMax);
    return this.#meta;
  }
  get leftOut(): readonly string[] {
    return this.#given.leftOut ?? NOTHING;
  }
  get isTest(): boolean {
    return this.#context.isTest === true;
  }
  get signal(): AbortSignal {
    this.#controller ??= guardedController(this.#onError);
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    return this.#controller.signal;
  }
  get [END](): AttemptEnd {
    this.#end ??= new QuietEnd();
    this.#end.reason ??= this.#aborted;
    return this.#end;
  }
  /** Trace id from the operation's id, span id from the attempt's number: nothing to keep (W3C Trace Context). */
  get traceparent(): string {
    const traceId = this.#context.id.replaceAll('-', '');
    return `00-${traceId}-${this.#context.attempt.toString(16).padStart(16, '0')}-01`;
  }

  /** Handlers take it out of the attempt, as they do with the fields. */
  get keepAnswer(): (answer: UpstreamAnswer) => void {
    return (answer) => {
      this.answer = answer;
    };
  }

  get keepCurrent(): (current: TakenRecord) => void {
    return (current) => {
      this.current = takenRecord(current);
    };
  }

  /** Aborts its signal, also one that is asked for later. */
  abort(reason: HoldfastError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
    this.#end?.abort(reason);
  }
}

/** A listener of its signal that throws would end the process (SV-2). */
function guardedController(onError: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  guardSignal(controller.signal, onError);
  return controller;
}
