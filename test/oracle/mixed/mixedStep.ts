/**
 * The steps of a mixed history, as fast-check draws them.
 *
 * @module
 */

import fc from 'fast-check';
import { PRIORITIES, TIERS } from '../../../machines/vocabulary/urgency.ts';
import { CONDITIONS } from './mixedServer.ts';

/** The names that upstreams can have; a process has some of them. */
export const UPSTREAMS = ['payments', 'billing', 'ledger', 'mail'] as const;
export const TYPES = ['payments.push', 'notes.push', 'mail.push'] as const;

const DAY_MS = 86_400_000;

const type = fc.nat(TYPES.length - 1);
const upstream = fc.nat(UPSTREAMS.length - 1);

/** How a process is set up: its upstreams, where each type goes, and which types have no handler yet. */
export const anySetup = fc.record({
  upstreams: fc.integer({ min: 1, max: UPSTREAMS.length }),
  /** Which of the names come first. */
  firstName: upstream,
  goesTo: fc.tuple(upstream, upstream, upstream),
  isLate: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
});
export type Setup = typeof anySetup extends fc.Arbitrary<infer T> ? T : never;

const work = fc.record({
  kind: fc.constant('work' as const),
  count: fc.integer({ min: 1, max: 12 }),
  type,
  tier: fc.constantFrom(...TIERS),
  priority: fc.constantFrom(...PRIORITIES.filter((priority) => priority !== 'crisis')),
  lane: fc.option(fc.nat(3)),
});
/** Its attempt ends the process. */
const poison = fc.record({
  kind: fc.constant('poison' as const),
  type,
  lane: fc.option(fc.nat(3)),
});
/** The upstream answers it with 500 each time, however well it is. */
const faulty = fc.record({
  kind: fc.constant('faulty' as const),
  type,
  lane: fc.option(fc.nat(3)),
});
/** The upstream holds another version of what it changes. */
const conflict = fc.record({ kind: fc.constant('conflict' as const), type, lane: fc.nat(3) });

export const anyStep = fc.oneof(
  { weight: 14, arbitrary: work },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crisis' as const), type }) },
  { weight: 1, arbitrary: conflict },
  { weight: 1, arbitrary: poison },
  { weight: 1, arbitrary: faulty },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('condition' as const),
      upstream,
      to: fc.constantFrom(...CONDITIONS),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(5_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.integer({ min: 30_000, max: 600_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('kill' as const, 'stop' as const),
      setup: anySetup,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), type, upstream }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('register' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wall' as const),
      byMs: fc.integer({ min: -DAY_MS, max: DAY_MS }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('disk' as const),
      failsShare: fc.constantFrom(0, 0, 0.3, 1),
      slowMs: fc.constantFrom(0, 0, 5, 400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      upstream,
      what: fc.constantFrom('forceOpen' as const, 'disable' as const, 'release' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel' as const, 'retryNow' as const),
      which: fc.nat(100),
    }),
  },
);
export type MixedStep = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
