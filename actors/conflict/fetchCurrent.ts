/**
 * Reads what an upstream holds of a record, as a guarded call: with the rank of the edit that needs it, and under
 * the breaker, the level and the places of the upstream. While that is down it waits; nothing has failed (CF-6).
 *
 * @module
 */

import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { VERSION_LENGTH_MAX } from '../../machines/policy/request/editRequest.ts';
import type { ExemptionsOf } from '../../machines/policy/request/request.ts';
import {
  type BodyRules,
  encodeBody,
  parseBody,
} from '../../machines/policy/request/requestBody.ts';
import {
  type Failure,
  failureOf,
  permanentFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';
import type { Current } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Tiered } from '../../machines/vocabulary/urgency.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import { GivenAttempt } from '../operation/givenAttempt.ts';
import type { ConflictRules } from '../operation/handler.ts';
import { Slices } from '../platform/slices.ts';
import type { CallFunction, CallOptions } from '../upstream/guardedCall.ts';

/** Makes a guarded call. */
export type MakeCall = <Value>(
  upstream: string,
  run: CallFunction<Value>,
  options: CallOptions & Pick<Tiered, 'like'>,
) => Promise<Value>;

export interface FetchParts {
  readonly call: MakeCall;
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'defer'>;
  /** The largest record that is read, in bytes of JSON. */
  readonly recordBytesMax: number;
  /** Where card data may stand in the records of a type. */
  readonly exemptionsOf: ExemptionsOf;
  readonly onError: (error: unknown) => void;
}

export interface FetchOrder {
  readonly context: WorkContext;
  readonly body: string;
  readonly upstream: string;
  readonly rules: ConflictRules;
  /** Aborted when nobody wants to know any more. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export type Fetched =
  /** `null`: the upstream has no such record. */
  | { readonly kind: 'current'; readonly current: Current | null; readonly atMs: number }
  /** What it holds is no record. */
  | { readonly kind: 'unreadable' }
  /** Refusal: the upstream will not have the record read, however often it is asked. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** Failure: the record may be read later. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Past the end of the call's own time-out; what the handler is told of it is its signal. */
const NO_DEADLINE_MS = Number.MAX_SAFE_INTEGER;

/** Never rejects. */
export async function fetchCurrent(parts: FetchParts, order: FetchOrder): Promise<Fetched> {
  const { context, upstream, rules, signal } = order;
  const { tier, like, priority, type, subject }: WorkContext & Tiered = context;
  let atMs = parts.clock.now();
  try {
    const given: unknown = await parts.call(
      upstream,
      async (call) => {
        atMs = parts.clock.now();
        return await rules.fetchCurrent(attemptOf(parts, order, call.signal));
      },
      { tier, like, priority, type, subject, signal, waitWhileDown: true },
    );
    const searches: Pieces<void>[] = [];
    const current = currentFrom(given, {
      bytesMax: parts.recordBytesMax,
      isExempt: parts.exemptionsOf(type),
      searchesLater: (search) => searches.push(search),
    });
    // What is large is searched for card data in slices.
    for (const search of searches) {
      if (!(await isWithoutCards(parts.clock, search))) return { kind: 'unreadable' };
    }
    if (current === undefined) return { kind: 'unreadable' };
    if (current !== null && current.version === null) {
      return { kind: 'refused', failure: failureOf(withoutVersion()) };
    }
    return { kind: 'current', current: answeredFor(current, rules, atMs), atMs };
  } catch (error) {
    const failure = failureOf(error);
    const isFinal = failure.failureClass === 'permanent' && isOfUpstream(error);
    return { kind: isFinal ? 'refused' : 'failed', failure };
  }
}

async function isWithoutCards(clock: FetchParts['clock'], search: Pieces<void>): Promise<boolean> {
  return await Slices.of(clock)
    .pieces(search)
    .then(
      () => true,
      () => false,
    );
}

/** Held to nothing, the edit could lay itself over what others write meanwhile, unseen. */
function withoutVersion(): Error {
  return permanentFailure(
    'fetchCurrent gave a record without a version, so nothing tells whether others change it before the edit arrives. Give its validator as version, or a hash of the record where the upstream compares that.',
  );
}

/** The attempt as `fetchCurrent` sees it: what it says of the edit is true, and it ends with the call. */
function attemptOf(
  { onError }: FetchParts,
  { context, body }: FetchOrder,
  signal: AbortSignal,
): GivenAttempt {
  const attempt = new GivenAttempt(context, body, NO_DEADLINE_MS, onError);
  const abort = (): void => {
    attempt.abort(
      isHoldfastError(signal.reason)
        ? signal.reason
        : new HoldfastError('HF_CANCELLED', 'The record is not read any more.', {
            withStack: false,
          }),
    );
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return attempt;
}

/** What is said by holdfast itself, as that it is closing, says nothing about the record. */
function isOfUpstream(error: unknown): boolean {
  return !isHoldfastError(error) || 'failureClass' in error;
}

/** Answer of the upstream, where what it holds of records that one service alone may change counts as verified. */
function answeredFor(
  current: Current | null,
  { isAuthority }: ConflictRules,
  atMs: number,
): Current | null {
  if (current === null || !isAuthority) return current;
  return { asOfMs: atMs, ...current, isVerified: true };
}

/** What a function of the app gave, whatever it is; `undefined` for what is no record, or holds card data (CF-7). */
function currentFrom(given: unknown, rules: BodyRules): Current | null | undefined {
  if (given === null) return null;
  if (typeof given !== 'object') return undefined;
  const { version, value, meta, asOfMs, isVerified } = given as Partial<Current>;
  if (version !== null && (typeof version !== 'string' || version.length > VERSION_LENGTH_MAX)) {
    return undefined;
  }
  const known = recordMetaFrom(meta);
  const record = recordFrom(value, rules);
  if (record === undefined) return undefined;
  return {
    version: version === '' ? null : version,
    value: record,
    ...(known === null ? {} : { meta: known }),
    ...(typeof asOfMs === 'number' && Number.isFinite(asOfMs) ? { asOfMs } : {}),
    ...(isVerified === true ? { isVerified } : {}),
  };
}

/** The value as JSON; `undefined` where it has no such form, or may not be kept. */
function recordFrom(value: unknown, rules: BodyRules): Json | undefined {
  if (value === undefined) return undefined;
  try {
    return parseBody(encodeBody({ payload: value }, rules)).payload;
  } catch {
    return undefined;
  }
}
