/**
 * How many slots there should be once they are open: fewer are tried, and kept if as much gets done (PF-6).
 *
 * @module
 */

import type { FlowNews, FlowReason } from './flowNews.ts';
import type { FlowPolicy } from './flowPolicy.ts';
import type { Measured } from './flowWindow.ts';
import { SPARE_SHARE } from './slotRamp.ts';

/** Slower than the usual by this share: fewer slots are tried. */
const SLOWER_BY = 0.25;
/** No slower than this: more slots may open. */
const CALM_SHARE = 0.12;
/** The first of several trials takes a fifth of the slots away. */
const FIRST_TRY = 0.8;
/** What a trial may lose, as a share of what it would lose if none of the latency were of our making. */
const LOSS_ALLOWED = 0.35;
/** A trial that loses this much of that shows that none is. */
const IN_PROPORTION = 0.8;
const MORE = 1.25;
/** Failures that come with latency: the upstream is beyond what it bears. */
const FAILING_BY = 0.1;
/** Windows to wait after a trial in vain: doubled by each further one. */
const PATIENCE_MIN = 4;
const PATIENCE_MAX = 64;
/** Calm windows in a row open ever more slots: 5 %, 10 %, 20 %, at most half as many again. */
const GROWTH_MIN = 0.05;
const GROWTH_MAX = 0.5;
/** Where fewer are used than there are, so many times what is used are open. */
const UNUSED_FACTOR = 2;
/** Differences of shares are chance below so many standard errors. */
const ERRORS = 2;

interface Trial {
  readonly from: number;
  readonly before: Measured;
}

/**
 * Latency alone can't tell a queue of our own making from an upstream that is slow by itself, and an error
 * rate says nothing about slots at all. So it is tried (as failsafe-go's adaptive limiter correlates, and
 * BBR measures its round trip with little in flight): with fewer slots, if the latency was a queue, as much
 * gets done (Little's law: in flight = goodput * latency); if it was not, less does, and the slots come back
 * and the latency is the usual one from then on.
 */
export class SlotTrials {
  readonly #policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'latencyNoiseMs'>;
  /** The latency of an upstream that has nothing to wait for. */
  #usualMs = Number.POSITIVE_INFINITY;
  #usualFailing = 0;
  #trial: Trial | null = null;
  #keptInARow = 0;
  #patience = PATIENCE_MIN;
  #windowsToWait = 0;
  #growth = GROWTH_MIN;
  #grown: { readonly from: number; readonly before: Measured } | null = null;

  constructor(policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'latencyNoiseMs'>) {
    this.#policy = policy;
  }

  get isTrying(): boolean {
    return this.#trial !== null;
  }

  get usualMs(): number {
    return this.#usualMs;
  }

  /** What was found on the way here: a ramp has measured the latency with few calls in flight. */
  start(usualMs: number): void {
    this.#usualMs = Math.min(this.#usualMs, usualMs);
    this.stop();
  }

  /** What is under way means nothing any more: an outage, or slots that were halved. */
  stop(): void {
    this.#trial = null;
    this.#grown = null;
    this.#keptInARow = 0;
    this.#windowsToWait = 0;
    this.#growth = GROWTH_MIN;
  }

  /**
   * A window is over.
   *
   * @returns how many slots there are from now on, and what to tell of it
   */
  measured(
    slots: number,
    now: Measured,
  ): { readonly slots: number; readonly news: FlowNews | null } {
    if (this.#trial !== null) return this.#judge(this.#trial, slots, now);
    const grown = this.#grown;
    this.#grown = null;
    if (grown !== null && this.#failsMore(grown.before, now) && !isMoreDone(grown.before, now)) {
      // More slots brought more failures and nothing else.
      this.#rest();
      return tell('trial.undone', slots, grown.from, 'moreFailing');
    }
    this.#usualMs = Math.min(this.#usualMs, now.latencyMs);
    if (!now.isBound) {
      this.#growth = GROWTH_MIN;
      return { slots: Math.max(slots, UNUSED_FACTOR * now.peak), news: null };
    }
    const failing = now.failureShare > this.#usualFailing + FAILING_BY;
    if (!failing || this.#windowsToWait > 0) {
      this.#usualFailing += 0.2 * (now.failureShare - this.#usualFailing);
    }
    if (this.#isSlow(now)) {
      this.#growth = GROWTH_MIN;
      if (this.#windowsToWait > 0 && !failing) {
        this.#windowsToWait -= 1;
        return { slots, news: null };
      }
      return this.#try(slots, now, failing);
    }
    if (this.#windowsToWait > 0) this.#windowsToWait -= 1;
    else if (this.#isCalm(now)) return this.#grow(slots, now);
    return { slots, news: null };
  }

  #isSlow({ latencyMs, latencyErrorMs }: Measured): boolean {
    const usualMs = this.#usualMs;
    const bound = Math.max((1 + SLOWER_BY) * usualMs, usualMs + this.#policy.latencyNoiseMs);
    return latencyMs > bound && latencyMs - ERRORS * latencyErrorMs > usualMs;
  }

  #isCalm({ latencyMs }: Measured): boolean {
    const usualMs = this.#usualMs;
    return (
      latencyMs <= Math.max((1 + CALM_SHARE) * usualMs, usualMs + this.#policy.latencyNoiseMs / 2)
    );
  }

  #try(slots: number, before: Measured, isFailing: boolean): ReturnType<SlotTrials['measured']> {
    const { slotsMin } = this.#policy;
    const worked = slots * (this.#usualMs / before.latencyMs) * (1 + SPARE_SHARE);
    // Where it fails as well, or a trial was kept just now, it is hardly slow by itself.
    const isSure = isFailing || this.#keptInARow > 0;
    const least = isSure ? slots / 2 : slots * FIRST_TRY;
    const fewer = Math.min(Math.floor(slots) - 1, Math.ceil(Math.max(worked, least)));
    const to = Math.max(slotsMin, fewer);
    if (to >= Math.floor(slots)) {
      // With so few in flight it is slow by itself.
      this.#usualMs = before.latencyMs;
      this.#growth = GROWTH_MAX;
      return this.#grow(slots, before);
    }
    this.#trial = { from: slots, before };
    return tell('trial.began', slots, to, isFailing ? 'slowerAndFailing' : 'slower');
  }

  #judge(
    { from, before }: Trial,
    slots: number,
    now: Measured,
  ): ReturnType<SlotTrials['measured']> {
    this.#trial = null;
    // Less was asked for meanwhile: it says nothing.
    if (!now.isBound) return tell('trial.undone', slots, from, 'lessAsked');
    const least = 1 - LOSS_ALLOWED * (1 - slots / from);
    const ratio = ratioOfGoodput(before, now);
    if (ratio >= least) {
      this.#usualMs = Math.min(this.#usualMs, now.latencyMs);
      this.#keptInARow += 1;
      this.#patience = PATIENCE_MIN;
      return tell('trial.kept', from, slots, 'noLessDone');
    }
    this.#keptInARow = 0;
    this.#usualMs = Math.max(this.#usualMs, before.latencyMs);
    this.#rest();
    const isInProportion = ratio <= 1 - IN_PROPORTION * (1 - slots / from);
    // As much less done as there were fewer slots: more get more done.
    return tell(
      'trial.undone',
      slots,
      isInProportion ? Math.max(from + 1, from * MORE) : from,
      'lessDone',
    );
  }

  #rest(): void {
    this.#windowsToWait = this.#patience;
    this.#patience = Math.min(PATIENCE_MAX, 2 * this.#patience);
    this.#growth = GROWTH_MIN;
  }

  #grow(slots: number, before: Measured): ReturnType<SlotTrials['measured']> {
    this.#keptInARow = 0;
    const to = Math.min(this.#policy.slotsMax, Math.max(slots + 1, slots * (1 + this.#growth)));
    if (to <= slots) return { slots, news: null };
    this.#growth = Math.min(GROWTH_MAX, 2 * this.#growth);
    this.#grown = { from: slots, before };
    return { slots: to, news: null };
  }

  #failsMore(before: Measured, now: Measured): boolean {
    return now.failureShare > before.failureShare && isBeyondChance(before, now);
  }
}

/** Goodput of one window over another's; failures differ only where chance does not explain it. */
function ratioOfGoodput(before: Measured, now: Measured): number {
  if (isBeyondChance(before, now)) return now.goodput / before.goodput;
  return now.throughput / before.throughput;
}

function isMoreDone(before: Measured, now: Measured): boolean {
  return ratioOfGoodput(before, now) > 1;
}

function isBeyondChance(one: Measured, other: Measured): boolean {
  const results = one.results + other.results;
  const share = (one.failureShare * one.results + other.failureShare * other.results) / results;
  const error = Math.sqrt(share * (1 - share) * (1 / one.results + 1 / other.results));
  return Math.abs(one.failureShare - other.failureShare) > ERRORS * error;
}

function tell(
  type: 'trial.began' | 'trial.kept' | 'trial.undone',
  from: number,
  to: number,
  because: FlowReason,
): ReturnType<SlotTrials['measured']> {
  return { slots: to, news: { type, from: Math.floor(from), to: Math.floor(to), because } };
}
