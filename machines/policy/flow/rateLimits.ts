/**
 * The rate limits of one upstream by subject and by tier (PF-5): who may begin a call now, and when the
 * others come again.
 *
 * Tokens are taken when a call begins, so over any span a subject or a tier begins at most
 * `burst + perSecond × span` calls, whatever else it waited for. A call that gets none reserves a time of its
 * own, one interval after the one before it, so that waiting calls don't wake at once.
 *
 * Within a subject or tier the more urgent go first. They may take the token that another had reserved;
 * that one goes behind those of its rank. After being sent away three times it counts as most
 * urgent, so everyone gets a turn. One subject's queue delays no other subject of its tier: a waiting call
 * is counted at the limit that it waits for, and at no other.
 *
 * @module
 */

import { subjectForm } from '../../vocabulary/subject.ts';
import { type Tiered, type TierName, URGENCY_MAX } from '../../vocabulary/urgency.ts';
import { givenBackMs, intervalMs, type RateLimit, toleranceMs } from './tokenRate.ts';
import type { TypedCall } from './typeTrials.ts';

/** Owner of a limit. */
export type RateOwner = 'subject' | 'tier';

/** The limits that one operation meets; `null` for none. */
export interface LimitsOfOne {
  /** Limit of the subject, over all that it does at this upstream. */
  readonly subject: RateLimit | null;
  /** Limit of the tier, over all its subjects. */
  readonly tier: RateLimit | null;
}

/** A call that asks for its tokens. */
export interface RateAsker extends Tiered {
  /** Subject as the caller named it, kept in memory only and only while it matters; `null` for none. */
  readonly subject: string | null;
  /** Rank from 1; crises don't ask: {@link RateLimits.count}. */
  readonly urgency: number;
}

/** When an operation that waits is to ask again; it is kept with it over a restart. */
export interface RateReservation {
  /** Owner of the limit that it waits for. */
  readonly owner: RateOwner;
  /** Whole milliseconds, by the clock of the limits. */
  readonly dueAtMs: number;
  /** How often it has been sent away, from 1. */
  readonly timesAsked: number;
}

/** Subjects that are remembered at once, at most: some 20 MB. */
export const SUBJECTS_MAX = 100_000;
/** Wait of a subject that can't be remembered, in milliseconds. */
const FULL_WAIT_MS = 1_000;
/** How many of the longest known subjects are looked at with each question, so that idle ones go. */
const LOOKED_AT = 2;
/** A call that was sent away this often counts as most urgent. */
const SENIOR_AFTER = 3;

const NO_LIMITS: LimitsOfOne = { subject: null, tier: null };

/** One subject or tier. */
interface Bucket {
  limit: RateLimit;
  /** When all its tokens are back, by the calls that began. */
  fullAtMs: number;
  /** Number of calls with a reservation, by rank. */
  waiting: number[] | null;
  /** The latest instant that was reserved. */
  lastDueMs: number;
}

export class RateLimits {
  readonly #limitsOf: (tier: TierName) => LimitsOfOne | undefined;
  readonly #emptyAtMs: number;
  readonly #subjectsMax: number;
  readonly #subjects = new Map<string, Bucket>();
  readonly #tiers = new Map<TierName, Bucket>();
  #crises = 0;

  /**
   * @param limitsOf asked with each question, so a change holds from the next one on; `undefined` for a tier that
   * there is not
   * @param options `emptyAtMs`: when this process started, where another ran before it that may have
   * used all tokens; left out, all are there
   */
  constructor(
    limitsOf: (tier: TierName) => LimitsOfOne | undefined,
    options: { readonly emptyAtMs?: number; readonly subjectsMax?: number } = {},
  ) {
    this.#limitsOf = limitsOf;
    this.#emptyAtMs = options.emptyAtMs ?? Number.NEGATIVE_INFINITY;
    this.#subjectsMax = options.subjectsMax ?? SUBJECTS_MAX;
  }

  /** Subjects that are remembered. */
  get size(): number {
    return this.#subjects.size;
  }

  /** How many crises passed. */
  get crises(): number {
    return this.#crises;
  }

  /**
   * Takes the tokens for a call that begins now and answers `null`; or takes none, and says when to ask
   * again.
   *
   * @param held the answer that sent it away before, if any
   */
  ask(asker: RateAsker, held: RateReservation | null, nowMs: number): RateReservation | null {
    if (held !== null) this.withdraw(asker, held);
    const timesAsked = (held?.timesAsked ?? 0) + 1;
    const buckets = this.#bucketsOf(asker, nowMs);
    if (buckets === 'full') {
      return { owner: 'subject', dueAtMs: Math.ceil(nowMs + FULL_WAIT_MS), timesAsked };
    }
    const { ofSubject, ofTier } = buckets;
    const rank = rankOf(asker, held?.timesAsked ?? 0);
    // A call that comes at its reserved time asks for a token that is there; any other is behind the reservations.
    const isExpected = held !== null && held.dueAtMs <= nowMs;
    const subjectDueMs = dueAtMs(ofSubject, rank, nowMs, isExpected);
    const tierDueMs = dueAtMs(ofTier, rank, nowMs, isExpected);
    if (subjectDueMs <= nowMs && tierDueMs <= nowMs) {
      if (ofSubject !== null) begin(ofSubject, nowMs);
      if (ofTier !== null) begin(ofTier, nowMs);
      return null;
    }
    const isOfSubject = subjectDueMs >= tierDueMs;
    const bucket = isOfSubject ? ofSubject : ofTier;
    const dueMs = Math.ceil(dueAtMs(bucket, rank, nowMs, false));
    if (bucket !== null) wait(bucket, rank, dueMs);
    return { owner: isOfSubject ? 'subject' : 'tier', dueAtMs: dueMs, timesAsked };
  }

  /** Puts back what {@link ask} took so many milliseconds ago, where the call did not begin after all. */
  giveBack(asker: RateAsker, heldMs: number): void {
    for (const bucket of [this.#known('subject', asker), this.#known('tier', asker)]) {
      if (bucket !== undefined) bucket.fullAtMs -= givenBackMs(bucket.limit, heldMs);
    }
  }

  /** Cancels a reservation: others may come sooner. */
  withdraw(asker: RateAsker, { owner, timesAsked }: RateReservation): void {
    const waiting = this.#known(owner, asker)?.waiting ?? null;
    if (waiting === null) return;
    const rank = rankOf(asker, timesAsked - 1);
    waiting[rank] = Math.max(0, (waiting[rank] ?? 0) - 1);
  }

  /** A crisis asks nobody: it takes a token where there is one, and leaves no debt to those that wait. */
  count(asker: Omit<RateAsker, 'urgency'>, nowMs: number): void {
    this.#crises += 1;
    const buckets = this.#bucketsOf(asker, nowMs);
    if (buckets === 'full') return;
    if (buckets.ofSubject !== null) countIn(buckets.ofSubject, nowMs);
    if (buckets.ofTier !== null) countIn(buckets.ofTier, nowMs);
  }

  #known(owner: RateOwner, asker: RateAsker): Bucket | undefined {
    const { subject } = asker;
    if (owner === 'tier') return this.#tiers.get(this.#tierOf(asker));
    return subject === null ? undefined : this.#subjects.get(subjectForm(subject));
  }

  /** `full`: its subject is unknown, and no more can be remembered. */
  #bucketsOf(
    { subject, ...its }: Omit<RateAsker, 'urgency'>,
    nowMs: number,
  ): { readonly ofSubject: Bucket | null; readonly ofTier: Bucket | null } | 'full' {
    const tier = this.#tierOf(its);
    const limits = this.#limitsOf(tier) ?? NO_LIMITS;
    let ofSubject: Bucket | null = null;
    if (limits.subject !== null && subject !== null) {
      const form = subjectForm(subject);
      if (!this.#makeRoomFor(form, nowMs)) return 'full';
      ofSubject = bucketOf(this.#subjects, form, this.#full(limits.subject), nowMs);
    }
    const ofTier = limits.tier && bucketOf(this.#tiers, tier, this.#full(limits.tier), nowMs);
    return { ofSubject, ofTier };
  }

  /** The tier whose limits hold: where its own is gone, the one that it is like. */
  #tierOf({ tier, like }: Tiered): TierName {
    return like === undefined || this.#limitsOf(tier) !== undefined ? tier : like;
  }

  /** A bucket of an unknown subject or tier. */
  #full(limit: RateLimit): Bucket {
    return {
      limit,
      fullAtMs: this.#emptyAtMs + spanMs(limit),
      waiting: null,
      lastDueMs: Number.NEGATIVE_INFINITY,
    };
  }

  /**
   * Forgets subjects all of whose tokens are back, for they are like one that was never seen. False where
   * this one is unknown and no more can be remembered.
   */
  #makeRoomFor(subject: string, nowMs: number): boolean {
    let left = LOOKED_AT;
    for (const [name, bucket] of this.#subjects) {
      if (left === 0) break;
      left -= 1;
      this.#subjects.delete(name);
      const isIdle = bucket.fullAtMs <= nowMs && bucket.lastDueMs <= nowMs;
      if (!isIdle) this.#subjects.set(name, bucket);
    }
    return this.#subjects.size < this.#subjectsMax || this.#subjects.has(subject);
  }
}

/** The rank by which it is served. */
function rankOf({ urgency }: RateAsker, timesSentAway: number): number {
  return timesSentAway >= SENIOR_AFTER ? 1 : Math.min(URGENCY_MAX, Math.max(1, urgency));
}

/** How long an empty bucket takes to be full. */
function spanMs(limit: RateLimit): number {
  return limit.burst * intervalMs(limit);
}

function bucketOf<Key>(among: Map<Key, Bucket>, key: Key, fresh: Bucket, nowMs: number): Bucket {
  const bucket = among.get(key);
  if (bucket === undefined) {
    among.set(key, fresh);
    return fresh;
  }
  const { limit } = fresh;
  if (bucket.limit.perSecond !== limit.perSecond || bucket.limit.burst !== limit.burst) {
    bucket.limit = limit;
    bucket.fullAtMs = Math.min(bucket.fullAtMs, nowMs + spanMs(limit));
  }
  // A reservation that was not used is not waited for.
  if (bucket.lastDueMs <= nowMs && bucket.fullAtMs <= nowMs) bucket.waiting = null;
  return bucket;
}

/**
 * When one of this rank may begin: after all reservations of at least its rank.
 *
 * @param isExpected it is one of those, and its time has come
 */
function dueAtMs(bucket: Bucket | null, rank: number, nowMs: number, isExpected: boolean): number {
  if (bucket === null) return Number.NEGATIVE_INFINITY;
  const { fullAtMs, waiting, limit } = bucket;
  const ownMs = fullAtMs - toleranceMs(limit);
  if (isExpected || waiting === null) return ownMs;
  let ahead = 0;
  for (let each = 1; each <= rank; each++) ahead += waiting[each] ?? 0;
  return Math.max(fullAtMs, nowMs) + ahead * intervalMs(limit) - toleranceMs(limit);
}

function begin(bucket: Bucket, nowMs: number): void {
  bucket.fullAtMs = Math.max(bucket.fullAtMs, nowMs) + intervalMs(bucket.limit);
}

function wait(bucket: Bucket, rank: number, dueMs: number): void {
  bucket.waiting ??= [];
  bucket.waiting[rank] = (bucket.waiting[rank] ?? 0) + 1;
  bucket.lastDueMs = Math.max(bucket.lastDueMs, dueMs);
}

/** Takes a token; an empty bucket stays as it is, but for the one that comes next. */
function countIn(bucket: Bucket, nowMs: number): void {
  begin(bucket, nowMs);
  bucket.fullAtMs = Math.min(bucket.fullAtMs, nowMs + spanMs(bucket.limit));
}

// How long an upstream asks to be left alone that answers 429 with `Retry-After` (RT-2, PF-5): several of these
// from several subjects and types, with no success between them, are the pause of the whole upstream; one
// holds its subject.
//
// It reads no clock: instants are given, in milliseconds of a clock that only grows.

/** They come within this of the first. */
const WINDOW_MS = 2_000;
/** One call goes out in so long while the pause lasts: what was asked may be too long. */
const TRICKLE_MS = 1_000;
/** No pause of an upstream, or of a subject, is longer; the next 429 may ask for more. */
export const ASKED_PAUSE_MS_MAX = 60_000;
/** Subjects that are held at once, at most. */
const HELD_SUBJECTS_MAX = 10_000;

/** One call that was answered so. */
interface AskedToWait {
  readonly retryAfterMs: number;
  readonly beganAtMs: number;
  readonly nowMs: number;
  /** The upstream is called for one type only, as far as is known. */
  readonly isOneType: boolean;
}

export class AskedPause {
  /** Subjects that were asked to wait within the current window. */
  readonly #subjects = new Set<string>();
  readonly #routes = new Set<string>();
  #firstBeganAtMs = Number.POSITIVE_INFINITY;
  #firstAtMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #nextMs = Number.NEGATIVE_INFINITY;
  readonly #held = new Map<string, number>();

  /** Whether the whole upstream is left alone. */
  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** When that ends by itself; `null` while it is not. */
  untilMs(nowMs: number): number | null {
    return this.isOn(nowMs) ? this.#untilMs : null;
  }

  /** When the next call may go out; `null` where one may now. */
  dueMs(nowMs: number): number | null {
    if (!this.isOn(nowMs) || this.#nextMs <= nowMs) return null;
    return Math.min(this.#nextMs, this.#untilMs);
  }

  /** Whether any subject may be held. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Until when this subject is held; `null` where it is not. */
  subjectDueMs(subject: string, nowMs: number): number | null {
    const untilMs = this.#held.get(subject);
    return untilMs === undefined || untilMs <= nowMs ? null : untilMs;
  }

  /** A call goes out. */
  took(nowMs: number): void {
    if (nowMs < this.#untilMs) this.#nextMs = nowMs + TRICKLE_MS;
  }

  /** A call was answered by 429, with how long to wait. */
  pushedBack({ subject, route }: TypedCall, asked: AskedToWait): void {
    const { retryAfterMs, beganAtMs, nowMs, isOneType } = asked;
    this.#hold(subject, nowMs + Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX), nowMs);
    if (nowMs - this.#firstAtMs > WINDOW_MS && !this.isOn(nowMs)) {
      this.#forget();
      this.#firstAtMs = nowMs;
      this.#firstBeganAtMs = beganAtMs;
    }
    this.#subjects.add(subject);
    this.#routes.add(route);
    const isOfSeveral = this.#subjects.size > 1 && (isOneType || this.#routes.size > 1);
    if (!isOfSeveral && !this.isOn(nowMs)) return;
    if (!this.isOn(nowMs)) this.#nextMs = nowMs + TRICKLE_MS;
    this.#untilMs = nowMs + Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX);
  }

  /** A call was answered well. True where the upstream is left alone no more. */
  answered({ subject }: TypedCall, beganAtMs: number, nowMs: number): boolean {
    if (this.#held.size > 0) this.#held.delete(subject);
    // What began before it says nothing of now.
    if (beganAtMs <= this.#firstBeganAtMs) return false;
    const wasOn = this.isOn(nowMs);
    this.#forget();
    this.#untilMs = Number.NEGATIVE_INFINITY;
    return wasOn;
  }

  #forget(): void {
    this.#subjects.clear();
    this.#routes.clear();
    this.#firstBeganAtMs = Number.POSITIVE_INFINITY;
    this.#firstAtMs = Number.NEGATIVE_INFINITY;
  }

  #hold(subject: string, untilMs: number, nowMs: number): void {
    if (this.#held.size >= HELD_SUBJECTS_MAX) {
      for (const [name, until] of this.#held) if (until <= nowMs) this.#held.delete(name);
    }
    if (this.#held.size < HELD_SUBJECTS_MAX || this.#held.has(subject))
      this.#held.set(subject, untilMs);
  }
}
