/**
 * The drills' kinds with other parameters than those the flow meter was tuned by: the worst is what counts.
 * Usage: simSweep.js [cases] [first seed]
 *
 * @module
 */

import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { type DrillPlan, drillOf } from './drills.ts';
import type { ServerPlan } from './server.ts';
import { simulate } from './sim.ts';
import { figuresOf } from './simFigures.ts';

const cases = Number(process.argv[2] ?? 200);
const first = Number(process.argv[3] ?? 100);

const KINDS = [
  'healthy',
  'errors',
  'flapping',
  'outage',
  'blackHole',
  'busy',
  'overload',
  'limit',
  'slower',
  'stalls',
] as const;
type Kind = (typeof KINDS)[number];

function planOf(kind: Kind, seed: number): DrillPlan {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number =>
    Math.exp(Math.log(low) + random.next() * Math.log(high / low));
  const perSecond = Math.round(between(20, 500));
  // At least two workers: with less there is no concurrency to find.
  const workMs = Math.round(between(Math.max(10, 2_000 / perSecond), 400));
  const workers = (perSecond * workMs) / 1000;
  const concurrency = Math.max(8, Math.min(512, Math.round(Math.max(1, workers) * between(2, 6))));
  const requests = Math.round(perSecond * 20);
  const base: ServerPlan = { perSecond, workMs, spread: random.pick(['narrow', 'wide']) };
  const fromMs = Math.round(between(1_000, 8_000));
  const lengthMs = Math.round(between(5_000, 60_000));
  const servers: Readonly<Record<Kind, ServerPlan>> = {
    healthy: base,
    errors: { ...base, faultShare: between(0.05, 0.5), faultKinds: [500, 503, 'reset'] },
    flapping: {
      ...base,
      faultShare: random.next() * 0.35,
      outages: Array.from({ length: 50 }, (_, index) => {
        const atMs = (index + 1) * 5_000;
        return { fromMs: atMs, toMs: atMs + 1_000 };
      }),
    },
    outage: { ...base, outages: [{ fromMs, toMs: fromMs + lengthMs }] },
    blackHole: { ...base, outages: [{ fromMs, toMs: fromMs + lengthMs }], outageAnswer: 'stalled' },
    busy: {
      ...base,
      outages: [{ fromMs, toMs: fromMs + lengthMs }],
      outageAnswer: { status: 503 },
    },
    overload: {
      ...base,
      overloadFrom: between(1.5, 4),
      phases: [
        { fromMs, share: between(0.3, 0.8) },
        { fromMs: fromMs + between(2_000, 10_000), share: 1 },
      ],
    },
    limit: {
      ...base,
      limit: {
        perSecond: Math.max(5, perSecond * between(0.2, 0.8)),
        burst: Math.round(between(1, 50)),
      },
    },
    slower: {
      ...base,
      latencyMs: (
        (toMs: number) =>
        (atMs: number): number =>
          Math.min(toMs, workMs + (toMs * atMs) / 20_000)
      )(between(500, 4_000)),
    },
    stalls: { ...base, stallShare: between(0.01, 0.08) },
  };
  return {
    name: kind,
    what: '',
    requests:
      kind === 'limit'
        ? Math.round(requests / 2)
        : kind === 'slower'
          ? Math.min(requests, 60 * concurrency)
          : requests,
    // What stalls holds its slot for the shortest timeout.
    concurrency: kind === 'stalls' ? Math.ceil(concurrency + 0.1 * perSecond) : concurrency,
    lanes: requests,
    server: servers[kind],
    capMs: 600_000,
  };
}

const rows = new Map<
  Kind,
  { good: number; excess: number; outage: number; late: number; peak: number; seed: number }[]
>();
for (let index = 0; index < cases; index++) {
  const kind = KINDS[index % KINDS.length] ?? 'healthy';
  const seed = first + index;
  const drill = drillOf(planOf(kind, seed));
  const figures = figuresOf(drill, seed, simulate(drill, seed));
  const [outage] = drill.outages;
  const lengthMs = outage === undefined ? 0 : outage.toMs - outage.fromMs;
  const [firstMs = 0] = figures.firstSuccessMs;
  const all = rows.get(kind) ?? [];
  rows.set(kind, all);
  all.push({
    good: figures.goodput95,
    excess: figures.excess,
    outage: figures.outageCalls,
    late: firstMs / Math.min(16_000, Math.max(1_000, 0.14 * lengthMs)),
    peak: figures.peak,
    seed,
  });
}
console.log(
  'kind        n  good95: median, tenth, worst (seed)   excess: median, worst (seed)  outage% worst  first/allowed worst  peak% worst',
);
for (const [kind, all] of rows) {
  const good = all.toSorted((a, b) => a.good - b.good);
  const excess = all.toSorted((a, b) => b.excess - a.excess);
  const at = (share: number): number => good[Math.floor(share * (good.length - 1))]?.good ?? 0;
  const most = (of: (row: (typeof all)[number]) => number): number => Math.max(...all.map(of));
  console.log(
    kind.padEnd(10),
    String(all.length).padStart(3),
    [at(0.5), at(0.1), at(0)].map((share) => (100 * share).toFixed(0).padStart(4)).join(''),
    `(${good[0]?.seed})`,
    '  ',
    (100 * (excess[excess.length >> 1]?.excess ?? 0)).toFixed(1),
    (100 * (excess[0]?.excess ?? 0)).toFixed(1),
    `(${excess[0]?.seed})`,
    '  ',
    (100 * most((row) => row.outage)).toFixed(2),
    '  ',
    most((row) => row.late).toFixed(2),
    '  ',
    (100 * most((row) => row.peak)).toFixed(0),
  );
}

export { planOf };
