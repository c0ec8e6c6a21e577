/**
 * Draws the options of a device: all usual, one field off the usual, or many at once.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/shape.ts';
import { TIERS } from '../../../machines/vocabulary/urgency.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { type Drawn, type Place, policiesOf } from './drawnOptions.ts';
import { ENTITIES, HANDLERS, OPTIONS, POLICIES, STEPS, type TriedField } from './fieldValues.ts';

/** Upstreams and types for which options are drawn. */
export interface Named {
  readonly upstreams: readonly string[];
  /** Types of requests. */
  readonly types: readonly string[];
}

/** A field in a place, with its possible values. */
interface Candidate extends Omit<Drawn, 'value'> {
  readonly values: readonly Json[];
}

/** Tiers of the app that a device may use. */
export const OWN_TIERS = ['gold', 'guest'] as const;
/** Share of fields set off the usual where they are drawn together. */
const TOGETHER_SHARE = 0.06;
/** Options that an app sets before the first request and never changes. */
const FOR_GOOD: readonly string[] = ['key', 'device'];
const SETS_MAX = 3;
/**
 * Least drawn values: below them a day would be spent on attempts that time out or repeat at once.
 * `test/oracle/unstoppable` tries crises under lower values.
 */
const LEAST_MS: Readonly<Record<string, number>> = {
  attemptTimeoutMs: 2_500,
  'breaker.probeLeaseMs': 2_500,
  'flow.probeMsMax': 2_000,
  'retry.delayMsMax': 500,
  'retry.thenEveryMs': 5_000,
};

/** Draws the options of a device's processes in turn; an empty set leaves all as usual. */
export function drawOptions(random: SeededRandom, named: Named): readonly (readonly Drawn[])[] {
  const all = everyPlace(named);
  const first = drawSet(random, all);
  const kept = first.filter(({ field }) => FOR_GOOD.includes(field));
  const others = Array.from({ length: random.below(SETS_MAX) }, () => [
    ...kept,
    ...drawSet(random, all).filter(({ field }) => !FOR_GOOD.includes(field)),
    ...drawMoves(random, named),
  ]);
  return [first, ...others];
}

function drawSet(random: SeededRandom, all: readonly Candidate[]): readonly Drawn[] {
  const how = random.pick(['usual', 'alone', 'alone', 'together'] as const);
  if (how === 'usual') return [];
  if (how === 'together') {
    return all.flatMap((each) => (random.chance(TOGETHER_SHARE) ? [drawn(each, random)] : []));
  }
  // The draw picks a field before its place, since fields of policies stand in many places.
  const fields = [...new Set(all.map(({ field }) => field))];
  const field = fields[random.below(fields.length)];
  const places = all.filter((each) => each.field === field);
  const place = places[random.below(places.length)];
  return place === undefined ? [] : [drawn(place, random)];
}

function drawn({ place, name, field, values }: Candidate, random: SeededRandom): Drawn {
  return { place, name, field, value: values[random.below(values.length)] ?? null };
}

/** Draws changes between two versions of an app: missing handlers, upstreams of other names. */
function drawMoves(random: SeededRandom, { types, upstreams }: Named): readonly Drawn[] {
  const moves: Drawn[] = [];
  const type = types[random.below(types.length)] ?? '*';
  const upstream = upstreams[random.below(upstreams.length)] ?? '*';
  if (random.chance(0.2)) {
    moves.push({ place: 'handlers', name: type, field: 'isMissing', value: true });
  }
  if (random.chance(0.2)) {
    moves.push({ place: 'upstreams', name: upstream, field: 'name', value: `${upstream}-moved` });
  }
  return moves;
}

/** Draws policies that a person sets while a process runs. */
export function drawPolicies(random: SeededRandom, named: Named): readonly Drawn[] {
  const all = everyPlace(named).filter(
    ({ place, name, field }) => place !== 'tiers' && policiesOf(place, name).includes(field),
  );
  return Array.from({ length: 1 + random.below(3) }, () => all[random.below(all.length)]).flatMap(
    (each) => (each === undefined ? [] : [drawn(each, random)]),
  );
}

function longEnough(field: string): (value: Json) => Json {
  const least = LEAST_MS[field] ?? Number.NEGATIVE_INFINITY;
  return (value) => (typeof value === 'number' ? Math.max(value, least) : value);
}

/** Lists every field in every place where it may be set. */
export function everyPlace({ upstreams, types }: Named): readonly Candidate[] {
  const of = (
    place: Place,
    name: string,
    fields: Iterable<readonly [string, TriedField]>,
  ): readonly Candidate[] =>
    [...fields].flatMap(([field, { values }]) =>
      values.length === 0 ? [] : [{ place, name, field, values: values.map(longEnough(field)) }],
    );
  const policies = (place: Place, name: string): readonly Candidate[] => {
    const names = policiesOf(place, name);
    return of(
      place,
      name,
      [...POLICIES].filter(([field]) => names.includes(field)),
    );
  };
  return [
    ...OWN_TIERS.flatMap((name) => [
      { place: 'tiers' as const, name, field: 'like', values: [...TIERS] },
      ...policies('tiers', name),
    ]),
    ...of('options', '*', OPTIONS),
    ...['*', ...types].flatMap((type) => of('handlers', type, HANDLERS)),
    ...['*', '0'].flatMap((step) => of('escalation', step, STEPS)),
    ...of('entities', '*', ENTITIES),
    ...policies('policies.defaults', '*'),
    ...upstreams.flatMap((upstream) => policies('upstreams', upstream)),
    ...['crisis', ...TIERS].flatMap((tier) => policies('policies.tiers', tier)),
    ...types.flatMap((type) => policies('policies.types', type)),
  ];
}
