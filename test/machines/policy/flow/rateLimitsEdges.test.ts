/** Who is told to come when, at the limits of subjects and tiers, one question after the other (PF-5). */

import { describe, expect, test } from 'vitest';
import {
  type LimitsOfOne,
  type RateAsker,
  RateLimits,
  type RateReservation,
} from '../../../../machines/policy/flow/rateLimits.ts';

const A_SECOND = { perSecond: 1, burst: 1 };
const OF_SUBJECT: LimitsOfOne = { subject: A_SECOND, tier: null };
const OF_TIER: LimitsOfOne = { subject: null, tier: A_SECOND };

const asker = (subject: string | null = 'a', urgency = 5): RateAsker => ({
  ...{ subject, urgency },
  tier: 'basic',
});

/** One that is sent away. */
function sentAway(
  limits: RateLimits,
  who: RateAsker,
  nowMs: number,
  held: RateReservation | null = null,
): RateReservation {
  const answer = limits.ask(who, held, nowMs);
  if (answer === null) throw new Error('It began.');
  return answer;
}

/** One of subject a has begun at 0. */
function begun(limits: LimitsOfOne = OF_SUBJECT): RateLimits {
  const all = new RateLimits(() => limits);
  expect(all.ask(asker(), null, 0)).toBeNull();
  return all;
}

describe('PF-5 which limit sends one away', () => {
  test('PF-5 that of its subject, that of its tier, or the one that lasts longer', () => {
    expect(begun().ask(asker(), null, 0)).toEqual({
      ...{ owner: 'subject', dueAtMs: 1_000 },
      timesAsked: 1,
    });
    expect(begun(OF_TIER).ask(asker('b'), null, 0)).toMatchObject({
      owner: 'tier',
      dueAtMs: 1_000,
    });
    const both = (subject: number, tier: number) =>
      begun({
        subject: { perSecond: subject, burst: 1 },
        tier: { perSecond: tier, burst: 1 },
      }).ask(asker(), null, 0)?.owner;
    expect([both(1, 2), both(2, 1), both(1, 1)]).toEqual(['subject', 'tier', 'subject']);
  });

  test('PF-5 one of a tier that comes at its time begins', () => {
    const limits = begun(OF_TIER);
    const held = sentAway(limits, asker('b'), 0);
    expect(limits.ask(asker('b'), held, 1_000)).toBeNull();
  });

  test('PF-5 work of nobody meets no limit of subjects', () => {
    const limits = begun();
    for (let n = 0; n < 3; n += 1) expect(limits.ask(asker(null), null, 0)).toBeNull();
    expect(limits.size).toBe(1);
    limits.giveBack(asker(null), 0);
    limits.withdraw(asker(null), { owner: 'subject', dueAtMs: 0, timesAsked: 1 });
    expect(sentAway(limits, asker(), 0).dueAtMs).toBe(1_000);
  });

  test('PF-5 a token that was not used goes back to the tier, too', () => {
    const limits = begun(OF_TIER);
    limits.giveBack(asker(), 0);
    expect(limits.ask(asker('b'), null, 0)).toBeNull();
  });
});

describe('PF-5 those that were told to come', () => {
  test('PF-5 whoever comes before its time stays behind those that were told an earlier one', () => {
    const limits = begun();
    sentAway(limits, asker(), 0);
    const held = sentAway(limits, asker(), 0);
    expect(held.dueAtMs).toBe(2_000);
    expect(sentAway(limits, asker(), 1_000, held).dueAtMs).toBe(2_000);
  });

  test('PF-5 of a burst the next is told by what is ahead of it', () => {
    const limits = new RateLimits(() => ({ subject: { perSecond: 1, burst: 3 }, tier: null }));
    for (let n = 0; n < 3; n += 1) expect(limits.ask(asker(), null, 0)).toBeNull();
    const due = [0, 0, 0].map((nowMs) => sentAway(limits, asker(), nowMs).dueAtMs);
    expect(due).toEqual([1_000, 2_000, 3_000]);
  });

  test('PF-5 one that will not come makes room for one, by its own rank', () => {
    const limits = begun();
    const first = sentAway(limits, asker(), 0);
    const again = sentAway(limits, asker(), 500, first);
    expect(again).toMatchObject({ dueAtMs: 1_000, timesAsked: 2 });
    limits.withdraw(asker(), again);
    expect(sentAway(limits, asker(), 500).dueAtMs).toBe(1_000);
    const another = sentAway(limits, asker(), 500);
    sentAway(limits, asker(), 500);
    limits.withdraw(asker(), another);
    expect(sentAway(limits, asker(), 500).dueAtMs).toBe(3_000);
  });

  test('PF-5 one that waits for its tier gives up its turn there', () => {
    const limits = begun(OF_TIER);
    const held = sentAway(limits, asker('b'), 0);
    limits.withdraw(asker('b'), held);
    expect(sentAway(limits, asker('c'), 0).dueAtMs).toBe(1_000);
  });

  test('PF-5 after three times away it counts as most urgent', () => {
    const due = (timesAsked: number): number => {
      const limits = begun();
      sentAway(limits, asker('a', 5), 0);
      const held = { owner: 'subject', dueAtMs: 9_000, timesAsked } as const;
      return sentAway(limits, asker('a', 9), 500, held).dueAtMs;
    };
    expect([due(2), due(3)]).toEqual([2_000, 1_000]);
  });

  test('PF-5 those that did not come are waited for until the last of them was to come', () => {
    const limits = begun();
    sentAway(limits, asker(), 0);
    expect(limits.ask(asker(), null, 1_000)).toBeNull();
    const two = begun();
    sentAway(two, asker(), 0);
    sentAway(two, asker(), 0);
    expect(sentAway(two, asker(), 1_500).dueAtMs).toBe(3_500);
    expect(begun().ask(asker(), null, 5_000)).toBeNull();
  });

  test('PF-5 and until the tokens are back', () => {
    const limits = begun();
    const first = sentAway(limits, asker(), 0);
    sentAway(limits, asker(), 0);
    expect(limits.ask(asker(), first, 1_999)).toBeNull();
    expect(sentAway(limits, asker(), 2_000).dueAtMs).toBe(3_999);
  });

  test('PF-5 a smaller burst holds from the next question on', () => {
    let subject = { perSecond: 1, burst: 4 };
    const limits = new RateLimits(() => ({ subject, tier: null }));
    for (let n = 0; n < 4; n += 1) expect(limits.ask(asker(), null, 0)).toBeNull();
    subject = { perSecond: 1, burst: 1 };
    expect(sentAway(limits, asker(), 500).dueAtMs).toBe(1_500);
  });
});

describe('PF-5 what is remembered', () => {
  test('PF-5 a subject is kept until the last that was told has had its time', () => {
    const sizeAt = (nowMs: number): number => {
      const limits = begun();
      sentAway(limits, asker(), 0);
      sentAway(limits, asker(), 0);
      limits.ask(asker('b'), null, nowMs);
      return limits.size;
    };
    expect([sizeAt(1_999), sizeAt(2_000)]).toEqual([2, 1]);
  });

  test('PF-5 where it is full, a newcomer is told to come in a second, for its subject', () => {
    const limits = new RateLimits(() => OF_SUBJECT, { subjectsMax: 1 });
    expect(limits.ask(asker(), null, 0.5)).toBeNull();
    expect(limits.ask(asker('b'), null, 0.5)).toEqual({
      ...{ owner: 'subject', dueAtMs: 1_001 },
      timesAsked: 1,
    });
    // A crisis passes, and is counted.
    limits.count({ subject: 'b', tier: 'basic' }, 0.5);
    expect([limits.crises, limits.size]).toEqual([1, 1]);
  });

  test('PF-5 a crisis takes the token of its tier, and none where there is no limit', () => {
    const limits = new RateLimits(() => OF_TIER);
    limits.count({ subject: 'a', tier: 'basic' }, 0);
    expect(sentAway(limits, asker('b'), 0).dueAtMs).toBe(1_000);
    const none = new RateLimits(() => ({ subject: null, tier: null }));
    none.count({ subject: 'a', tier: 'basic' }, 0);
    expect([none.crises, none.size]).toEqual([1, 0]);
  });

  test('PF-5 after a restart all tokens may be used, and come back from then on', () => {
    const limits = new RateLimits(() => OF_SUBJECT, { emptyAtMs: 5_000 });
    expect(sentAway(limits, asker(), 5_000).dueAtMs).toBe(6_000);
  });
});
