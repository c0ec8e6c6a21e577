import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LimitsOfOne,
  type RateAsker,
  RateLimits,
  type RateReservation,
} from '../../../../machines/policy/flow/rateLimits.ts';
import type { RateLimit } from '../../../../machines/policy/flow/tokenRate.ts';
import { TIERS, type Tier, URGENCY_MAX } from '../../../../machines/vocabulary/urgency.ts';

const NONE: LimitsOfOne = { subject: null, tier: null };
const PER_SUBJECT: LimitsOfOne = { subject: { perSecond: 1, burst: 1 }, tier: null };

function asker(subject: string, urgency = 5, tier: Tier = 'basic'): RateAsker {
  return { subject, tier, urgency };
}

interface Job extends RateAsker {
  readonly arrivesAtMs: number;
  /** How late it comes, each time. */
  readonly lateMs: number;
}

interface Begun {
  readonly job: Job;
  readonly atMs: number;
  readonly timesAsked: number;
}

/** Lets each job ask when it arrives and whenever it was told to, the more urgent first. */
function run(
  limits: RateLimits,
  jobs: readonly Job[],
  restart?: { readonly atMs: number; readonly limits: RateLimits },
): Begun[] {
  const waiting = jobs.map((job) => ({
    job,
    atMs: job.arrivesAtMs,
    held: null as RateReservation | null,
  }));
  const begun: Begun[] = [];
  while (waiting.length > 0) {
    waiting.sort((one, other) => one.atMs - other.atMs || one.job.urgency - other.job.urgency);
    const next = waiting.shift();
    if (next === undefined) break;
    const inForce = restart !== undefined && next.atMs >= restart.atMs ? restart.limits : limits;
    const held = inForce.ask(next.job, next.held, next.atMs);
    if (held === null) {
      const timesAsked = (next.held?.timesAsked ?? 0) + 1;
      begun.push({ job: next.job, atMs: next.atMs, timesAsked });
    } else waiting.push({ job: next.job, atMs: held.dueAtMs + next.job.lateMs, held });
  }
  return begun;
}

/** By how many calls the busiest span is above what the limit allows. */
function excess(begun: readonly Begun[], { perSecond, burst }: RateLimit): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const [first, { atMs: fromMs }] of begun.entries()) {
    for (let last = first; last < begun.length; last++) {
      const seconds = ((begun[last]?.atMs ?? 0) - fromMs) / 1_000;
      most = Math.max(most, last - first + 1 - (burst + perSecond * seconds));
    }
  }
  return most;
}

const LIMIT = fc.record({
  perSecond: fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.double({ min: 0.1, max: 3, noNaN: true }),
  ),
  burst: fc.integer({ min: 1, max: 8 }),
});

const jobs = (lateMsMax: number) =>
  fc.array(
    fc.record({
      subject: fc.constantFrom('a', 'b', 'c'),
      tier: fc.constantFrom(...TIERS),
      urgency: fc.integer({ min: 1, max: URGENCY_MAX }),
      arrivesAtMs: fc.nat(5_000),
      lateMs: fc.nat(lateMsMax),
    }),
    { maxLength: 60, size: 'max' },
  );

const limitsOfOne = fc.record({
  subject: fc.option(LIMIT),
  tier: fc.option(LIMIT),
});

function expectPace(begun: readonly Begun[], limits: LimitsOfOne): void {
  for (const subject of ['a', 'b', 'c']) {
    const its = begun.filter(({ job }) => job.subject === subject);
    if (limits.subject !== null) expect(excess(its, limits.subject)).toBeLessThan(1e-6);
  }
  for (const tier of TIERS) {
    const its = begun.filter(({ job }) => job.tier === tier);
    if (limits.tier !== null) expect(excess(its, limits.tier)).toBeLessThan(1e-6);
  }
}

describe('RateLimits', () => {
  test('PF-5 without a limit nobody waits and nobody is remembered', () => {
    const limits = new RateLimits(() => NONE);
    expect(limits.ask(asker('a'), null, 0)).toBeNull();
    expect(limits.size).toBe(0);
  });

  test('PF-5 those that wait are given times of their own, one interval apart', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    const answers = [1, 2, 3, 4].map(() => limits.ask(asker('a'), null, 0)?.dueAtMs ?? 0);
    expect(answers).toEqual([0, 1_000, 2_000, 3_000]);
    expect(limits.ask(asker('b'), null, 0)).toBeNull();
  });

  test('PF-5 whoever comes at its time begins; whoever comes before it waits on', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    limits.ask(asker('a'), null, 0);
    const held = limits.ask(asker('a'), null, 0);
    expect(limits.ask(asker('a'), held, 500)?.dueAtMs).toBe(1_000);
    expect(limits.ask(asker('a'), held, 1_000)).toBeNull();
  });

  test('PF-5 over any span no subject and no tier begins more than its burst and its rate allow', () => {
    fc.assert(
      fc.property(limitsOfOne, jobs(3_000), (limit, given) => {
        const begun = run(new RateLimits(() => limit), given);
        expect(begun).toHaveLength(given.length);
        expectPace(begun, limit);
      }),
    );
  });

  test('PF-5 the pace holds over a restart, and what was to come then comes', () => {
    fc.assert(
      fc.property(limitsOfOne, jobs(500), fc.nat(20_000), (limit, given, atMs) => {
        const restart = { atMs, limits: new RateLimits(() => limit, { emptyAtMs: atMs }) };
        const begun = run(new RateLimits(() => limit), given, restart);
        expect(begun).toHaveLength(given.length);
        expectPace(begun, limit);
      }),
    );
  });

  test('PF-5 everyone gets a turn before the tokens of all are over', () => {
    fc.assert(
      fc.property(LIMIT, jobs(0), (subject, given) => {
        const begun = run(new RateLimits(() => ({ subject, tier: null })), given);
        const endsAtMs = 5_000 + (given.length * 1_000) / subject.perSecond + given.length;
        for (const { atMs } of begun) expect(atMs).toBeLessThanOrEqual(Math.ceil(endsAtMs));
      }),
    );
  });

  test('PF-5 whoever comes at its time is sent away only where another has begun meanwhile', () => {
    fc.assert(
      fc.property(limitsOfOne, jobs(500), (limit, given) => {
        const begun = run(new RateLimits(() => limit), given);
        for (const [index, { job, timesAsked }] of begun.entries()) {
          const before = begun.slice(0, index);
          const meanwhile = before.filter(({ atMs }) => atMs >= job.arrivesAtMs).length;
          expect(timesAsked).toBeLessThanOrEqual(meanwhile + 2);
        }
      }),
    );
  });

  test('PF-5 the unurgent get a turn while urgent work never ends', () => {
    const urgent = Array.from({ length: 200 }, (_, index) => ({
      ...asker('a', 1),
      arrivesAtMs: index * 950,
      lateMs: 0,
    }));
    const trial = { ...asker('a', URGENCY_MAX), arrivesAtMs: 10, lateMs: 0 };
    const begun = run(new RateLimits(() => PER_SUBJECT), [...urgent, trial]);
    const its = begun.find(({ job }) => job === trial);
    expect(its?.atMs).toBeLessThan(60_000);
  });

  test('PF-5 urgent work of a subject takes the next token before what has waited longer', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    const waiting = Array.from({ length: 50 }, () => ({
      ...asker('a', 9),
      arrivesAtMs: 0,
      lateMs: 0,
    }));
    const urgent = { ...asker('a', 1), arrivesAtMs: 2_500, lateMs: 0 };
    const begun = run(limits, [...waiting, urgent]);
    expect(begun.findIndex(({ job }) => job === urgent)).toBe(3);
    // One of the others was sent away twice; the last ends one interval later, and no token was lost.
    expect(begun.filter(({ timesAsked }) => timesAsked > 2)).toHaveLength(1);
    expect(begun.at(-1)?.atMs).toBe(50_000);
  });

  test('PF-5 a crisis asks nobody: it is counted, takes a token, and leaves no debt', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    for (let each = 0; each < 10; each++) limits.count({ subject: 'a', tier: 'basic' }, 0);
    expect(limits.crises).toBe(10);
    expect(limits.ask(asker('a'), null, 0)?.dueAtMs).toBe(1_000);
  });

  test('PF-5 a token that was not used, and a time that nobody comes at, go to the next', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    expect(limits.ask(asker('a'), null, 0)).toBeNull();
    limits.giveBack(asker('a'), 0);
    expect(limits.ask(asker('a'), null, 0)).toBeNull();
    const held = limits.ask(asker('a'), null, 0);
    if (held !== null) limits.withdraw(asker('a'), held);
    expect(limits.ask(asker('a'), null, 0)?.dueAtMs).toBe(1_000);
  });

  test('PF-5 subjects whose tokens are all back are forgotten', () => {
    const limits = new RateLimits(() => PER_SUBJECT);
    for (let each = 0; each < 1_000; each++) limits.ask(asker(`s${each}`), null, each);
    expect(limits.size).toBe(1_000);
    for (let each = 0; each < 1_000; each++)
      limits.ask(asker('other'), null, 10_000 + each * 1_000);
    expect(limits.size).toBe(1);
  });

  test('PF-5 where no more subjects can be remembered, a new one waits and none is let past', () => {
    const limits = new RateLimits(() => PER_SUBJECT, { subjectsMax: 2 });
    limits.ask(asker('a'), null, 0);
    limits.ask(asker('b'), null, 0);
    const held = limits.ask(asker('c'), null, 0);
    expect(held?.dueAtMs).toBe(1_000);
    expect(limits.ask(asker('c'), held, 1_000)).toBeNull();
  });

  test('PF-5 a change holds from the next question on, and what was used still counts', () => {
    let subject: RateLimit = { perSecond: 0.1, burst: 2 };
    const limits = new RateLimits(() => ({ subject, tier: null }));
    limits.ask(asker('a'), null, 0);
    limits.ask(asker('a'), null, 0);
    subject = { perSecond: 10, burst: 2 };
    expect(limits.ask(asker('a'), null, 0)?.dueAtMs).toBe(100);
  });

  test('PF-5 a tier that is gone shares the limit of the one that it is like', () => {
    const rate = { perSecond: 1, burst: 1 };
    const known = new Map([
      ['trial', { subject: null, tier: rate }],
      ['guest', { subject: null, tier: rate }],
    ]);
    const limits = new RateLimits((tier) => known.get(tier));
    const of = (tier: string): RateAsker => ({ subject: 'a', tier, like: 'trial', urgency: 5 });
    expect(limits.ask(of('guest'), null, 0)).toBeNull();
    expect(limits.ask(of('gone'), null, 0)).toBeNull();
    const held = limits.ask(of('trial'), null, 0);
    expect(held).toMatchObject({ owner: 'tier', dueAtMs: 1_000 });
    limits.giveBack(of('gone'), 0);
    expect(limits.ask(of('trial'), held, 0)).toBeNull();
  });
});
