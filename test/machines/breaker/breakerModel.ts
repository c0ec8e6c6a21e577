/**
 * What a breaker has to do, said a second time and more plainly: lists and loops where the chart has
 * states and guards. Histories compare the two (CB-1, CB-2, CB-4, RT-1).
 *
 * @module
 */

import type { BreakerPacing } from '../../../machines/policy/breaker/breakerPolicy.ts';
import type { HoldKind } from '../../../machines/policy/breaker/operatorHolds.ts';

type Rest = 'closed' | 'open' | 'halfOpen';

/** How strong an order is: the first is in force. */
const STRENGTH: readonly HoldKind[] = ['forcedOpen', 'disabled', 'observing'];

export class BreakerModel {
  readonly #pacing: BreakerPacing;
  #rest: Rest = 'closed';
  #orders: { readonly kind: HoldKind; readonly by: string | undefined }[] = [];
  generation = 1;
  /** No probe goes out before this. */
  untilMs = 0;
  #beganMs: number | null = null;
  #probesAtOnce = 1;
  #failed = 0;
  #leases: { readonly id: string; readonly endsMs: number }[] = [];
  /** Spans of time in which it was down, the last perhaps without an end. */
  #down: { readonly fromMs: number; readonly toMs: number | null }[] = [];
  /** Outages that are over. */
  readonly #outages: { readonly fromMs: number; readonly toMs: number }[] = [];
  recoveries = 0;

  constructor(pacing: BreakerPacing) {
    this.#pacing = pacing;
  }

  get state(): Rest | HoldKind {
    return STRENGTH.find((kind) => this.#orders.some((order) => order.kind === kind)) ?? this.#rest;
  }

  get orders(): number {
    return this.#orders.length;
  }

  downMs(nowMs: number): number {
    return this.#down.reduce((sum, { fromMs, toMs }) => sum + (toMs ?? nowMs) - fromMs, 0);
  }

  wasDown(atMs: number): boolean {
    if (this.#beganMs !== null && atMs >= this.#beganMs) return true;
    return this.#outages.slice(-32).some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
  }

  probesFree(nowMs: number): number {
    if (this.state !== 'halfOpen' || nowMs < this.untilMs) return 0;
    const out = this.#leases.filter(({ endsMs }) => endsMs > nowMs).length;
    return Math.max(0, this.#probesAtOnce - this.#failed - out);
  }

  /** Time has come to this instant. */
  pass(nowMs: number): void {
    if (this.state === 'open' && nowMs >= this.untilMs) this.#become('halfOpen');
  }

  trip(nowMs: number, beganMs: number, probes: number, generation: number): void {
    if (this.state !== 'closed' || generation !== this.generation) return;
    this.#beganMs = beganMs;
    this.#probesAtOnce = probes;
    this.#goDown(beganMs);
    this.#open(nowMs);
  }

  /** True where it gets leave. */
  ask(nowMs: number, id: string): boolean {
    const may = this.probesFree(nowMs) > 0;
    if (may) this.#leases.push({ id, endsMs: nowMs + this.#pacing.leaseMs });
    return may;
  }

  report(
    nowMs: number,
    id: string,
    end: 'succeeded' | 'failed' | 'ignored',
    generation: number,
    retryAfterMs: number,
  ): void {
    const { state } = this;
    const isOfNow = state === 'halfOpen' && generation === this.generation;
    if (isOfNow && end === 'succeeded') {
      this.#close(nowMs);
      return;
    }
    const isOut = isOfNow && this.#leases.some((held) => held.id === id && held.endsMs > nowMs);
    if (isOut) this.#leases = this.#leases.filter((lease) => lease.id !== id);
    if (end !== 'failed') return;
    // Whichever probe it was: the upstream asks for that time now.
    if (state === 'open' || state === 'halfOpen') {
      const askedMs = Math.min(this.#pacing.retryAfterMsMax, retryAfterMs);
      this.untilMs = Math.max(this.untilMs, nowMs + askedMs);
    }
    if (!isOut) return;
    this.#failed += 1;
    if (this.#failed >= this.#probesAtOnce) this.#open(nowMs);
  }

  crisisDelivered(nowMs: number): void {
    if (this.state === 'open' || this.state === 'halfOpen') this.#close(nowMs);
  }

  order(nowMs: number, kind: HoldKind, by: string | undefined): void {
    const before = this.state;
    this.#orders.push({ kind, by });
    if (this.state === before) return;
    this.generation += 1;
    this.#leases = [];
    this.#failed = 0;
    this.#endOutage(nowMs);
    if (this.state === 'forcedOpen') this.#goDown(nowMs);
    else this.#goUp(nowMs);
  }

  release(nowMs: number, by: string | undefined): void {
    if (this.#orders.length === 0) return;
    const before = this.state;
    const own = this.#orders.findLastIndex((order) => by === undefined || order.by === by);
    const place = own === -1 ? this.#orders.findLastIndex((order) => order.by === undefined) : own;
    // What others hold is theirs.
    if (place === -1) return;
    this.#orders.splice(place, 1);
    // Whoever held it open hid what the upstream does: a probe shows it. Else it is taken for well.
    if (this.#orders.length === 0) {
      this.#rest = before === 'forcedOpen' ? 'halfOpen' : 'closed';
      if (before === 'forcedOpen') this.#probesAtOnce = 1;
    }
    if (this.state === before) return;
    this.generation += 1;
    if (this.state !== 'halfOpen') this.#goUp(nowMs);
  }

  /** Another process goes on after a time in which none ran. */
  restart(diedMs: number, nowMs: number): void {
    this.#leases = [];
    this.#failed = 0;
    const last = this.#down.at(-1);
    if (last?.toMs === null) this.#down.splice(-1, 1, { fromMs: last.fromMs, toMs: diedMs });
    if (last?.toMs === null) this.#down.push({ fromMs: nowMs, toMs: null });
    this.pass(nowMs);
  }

  #become(rest: Rest): void {
    this.#rest = rest;
    this.generation += 1;
    this.#leases = [];
    this.#failed = 0;
  }

  #open(nowMs: number): void {
    const { probeMsMin, probeShare, probeMsMax } = this.#pacing;
    const share = probeShare * (nowMs - (this.#beganMs ?? nowMs));
    this.#beganMs ??= nowMs;
    const waitMs = Math.round(Math.min(probeMsMax, Math.max(probeMsMin, share)));
    this.untilMs = Math.max(this.untilMs, nowMs + waitMs);
    this.#become('open');
  }

  #close(nowMs: number): void {
    if (this.#beganMs !== null) this.recoveries += 1;
    this.#endOutage(nowMs);
    this.#goUp(nowMs);
    this.#become('closed');
  }

  #endOutage(nowMs: number): void {
    if (this.#beganMs !== null) this.#outages.push({ fromMs: this.#beganMs, toMs: nowMs });
    this.#beganMs = null;
    this.untilMs = 0;
  }

  #goDown(fromMs: number): void {
    if (this.#down.at(-1)?.toMs !== null) this.#down.push({ fromMs, toMs: null });
  }

  #goUp(nowMs: number): void {
    const last = this.#down.at(-1);
    if (last?.toMs === null) this.#down.splice(-1, 1, { fromMs: last.fromMs, toMs: nowMs });
  }
}
