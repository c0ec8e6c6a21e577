/**
 * Draws a plan from a seed: the devices and upstreams there are, and the steps that happen to them.
 *
 * @module
 */

import { type SeededRandom, seededRandom } from '../virtual/seededRandom.ts';
import { PROFILE_NAMES } from './network/link.ts';
import { drawHabits, drawKeepsKeysMs } from './network/simulatedUpstream.ts';
import type { ClientSetup, Plan, Setup, Step } from './scene/plan.ts';
import type { AnyStepKind, CountsAs } from './scene/scene.ts';
import { drawOptions } from './setup/drawOptions.ts';
import { CHAIN_STEPS } from './steps/chain.ts';
import { APP_KINDS, OWN_KINDS } from './steps/everyKind.ts';
import { TYPES } from './steps/work.ts';

const HOUR_MS = 3_600_000;
/** Largest difference of a device's clock from true time at the start. */
const SKEW_MS_MAX = 2 * HOUR_MS;
/** Least number of steps of each sort in a day (SM-3), and the range above it. */
const A_DAY: Readonly<Record<CountsAs, { readonly least: number; readonly more: number }>> = {
  work: { least: 1_000, more: 300 },
  fault: { least: 60, more: 60 },
  order: { least: 20, more: 60 },
  restart: { least: 4, more: 12 },
  other: { least: 0, more: 10 },
  beside: { least: 20, more: 40 },
  beneath: { least: 3, more: 6 },
  among: { least: 3, more: 6 },
  elsewhere: { least: 1, more: 1 },
  hand: { least: 12, more: 8 },
};
/** Factors of the seed by which a group draws its own steps, so that they change no other. */
const OWN_SEEDS: Partial<Readonly<Record<CountsAs, number>>> = {
  beside: 107,
  beneath: 113,
  among: 127,
  elsewhere: 131,
  hand: 139,
};
/** Groups that come on some days alone: one day in so many, and which of them. */
const ON_DAYS: Partial<
  Readonly<Record<CountsAs, { readonly every: number; readonly at: number }>>
> = {
  elsewhere: { every: 4, at: 0 },
  hand: { every: 3, at: 2 },
};
/** Share of all steps in the few busy moments, in which work, faults and people meet. */
const BUSY_SHARE = 0.6;
const BUSY_AN_HOUR = 3;
const BUSY_MS = 5_000;

/** Factor for the weight of the kinds of step that the plan is about. */
const ABOUT = 8;
/** Factor for the number of faults, orders and restarts in a plan about something. */
const MORE_ABOUT = 4;

/**
 * @param version - the version of holdfast that draws it
 * @param about - prefixes of the kinds of step that the plan is about, such as `edit people`; left out: all kinds
 * alike
 */
export function drawPlan(seed: number, hours: number, version: string, about?: string): Plan {
  const random = seededRandom(seed);
  const ofKeys = seededRandom(seed * 109);
  const upstreams = ['payments', 'records'].map((name) => ({
    name,
    habits: { ...drawHabits(random), keepsKeysMs: drawKeepsKeysMs(ofKeys) },
  }));
  const named = { upstreams: upstreams.map(({ name }) => name), types: TYPES };
  const number = random.pick([1, 2, 2, 3]);
  const devices = ['phone', 'tablet', 'desktop'].slice(0, number).map((name, at) => ({
    name,
    clockAheadMs: random.chance(0.6) ? 0 : random.below(2 * SKEW_MS_MAX) - SKEW_MS_MAX,
    clients: drawClients(random),
    network: random.pick(PROFILE_NAMES),
    chain: seededRandom(seed * 103 + at).pick([0, 1, 2, CHAIN_STEPS, CHAIN_STEPS, CHAIN_STEPS]),
    options: drawOptions(seededRandom(seed * 101 + at), named),
  }));
  const setup: Setup = { devices, upstreams };
  return {
    version,
    seed,
    hours,
    setup,
    steps: drawOwnSteps(seed, hours, setup, random, about),
  };
}

/** Draws all steps: those of {@link OWN_SEEDS} each from its own. */
function drawOwnSteps(
  seed: number,
  hours: number,
  setup: Setup,
  random: SeededRandom,
  about: string | undefined,
): readonly Step[] {
  const all = weighed(OWN_KINDS, about);
  const busyAtMs = drawBusy(hours, random);
  const drawn = (Object.entries(OWN_SEEDS) as [CountsAs, number][]).filter(([counts]) => {
    const { every, at } = ON_DAYS[counts] ?? { every: 1, at: 0 };
    return seed % every === at;
  });
  const own = drawn.flatMap(([counts, factor]) =>
    drawSteps(
      all.filter(({ kind }) => kind.counts === counts),
      hours,
      setup,
      seededRandom(seed * factor),
      busyAtMs,
    ),
  );
  const others = all.filter(({ kind }) => !(kind.counts in OWN_SEEDS));
  return [...drawSteps(others, hours, setup, random, busyAtMs), ...own].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
}

/** Draws the moments at which much happens at once. */
function drawBusy(hours: number, random: SeededRandom): readonly number[] {
  return Array.from({ length: Math.ceil(BUSY_AN_HOUR * hours) }, () =>
    random.below(hours * HOUR_MS),
  );
}

interface Weighed {
  readonly kind: AnyStepKind;
  readonly weight: number;
  readonly isAbout: boolean;
}

function weighed(kinds: readonly AnyStepKind[], about = ''): readonly Weighed[] {
  return kinds.map((kind) => {
    const isAbout = about.split(' ').some((one) => kind.kind.startsWith(`${one}.`));
    return { kind, weight: kind.weight * (isAbout ? ABOUT : 1), isAbout };
  });
}

/** Draws a plan for a user's app, which brings its own options. */
export function drawAppPlan(
  seed: number,
  hours: number,
  version: string,
  upstreams: readonly string[],
): Plan {
  const random = seededRandom(seed);
  const setup: Setup = {
    devices: ['phone', 'tablet'].map((name) => ({ name, network: random.pick(PROFILE_NAMES) })),
    upstreams: upstreams.map((name) => ({ name, habits: drawHabits(random) })),
  };
  return {
    version,
    seed,
    hours,
    setup,
    steps: drawSteps(weighed(APP_KINDS), hours, setup, random),
  };
}

function drawClients(random: SeededRandom): ClientSetup[] {
  return Array.from({ length: 1 + random.below(4) }, () => ({
    mayOwn: random.chance(0.4),
    ownerWithinMs: random.pick([100, 15_000, 60_000]),
  }));
}

function drawSteps(
  all: readonly Weighed[],
  hours: number,
  setup: Setup,
  random: SeededRandom,
  busyAtMs: readonly number[] = drawBusy(hours, random),
): readonly Step[] {
  return (Object.keys(A_DAY) as CountsAs[])
    .flatMap((counts) => {
      const kinds = all.filter(({ kind }) => kind.counts === counts);
      return drawStepsOf(kinds, A_DAY[counts], hours, setup, random);
    })
    .map((step) => {
      const busyMs = busyAtMs[random.below(busyAtMs.length)] ?? step.atMs;
      return random.chance(BUSY_SHARE) ? { ...step, atMs: busyMs + random.below(BUSY_MS) } : step;
    })
    .toSorted((a, b) => a.atMs - b.atMs);
}

function drawStepsOf(
  kinds: readonly Weighed[],
  { least, more }: (typeof A_DAY)[CountsAs],
  hours: number,
  setup: Setup,
  random: SeededRandom,
): Step[] {
  if (kinds.length === 0) return [];
  const weights = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const isMore = kinds.some(({ kind: { counts }, isAbout }) => isAbout && counts !== 'work');
  const number = Math.ceil(((least + random.below(more)) * (isMore ? MORE_ABOUT : 1) * hours) / 24);
  return Array.from({ length: number }, () => {
    let draw = random.next() * weights;
    const drawn = kinds.find(({ weight }) => (draw -= weight) < 0) ?? kinds[0];
    if (drawn === undefined) throw new Error('There is a kind of step.');
    const { kind } = drawn;
    const atMs = random.below(hours * HOUR_MS);
    return { atMs, kind: kind.kind, data: kind.draw(random, setup) };
  });
}
