/**
 * Two devices, for cases of merges that are written in a line or two.
 *
 * @module
 */

import { type Merged, mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import type { SideMeta } from '../../../machines/merge/sides.ts';
import type { Tombstone } from '../../../machines/vocabulary/record.ts';
import { leaves, nodes, ordersOf } from './asserts.ts';

export const NOW = 1_790_000_000_000;
export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** The first device, ten minutes ago. */
export const A: SideMeta = {
  actor: 'device-A',
  hlc: { ms: NOW - 10 * MINUTE, c: 0 },
  receivedAt: NOW,
};
/** The second, five minutes ago. */
export const B: SideMeta = {
  actor: 'device-B',
  hlc: { ms: NOW - 5 * MINUTE, c: 0 },
  receivedAt: NOW,
};

/** A provider's word, of so many milliseconds ago. */
export function sworn(actor: string, agoMs: number): SideMeta {
  return { ...B, actor, verified: true, asOf: NOW - agoMs };
}

/** What a device removed, confirmed. */
export function removed(...paths: readonly string[]): Pick<SideMeta, 'tombstones'> {
  return {
    tombstones: paths.map((path): Tombstone => ({ path, confirmed: true, by: 'user', at: NOW })),
  };
}

export type Sided = readonly [value: unknown, meta: SideMeta];

/** The merge, which is the same in every order of its sides. */
export function merged(entity: string, base: unknown, ...sides: readonly Sided[]): Merged {
  const all = sides.map(([value, meta]) => ({ value, meta }));
  const result = mergeEntity(entity, base, all, NOW);
  for (const order of ordersOf(all)) {
    const other = mergeEntity(entity, base, order, NOW);
    if (JSON.stringify(other) !== JSON.stringify(result)) throw new Error('not convergent');
  }
  return result;
}

/** The value of a merge, as an object. */
export function valueOf({ value }: Merged): Readonly<Record<string, unknown>> {
  return value as Readonly<Record<string, unknown>>;
}

export function reasonsOf({ review }: Merged): readonly string[] {
  return review.map(({ path, reason }) => `${path}: ${reason}`);
}

/** Whether a value is a leaf anywhere in what a merge gives. */
export function isKept({ value, review, audit }: Merged, leaf: unknown): boolean {
  return leaves([value, review, audit]).includes(leaf);
}

/** Whether a value stands whole somewhere in the value or in the review. */
export function isWhole({ value, review }: Merged, part: unknown): boolean {
  return nodes([value, review]).some((node) => JSON.stringify(node) === JSON.stringify(part));
}

/** The ids of a list. */
export function idsOf(list: unknown): readonly unknown[] {
  return (list as readonly { readonly id: unknown }[]).map(({ id }) => id);
}
