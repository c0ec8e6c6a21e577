/**
 * Counts events since the process started, for health, without making a fact of them.
 *
 * @module
 */

import type { FlowNews } from '../../machines/policy/flow/flowNews.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FlowChanged } from './fact.ts';
import type { FactTaps } from './factStream.ts';

/** How long health names trouble with a crisis after it happened; the counts stay. */
const CRISIS_NAMED_MS = 3_600_000;
/** How long health names a blocked event loop, which is over when it is noticed. */
const LOOP_NAMED_MS = 60_000;

export interface OperationCounts {
  readonly accepted: number;
  /** Acceptances that found an earlier operation with the same idempotency key. */
  readonly duplicates: number;
  readonly completed: number;
  readonly deadLettered: number;
  readonly cancelled: number;
  readonly expired: number;
  readonly attempts: number;
  /** Attempts after a failed one. */
  readonly retries: number;
}

/** How many times something happened, and whether it was recent. */
export interface Happened {
  readonly times: number;
  readonly isRecent: boolean;
}

export class Counts {
  readonly operations: OperationCounts;
  /** Crises that were answered, but neither stored nor delivered. */
  readonly crisesRefused: Happened;
  /** Crises that were delivered without what broke a rule. */
  readonly crisesMended: Happened;
  /** Crises that were delivered and not kept, since the disk hung. */
  readonly crisesUnkept: Happened;
  /** Answers to crises for which the plan came too late. */
  readonly crisisPlansLate: Happened;
  /** Blocks of the event loop. */
  readonly loopBlocked: Happened;
  #loopLongestMs = 0;

  constructor({ facts, clock }: { readonly facts: FactTaps; readonly clock: Clock }) {
    this.operations = countOperations(facts);
    const refused = new Tally(clock, CRISIS_NAMED_MS);
    const mended = new Tally(clock, CRISIS_NAMED_MS);
    const unkept = new Tally(clock, CRISIS_NAMED_MS);
    const plansLate = new Tally(clock, CRISIS_NAMED_MS);
    const blocked = new Tally(clock, LOOP_NAMED_MS);
    facts.tap('crisis.refused', () => {
      refused.add();
    });
    facts.tap('crisis.mended', () => {
      mended.add();
    });
    facts.tap('crisis.unkept', () => {
      unkept.add();
    });
    facts.tap('crisis.planLate', () => {
      plansLate.add();
    });
    facts.tap('eventLoop.blocked', (delayMs) => {
      blocked.add();
      this.#loopLongestMs = Math.max(this.#loopLongestMs, delayMs);
    });
    this.crisesRefused = refused;
    this.crisesMended = mended;
    this.crisesUnkept = unkept;
    this.crisisPlansLate = plansLate;
    this.loopBlocked = blocked;
  }

  /** The longest block of the event loop, in milliseconds. */
  get loopLongestMs(): number {
    return this.#loopLongestMs;
  }
}

function countOperations(facts: FactTaps): OperationCounts {
  const counts = {
    accepted: 0,
    duplicates: 0,
    completed: 0,
    deadLettered: 0,
    cancelled: 0,
    expired: 0,
    attempts: 0,
    retries: 0,
  };
  facts.tap('operation.accepted', () => {
    counts.accepted += 1;
  });
  facts.tap('operation.duplicated', () => {
    counts.duplicates += 1;
  });
  facts.tap('attempt.started', ({ failure }) => {
    counts.attempts += 1;
    if (failure !== null) counts.retries += 1;
  });
  facts.tap('operation.ended', ({ ending }) => {
    if (ending !== null) counts[ending] += 1;
  });
  return counts;
}

class Tally implements Happened {
  readonly #clock: Clock;
  readonly #recentMs: number;
  #times = 0;
  #recentUntilMs = 0;

  constructor(clock: Clock, recentMs: number) {
    this.#clock = clock;
    this.#recentMs = recentMs;
  }

  get times(): number {
    return this.#times;
  }

  get isRecent(): boolean {
    return this.#clock.monotonic() < this.#recentUntilMs;
  }

  add(): void {
    this.#times += 1;
    this.#recentUntilMs = this.#clock.monotonic() + this.#recentMs;
  }
}

/** @param rate the learned rate before, in calls a second; `null` for none */
export function flowNumbers(
  news: Exclude<FlowNews, { type: 'outage.detected' }>,
  rate: number | null,
): Pick<FlowChanged, 'from' | 'to' | 'because'> {
  switch (news.type) {
    case 'ramp.ended':
      return { from: null, to: news.slots, because: news.because };
    case 'rate.learned':
      return { from: rate, to: news.perSecond, because: null };
    case 'rate.lifted':
      return { from: rate, to: null, because: null };
    default:
      return { from: news.from, to: news.to, because: news.because };
  }
}
