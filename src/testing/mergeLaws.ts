/**
 * Runs the laws of merges on an app's own entity.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import type { SideMeta } from '../../machines/merge/sides.ts';
import type { Tombstone } from '../../machines/vocabulary/record.ts';
import { type SeededRandom, seededRandom } from '../virtual/seededRandom.ts';
import { lawsBrokenBy, type MergeCase, type MergeLaw } from './lawsOfMerges.ts';

export interface MergeLawOptions {
  /** Makes a record as a device might have it. Few ids and few words make sides that overlap. */
  readonly value: (random: SeededRandom) => unknown;
  /** Number of merges to try (1,000). */
  readonly runs?: number;
  /** Seed of the records; the same seed gives the same records (1). */
  readonly seed?: number;
}

export interface BrokenLaws {
  readonly laws: readonly MergeLaw[];
  /** Merge that broke them. */
  readonly example: MergeCase;
}

export interface MergeLawReport {
  readonly runs: number;
  readonly seed: number;
  /** Smallest merges that broke a law, at most five; empty if all laws hold. */
  readonly broken: readonly BrokenLaws[];
}

const NOW_MS = 1_790_000_000_000;
const BROKEN_MAX = 5;

/**
 * Tries merges by rules made with `defineEntity`, and reports the laws that they break: merges end, change nothing
 * they are given, give the same in any order and number of deliveries, and lose nothing.
 *
 * @param rules the rules
 * @param options how records are made
 * @example
 * const note = defineEntity<{ title: string }>()({ type: 'note', fields: { title: latest() } });
 * const { broken } = mergeLaws(note, {
 *   value: (random) => ({ title: random.pick(['a', 'b', 'c']) }),
 * });
 * if (broken.length > 0) throw new Error(`broken: ${broken[0]?.laws.join(', ')}`);
 */
export function mergeLaws(
  rules: EntityRules,
  { value, runs = 1_000, seed = 1 }: MergeLawOptions,
): MergeLawReport {
  const random = seededRandom(seed);
  const broken: BrokenLaws[] = [];
  for (let run = 0; run < runs; run++) {
    const example = caseOf(value, random);
    const laws = lawsBrokenBy(rules, example);
    if (laws.length > 0) broken.push({ laws, example });
  }
  const smallest = broken.toSorted((one, other) => sizeOf(one) - sizeOf(other));
  return { runs, seed, broken: smallest.slice(0, BROKEN_MAX) };
}

function sizeOf({ example }: BrokenLaws): number {
  return JSON.stringify(example).length;
}

function caseOf(value: MergeLawOptions['value'], random: SeededRandom): MergeCase {
  const base = random.chance(0.9) ? value(random) : null;
  const sides = Array.from({ length: 1 + random.below(4) }, (_, at) => ({
    // Each side has its own copy, as after a journey as JSON.
    value: structuredClone(random.chance(0.1) ? base : value(random)),
    meta: metaOf(`device-${at}`, base, random),
  }));
  return { base, sides, nowMs: NOW_MS };
}

function metaOf(actor: string, base: unknown, random: SeededRandom): SideMeta {
  const ms = NOW_MS - random.below(3) * 1_000;
  return {
    actor,
    hlc: { ms, c: random.below(2) },
    ...(random.chance(0.5) ? { receivedAt: NOW_MS } : {}),
    ...(random.chance(0.3) ? { verified: true, asOf: NOW_MS - random.below(3) } : {}),
    tombstones: removalsOf(base, random),
  };
}

/** Draws removals of items in lists of the record. */
function removalsOf(base: unknown, random: SeededRandom): readonly Tombstone[] {
  if (typeof base !== 'object' || base === null) return [];
  return Object.entries(base).flatMap(([name, list]) =>
    (Array.isArray(list) ? list : []).flatMap((item: unknown): readonly Tombstone[] => {
      const id: unknown =
        typeof item === 'object' && item !== null && 'id' in item ? item.id : null;
      if (typeof id !== 'string' || random.chance(0.6)) return [];
      return [{ path: `/${name}/${id}`, confirmed: random.chance(0.7), by: 'user' }];
    }),
  );
}
