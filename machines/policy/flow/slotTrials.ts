/**
 * How many slots there should be once they are open: fewer are tried, and kept if as much gets done (PF-6).
 *
 * @module
 */

import { BUSY_RESULTS_MIN, BusyAnswers, isBusy } from './busyAnswers.ts';
import type { FlowNews, FlowReason } from './flowNews.ts';
import type { FlowPolicy } from './flowPolicy.ts';
import type { Measured } from './flowWindow.ts';
import { SPARE_SHARE } from './slotRamp.ts';

/** Slower than the usual by this share: fewer slots are tried. */
const SLOWER_BY = 0.25;
/** No slower than this: more slots may open. */
const CALM_SHARE = 0.12;
/** So many windows that are neither: what is usual was measured too low. */
const BETWEEN_MAX = 16;
/** The first of several trials takes a fifth of the slots away. */
const FIRST_TRY = 0.8;
/** What a trial may lose, as a share of what it would lose if none of the latency were of our making. */
const LOSS_ALLOWED = 0.35;
/** The same where none is answered by 503 any more: what was done before may be that of a stronger upstream. */
const LOSS_WHERE_RELIEVED = 0.8;
/** A trial that loses this much of that shows that none is. */
const IN_PROPORTION = 0.7;
/** Failures that come with latency: the upstream is beyond what it bears. */
const FAILING_BY = 0.1;
/** Windows to wait after a trial in vain: doubled by each further one. */
const PATIENCE_MIN = 4;
const PATIENCE_MAX = 64;
/** What is usual is questioned after so many windows that were bound; sooner where much fails. */
const QUESTION_AFTER = 40;
const QUESTION_FAILING_AFTER = 8;
/** Where a ramp has found none, the first that is seen is questioned soon. */
const QUESTION_SOON = 4;
const QUESTION_FAILING_SHARE = 0.3;
/** Some are refused by 503: a trial takes an eighth of the slots away. */
const BUSY_TRY = 7 / 8;
/** Where more is refused than this, less done with fewer slots is no reason to open many. */
const BUSY_MAX = 0.05;
/** Many more are than usual, and answers are not slow yet: a quarter. */
const BUSIER_TRY = 0.75;
/** Slots that are left when what is usual is questioned. */
const QUESTION_TRY = 0.6;
/** Calm windows in a row open ever more slots: 5 %, 10 %, 20 %, at most half as many again. */
const GROWTH_MIN = 0.05;
const GROWTH_MAX = 0.5;
/** Where fewer are used than there are, so many times what is used are open. */
const UNUSED_FACTOR = 2;
/** Differences are chance below so many standard errors. */
const ERRORS = 2;

/** What is decided at the end of a window. */
export interface SlotDecision {
  readonly slots: number;
  readonly news: FlowNews | null;
  /** - `goOn`: it says too little. - `ramp`: more slots get more done. */
  readonly after: 'nextWindow' | 'goOn' | 'ramp';
}

interface Before {
  readonly from: number;
  readonly before: Measured;
}

interface Trial extends Before {
  /** Fewer slots are tried because some calls are refused. */
  readonly isOfBusy: boolean;
}

/**
 * Latency alone can't tell a queue of our own making from an upstream that is slow by itself, and an error
 * rate says nothing about slots at all. So it is tried (as failsafe-go's adaptive limiter correlates, and
 * BBR measures its round trip with little in flight): with fewer slots, if the latency was a queue, as much
 * gets done (Little's law: in flight = goodput * latency); if it was not, less does, and the slots come back
 * and the latency is the usual one from then on.
 */
export class SlotTrials {
  #policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'latencyNoiseMs'>;
  /** The latency of an upstream that has nothing to wait for. */
  #usualMs = Number.POSITIVE_INFINITY;
  #usualFailing = -1;
  #trial: Trial | null = null;
  #grown: Before | null = null;
  #keptInARow = 0;
  #growth = GROWTH_MIN;
  #between = 0;
  #patience = PATIENCE_MIN;
  #windowsToWait = 0;
  #questionPatience = 1;
  #unquestioned = 0;
  readonly #busy = new BusyAnswers();

  constructor(policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'latencyNoiseMs'>) {
    this.#policy = policy;
  }

  /** Other numbers from now on. */
  change(policy: Pick<FlowPolicy, 'slotsMin' | 'slotsMax' | 'latencyNoiseMs'>): void {
    this.#policy = policy;
  }

  get isTrying(): boolean {
    return this.#trial !== null;
  }

  /** Infinite before anything was measured. */
  get usualMs(): number {
    return this.#usualMs;
  }

  /** A ramp is over: it has measured the latency with few calls in flight. */
  start(fastestMs: number): void {
    this.#usualMs = fastestMs;
    this.stop();
    if (!Number.isFinite(fastestMs)) this.#unquestioned = QUESTION_AFTER - QUESTION_SOON;
  }

  /** The slots of before a trial that is under way, else those given. */
  settled(slots: number): number {
    return this.#trial?.from ?? slots;
  }

  /** What is under way means nothing any more: an outage, or slots that were halved. */
  stop(): void {
    this.#trial = null;
    this.#grown = null;
    this.#keptInARow = 0;
    this.#growth = GROWTH_MIN;
    this.#windowsToWait = 0;
    this.#unquestioned = 0;
    this.#busy.forgetLimit();
  }

  /** A window is looked at. */
  measured(slots: number, now: Measured): SlotDecision {
    const trial = this.#trial;
    if (trial !== null) {
      const isEnough = !trial.isOfBusy || now.results >= BUSY_RESULTS_MIN || !now.isBound;
      const isOver = (now.isPrecise && isEnough) || this.#isWeaker(trial, now);
      return isOver ? this.#judge(trial, slots, now) : goOn(slots);
    }
    const grown = this.#grown;
    this.#grown = null;
    if (grown !== null) this.#busy.compare(now, grown.before);
    if (grown !== null && failsMore(grown.before, now) && ratioOfGoodput(grown.before, now) <= 1) {
      // More slots brought more failures and nothing else.
      const isOfLoad = this.#busy.isOfLoad && isBusy(now);
      if (isOfLoad) this.#busy.limitTo(slots);
      else this.#rest();
      this.#growth = GROWTH_MIN;
      const to = isOfLoad ? Math.max(grown.from, slots * BUSY_TRY) : grown.from;
      return tell('trial.undone', slots, to, 'moreFailing');
    }
    this.#usualMs = Math.min(this.#usualMs, now.latencyMs + now.latencyErrorMs);
    if (!now.isBound) {
      this.#growth = GROWTH_MIN;
      return next(Math.min(this.#policy.slotsMax, Math.max(slots, UNUSED_FACTOR * now.peak)));
    }
    return this.#bound(slots, now);
  }

  #bound(slots: number, now: Measured): SlotDecision {
    this.#unquestioned += 1;
    const share = now.failureShare;
    if (this.#usualFailing < 0) this.#usualFailing = share;
    const error = Math.sqrt((share * (1 - share)) / now.results);
    const isFailing = share - this.#usualFailing > Math.max(FAILING_BY, ERRORS * error);
    if (!isFailing || this.#windowsToWait > 0) {
      this.#usualFailing += 0.2 * (share - this.#usualFailing);
    }
    if (this.#isSlow(now) || (isFailing && isBusy(now) && this.#busy.isOfLoad)) {
      this.#busy.changed();
      this.#growth = GROWTH_MIN;
      if (this.#windowsToWait === 0 || isFailing) {
        return now.isPrecise || isFailing ? this.#try(slots, now, isFailing) : goOn(slots);
      }
    }
    const refused = this.#busy.measured(now);
    if (refused !== null && !isFailing) {
      this.#growth = GROWTH_MIN;
      if (refused.results < BUSY_RESULTS_MIN) return next(slots);
      return this.#begin(slots, slots * BUSY_TRY, refused, 'busy');
    }
    const isMuch = share > QUESTION_FAILING_SHARE;
    const questionAfter = isMuch ? QUESTION_FAILING_AFTER : QUESTION_AFTER;
    if (this.#unquestioned >= questionAfter * this.#questionPatience) {
      return now.isPrecise ? this.#question(slots, now) : goOn(slots);
    }
    if (this.#windowsToWait > 0) this.#windowsToWait -= 1;
    else if (this.#isCalm(now)) return this.#grow(slots, now);
    else this.#between += 1;
    if (this.#between < BETWEEN_MAX) return next(slots);
    this.#between = 0;
    this.#usualMs = Math.max(this.#usualMs, now.latencyMs);
    return next(slots);
  }

  #isSlow({ latencyMs, latencyErrorMs }: Measured): boolean {
    const usualMs = this.#usualMs;
    const bound = Math.max((1 + SLOWER_BY) * usualMs, usualMs + this.#policy.latencyNoiseMs);
    return latencyMs > bound && latencyMs - ERRORS * latencyErrorMs > usualMs;
  }

  #isCalm({ latencyMs, latencyErrorMs }: Measured): boolean {
    const usualMs = this.#usualMs;
    const bound = Math.max((1 + CALM_SHARE) * usualMs, usualMs + this.#policy.latencyNoiseMs / 2);
    return latencyMs - latencyErrorMs <= bound;
  }

  #try(slots: number, before: Measured, isFailing: boolean): SlotDecision {
    const worked = slots * (this.#usualMs / before.latencyMs) * (1 + SPARE_SHARE);
    // Where it fails as well, or a trial was kept just now, it is hardly slow by itself.
    const least = isFailing || this.#keptInARow > 0 ? slots / 2 : slots * FIRST_TRY;
    const because = isFailing ? 'slowerAndFailing' : 'slower';
    const wanted = this.#isSlow(before) ? worked : slots * BUSIER_TRY;
    return this.#begin(slots, Math.max(wanted, least), before, because);
  }

  /** What seems usual may be a queue that was always there. */
  #question(slots: number, before: Measured): SlotDecision {
    this.#unquestioned = 0;
    this.#questionPatience = Math.min(PATIENCE_MAX, 2 * this.#questionPatience);
    return this.#begin(slots, slots * QUESTION_TRY, before, 'questioned');
  }

  #begin(slots: number, wanted: number, before: Measured, because: FlowReason): SlotDecision {
    this.#between = 0;
    this.#busy.changed();
    const { slotsMin } = this.#policy;
    const to = Math.max(slotsMin, Math.min(Math.floor(slots) - 1, Math.ceil(wanted)));
    if (to >= Math.floor(slots)) {
      // With so few in flight it is slow by itself.
      this.#usualMs = before.latencyMs;
      return this.#grow(slots, before);
    }
    this.#trial = { from: slots, before, isOfBusy: because === 'busy' };
    return tell('trial.began', slots, to, because);
  }

  /** Fewer are in flight, and many more are refused: it has become weaker meanwhile. */
  #isWeaker({ before, isOfBusy }: Trial, now: Measured): boolean {
    if (!isOfBusy || !this.#busy.isOfLoad) return false;
    return now.busyShare - before.busyShare > FAILING_BY && failsMore(before, now);
  }

  #judge(trial: Trial, slots: number, now: Measured): SlotDecision {
    const { from, before, isOfBusy } = trial;
    this.#trial = null;
    // Less was asked for meanwhile: it says nothing.
    if (!now.isBound) return tell('trial.undone', slots, from, 'lessAsked');
    if (this.#isWeaker(trial, now)) return this.#begin(slots, slots / 2, now, 'slowerAndFailing');
    if (isOfBusy) this.#busy.compare(before, now);
    const { isOfLoad } = this.#busy;
    if (isOfBusy && !isOfLoad) {
      this.#busy.triedInVain();
      return tell('trial.undone', slots, from, 'asBusy');
    }
    const ratio = ratioOfGoodput(before, now);
    const cut = 1 - slots / from;
    const isRelieved = isOfLoad && isBusy(before) && !isBusy(now) && failsMore(now, before);
    if (ratio >= 1 - (isRelieved ? LOSS_WHERE_RELIEVED : LOSS_ALLOWED) * cut) {
      this.#usualMs = Math.min(this.#usualMs, now.latencyMs + now.latencyErrorMs);
      this.#keptInARow += 1;
      this.#patience = PATIENCE_MIN;
      this.#questionPatience = 1;
      if (isOfLoad && isBusy(before)) this.#busy.limitTo(from);
      return tell('trial.kept', from, slots, 'noLessDone');
    }
    this.#keptInARow = 0;
    this.#usualMs = Math.max(this.#usualMs, before.latencyMs);
    this.#rest();
    const undone = tell('trial.undone', slots, from, 'lessDone');
    // As much less done as there were fewer slots: with more, more is done.
    const mayGrow = !isOfLoad && Math.max(before.busyShare, now.busyShare) < BUSY_MAX;
    return mayGrow && ratio <= 1 - IN_PROPORTION * cut ? { ...undone, after: 'ramp' } : undone;
  }

  #rest(): void {
    this.#windowsToWait = this.#patience;
    this.#patience = Math.min(PATIENCE_MAX, 2 * this.#patience);
    this.#growth = GROWTH_MIN;
  }

  #grow(slots: number, before: Measured): SlotDecision {
    this.#between = 0;
    this.#keptInARow = 0;
    const most = Math.min(this.#policy.slotsMax, this.#busy.mostAfter(slots));
    const to = Math.min(most, Math.max(slots + 1, slots * (1 + this.#growth)));
    if (to <= slots) return next(slots);
    this.#busy.changed();
    this.#growth = Math.min(GROWTH_MAX, 2 * this.#growth);
    this.#grown = { from: slots, before };
    return next(to);
  }
}

/** Goodput of one window over another's; failures differ only where chance does not explain it. */
function ratioOfGoodput(before: Measured, now: Measured): number {
  return isBeyondChance(before, now)
    ? now.goodput / before.goodput
    : now.throughput / before.throughput;
}

function failsMore(before: Measured, now: Measured): boolean {
  return now.failureShare > before.failureShare && isBeyondChance(before, now);
}

function isBeyondChance(one: Measured, other: Measured): boolean {
  const results = one.results + other.results;
  const share = (one.failureShare * one.results + other.failureShare * other.results) / results;
  const error = Math.sqrt(share * (1 - share) * (1 / one.results + 1 / other.results));
  return Math.abs(one.failureShare - other.failureShare) > ERRORS * error;
}

function next(slots: number): SlotDecision {
  return { slots, news: null, after: 'nextWindow' };
}

function goOn(slots: number): SlotDecision {
  return { slots, news: null, after: 'goOn' };
}

function tell(
  type: 'trial.began' | 'trial.kept' | 'trial.undone',
  from: number,
  to: number,
  because: FlowReason,
): SlotDecision {
  const news: FlowNews = { type, from: Math.floor(from), to: Math.floor(to), because };
  return { slots: to, news, after: 'nextWindow' };
}
