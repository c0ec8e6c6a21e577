/**
 * The server of a drill: so many workers with a queue before them, and what may go wrong with them. Free
 * of HTTP and on the clock it is given, so that virtual and real time run the same server.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Answer, Call, CallRecord, DrillServer, Outage, Why } from './drill.ts';

/** How calls fail that fail by the drill's own share. */
export type FaultKind = 500 | 503 | 429 | 'reset';

/** What a server can do and what is wrong with it; times in milliseconds since the start. */
export interface ServerPlan {
  /** Calls that it completes in a second when well. */
  readonly perSecond: number;
  /** How long a worker takes for one call, on average. */
  readonly workMs: number;
  /** How much that varies: ± 20 %, ± 50 %, or exponentially. Default narrow. */
  readonly spread?: 'narrow' | 'half' | 'wide';
  /** Share of calls that fail whatever anybody does, and how. They take a worker as any other. */
  readonly faultShare?: number;
  readonly faultKinds?: readonly FaultKind[];
  /** Share of calls that are never answered. They take no worker. */
  readonly stallShare?: number;
  readonly outages?: readonly Outage[];
  /** What a call in an outage gets. Default `refused`; `stalled`: no answer. */
  readonly outageAnswer?: Answer | 'stalled';
  /** Calls in flight when an outage begins are answered as if there were none. */
  readonly sparesInFlight?: boolean;
  /** Share of the workers that work, from a time on. */
  readonly phases?: readonly { readonly fromMs: number; readonly share: number }[];
  /** Calls for each worker beyond which it gets slower and fails. Default: never. */
  readonly overloadFrom?: number;
  /** 429 beyond this. */
  readonly limit?: { readonly perSecond: number; readonly burst: number };
  /** 429 beyond so many calls in each span of time, with `Retry-After` until the next one. */
  readonly quota?: Quota;
  /** How long a call takes at a time, whatever is in flight: instead of workers. */
  readonly latencyMs?: (atMs: number) => number;
  readonly isPoison?: (call: Pick<Call, 'type' | 'subject'>) => boolean;
}

/** So many calls in each span of `perMs`. */
export interface Quota {
  readonly calls: number;
  readonly perMs: number;
}

/** An answer that needs no work. */
const QUICK_MS = 5;
const SPREADS = { narrow: 0.2, half: 0.5 };

interface Held {
  readonly record: CallRecord;
  /** How often the server has seen its key. */
  readonly seen: number;
  /** Ends the call for its caller, once. */
  readonly answer: (answer: Answer) => void;
  readonly isPoison: boolean;
  isGone: boolean;
  cancelWork: (() => void) | null;
}

/**
 * Workers with a first-come queue: a call takes `workMs` once a worker is free, so that more calls in flight
 * than workers only wait. Beyond `overloadFrom` calls a worker each takes longer and some are refused with
 * 503: what such a server completes in a second falls (the retrograde part of Gunther's Universal
 * Scalability Law).
 *
 * Whether a call fails by the drill's share depends on seed, key and how often the key was seen, not on order. A caller
 * that gives up is not noticed: the work goes on, and its key is applied. An outage cuts off what is in
 * flight, unless it is spared.
 */
export class ServerModel implements DrillServer {
  readonly calls: CallRecord[] = [];
  readonly #plan: ServerPlan;
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #applied = new Set<string>();
  readonly #seen = new Map<string, number>();
  readonly #held = new Set<Held>();
  #queue: Held[] = [];
  #busy = 0;
  #tokens: number;
  #tokensAtMs = 0;
  #quotaSpan = -1;
  #quotaUsed = 0;
  #cancelOnset: (() => void) | null = null;

  constructor(plan: ServerPlan, seed: number, clock: Clock) {
    this.#plan = plan;
    this.#seed = seed;
    this.#clock = clock;
    this.#startMs = clock.monotonic();
    this.#tokens = plan.limit?.burst ?? 0;
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  call(call: Call, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const giveUp = this.begin(call, (answer) => {
        signal.removeEventListener('abort', abort);
        resolve(answer);
      });
      function abort(): void {
        giveUp();
        reject(signal.reason as Error);
      }
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  /** As `call`, without a promise: `answer` may never be called. Returns how to give the call up. */
  begin(call: Call, answer: (answer: Answer) => void): () => void {
    const nowMs = this.nowMs;
    const record: CallRecord = {
      key: call.key,
      attempt: call.attempt,
      beganAtMs: nowMs,
      endedAtMs: null,
      why: 'ok',
      isApplied: false,
    };
    this.calls.push(record);
    const { isPoison } = this.#plan;
    const seen = (this.#seen.get(call.key) ?? 0) + 1;
    this.#seen.set(call.key, seen);
    const held: Held = {
      record,
      seen,
      answer,
      isPoison: isPoison?.(call) === true,
      isGone: false,
      cancelWork: null,
    };
    this.#held.add(held);
    this.#armOnset();
    this.#admit(held, nowMs);
    return () => {
      this.#giveUp(held);
    };
  }

  #admit(held: Held, nowMs: number): void {
    const {
      outages,
      outageAnswer,
      stallShare = 0,
      limit,
      quota,
      latencyMs,
      overloadFrom,
    } = this.#plan;
    const { record } = held;
    if (isIn(outages, nowMs)) {
      record.why = 'outage';
      if (outageAnswer === 'stalled') return;
      this.#endLater(held, outageAnswer ?? 'refused', QUICK_MS);
    } else if (limit !== undefined && !this.#takeToken(limit, nowMs)) {
      record.why = 'rate';
      this.#endLater(held, { status: 429 }, QUICK_MS);
    } else if (quota !== undefined && !this.#takeOfQuota(quota, nowMs)) {
      record.why = 'rate';
      const retryAfterMs = quota.perMs - (nowMs % quota.perMs);
      this.#endLater(held, { status: 429, retryAfterMs }, QUICK_MS);
    } else if (this.#applied.has(record.key)) {
      record.why = 'repeated';
      this.#endLater(held, { status: 200 }, QUICK_MS);
    } else if (this.#chance(held, 1) < stallShare) {
      record.why = 'stalled';
    } else if (overloadFrom !== undefined && this.#chance(held, 2) < this.#refusedShare()) {
      record.why = 'overload';
      this.#endLater(held, { status: 503 }, QUICK_MS);
    } else if (held.isPoison) {
      record.why = 'poison';
      this.#endLater(held, { status: 500 }, QUICK_MS);
    } else if (latencyMs !== undefined) {
      this.#work(held, latencyMs(nowMs));
    } else {
      this.#queue.push(held);
      this.#next();
    }
  }

  /** How far beyond what it bears: 0 up to there, 1 at twice that. */
  #excess(): number {
    const { overloadFrom } = this.#plan;
    if (overloadFrom === undefined) return 0;
    const bears = overloadFrom * Math.max(1, this.#workers());
    return Math.max(0, (this.#queue.length + this.#busy) / bears - 1);
  }

  #refusedShare(): number {
    return Math.min(0.9, 0.5 * this.#excess());
  }

  #workers(): number {
    const { perSecond, workMs, phases = [] } = this.#plan;
    const nowMs = this.nowMs;
    const share = phases.findLast(({ fromMs }) => fromMs <= nowMs)?.share ?? 1;
    return ((perSecond * workMs) / 1000) * share;
  }

  #next(): void {
    while (this.#queue.length > 0 && this.#busy < Math.max(1, Math.round(this.#workers()))) {
      const held = this.#queue.shift();
      if (held === undefined) return;
      this.#busy += 1;
      this.#work(held, this.#plan.workMs * (1 + this.#excess()));
    }
  }

  #work(held: Held, meanMs: number): void {
    const draw = this.#chance(held, 3);
    const { spread = 'narrow' } = this.#plan;
    const share = spread === 'wide' ? 0 : SPREADS[spread];
    const ms = meanMs * (spread === 'wide' ? -Math.log(1 - draw) : 1 - share + 2 * share * draw);
    const isWorker = this.#plan.latencyMs === undefined;
    const done = this.#clock.schedule(ms, () => {
      held.cancelWork = null;
      if (isWorker) this.#busy -= 1;
      this.#worked(held);
      this.#next();
    });
    held.cancelWork = (): void => {
      done();
      if (isWorker) this.#busy -= 1;
    };
  }

  #worked(held: Held): void {
    const { faultShare = 0, faultKinds = [500] } = this.#plan;
    const { record } = held;
    if (this.#chance(held, 4) < faultShare) {
      const index = Math.floor(this.#chance(held, 5) * faultKinds.length);
      const kind = faultKinds[index] ?? 500;
      this.#end(held, kind === 'reset' ? kind : { status: kind }, 'random');
    } else {
      this.#applied.add(record.key);
      record.isApplied = true;
      this.#end(held, { status: 200 }, held.isGone ? record.why : 'ok');
    }
  }

  #endLater(held: Held, answer: Answer, ms: number): void {
    held.cancelWork = this.#clock.schedule(ms, () => {
      held.cancelWork = null;
      this.#end(held, answer, held.record.why);
    });
  }

  #end(held: Held, answer: Answer, why: Why): void {
    this.#held.delete(held);
    if (held.isGone) return;
    held.isGone = true;
    held.record.why = why;
    held.record.endedAtMs = this.nowMs;
    this.#disarmOnset();
    held.answer(answer);
  }

  #giveUp(held: Held): void {
    if (held.isGone) return;
    held.isGone = true;
    const { record } = held;
    if (record.why === 'ok') record.why = 'slow';
    record.endedAtMs = this.nowMs;
    if (held.cancelWork === null && !this.#queue.includes(held)) this.#held.delete(held);
    this.#disarmOnset();
  }

  #armOnset(): void {
    if (this.#cancelOnset !== null || this.#plan.sparesInFlight === true) return;
    const nowMs = this.nowMs;
    const next = this.#plan.outages?.find(({ fromMs }) => fromMs > nowMs);
    if (next === undefined) return;
    this.#cancelOnset = this.#clock.schedule(next.fromMs - nowMs, () => {
      this.#cancelOnset = null;
      this.#cutOff();
    });
  }

  /** Nothing in flight: no wake-up is left that would hold a process. */
  #disarmOnset(): void {
    if (this.#held.size > 0) return;
    this.#cancelOnset?.();
    this.#cancelOnset = null;
  }

  #cutOff(): void {
    this.#queue = [];
    for (const held of [...this.#held]) {
      held.cancelWork?.();
      held.cancelWork = null;
      if (this.#plan.outageAnswer === 'stalled') held.record.why = 'outage';
      else this.#end(held, 'reset', 'outage');
    }
    if (this.#held.size > 0) this.#armOnset();
  }

  #takeToken({ perSecond, burst }: { perSecond: number; burst: number }, nowMs: number): boolean {
    const earned = ((nowMs - this.#tokensAtMs) * perSecond) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + earned);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #takeOfQuota({ calls, perMs }: Quota, nowMs: number): boolean {
    const span = Math.floor(nowMs / perMs);
    if (span !== this.#quotaSpan) this.#quotaUsed = 0;
    this.#quotaSpan = span;
    if (this.#quotaUsed >= calls) return false;
    this.#quotaUsed += 1;
    return true;
  }

  /** From [0, 1), by seed, key and how often it was seen: FNV-1a, then the finaliser of MurmurHash3. */
  #chance({ record: { key }, seen }: Held, salt: number): number {
    let hash = 0x811c9dc5 ^ Math.imul(this.#seed, 0x9e3779b1);
    for (let at = 0; at < key.length; at++) {
      hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    }
    hash = Math.imul(hash ^ (seen * 31 + salt), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }
}

export function isIn(outages: readonly Outage[] | undefined, atMs: number): boolean {
  return outages?.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs) === true;
}
