/**
 * Sides of a merge, prepared: cleaned, their clocks bounded, and without those whose changes another side has seen
 * (CF-1).
 *
 * @module
 */

import type { Pieces } from '../vocabulary/pieces.ts';
import type { HybridStamp, Tombstone, VersionVector } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import { clampedMs, compareVectors, vectorFrom } from './clock/hybridClock.ts';
import type { Origin, Removal } from './rules/change.ts';
import { canonical, compareText, isList, isObject } from './values/canonical.ts';
import { type Cleaned, cleanJson } from './values/cleanJson.ts';

/** Author, time and history of a side. */
export interface SideMeta {
  /** Device or service that made it. */
  readonly actor: string;
  /** Stamp of its last edit. It only orders concurrent changes. */
  readonly hlc?: HybridStamp;
  /** Time when the server received it, in milliseconds since 1970; set once, by the server. */
  readonly receivedAt?: number;
  /**
   * Version vector: how much of each device, and of the server (`srv`), this side has seen. A side that another has
   * seen is history.
   */
  readonly vv?: VersionVector;
  /** Whether the provider or the server vouches for it. Never take this from a device. */
  readonly verified?: boolean;
  /** Time that the provider's statement is about, in milliseconds since 1970. */
  readonly asOf?: number;
  readonly tombstones?: readonly Tombstone[];
}

/** Side in the form that merges use. */
export interface Side {
  readonly value: Json | undefined;
  /** Fields that differ from the ancestor; without it, or `null`, all are compared. */
  readonly changed?: readonly string[] | null;
  readonly origin: Origin;
}

interface Read extends Side {
  readonly vector: VersionVector | null;
}

/**
 * Returns the sides that count.
 *
 * @param clean made by `cleanerInPieces`
 */
export function* sidesOf(
  given: unknown,
  nowMs: number,
  clean: (value: unknown) => Pieces<Cleaned>,
): Pieces<readonly Side[]> {
  const all: Read[] = [];
  for (const side of Array.isArray(given) ? given : []) all.push(yield* read(side, nowMs, clean));
  return all.flatMap((side): readonly Side[] => {
    if (all.some((other) => hasSeen(other, side))) return [];
    // An item that it has seen, and does not have, is removed.
    const seen = all.filter((other) => hasSeen(side, other));
    const removals = oneEach([...seen, side].flatMap(({ origin }) => [...origin.removals]));
    return [{ ...side, origin: { ...side.origin, removals } }];
  });
}

function hasSeen(one: Read, other: Read): boolean {
  if (one === other || one.vector === null || other.vector === null) return false;
  return compareVectors(one.vector, other.vector) === 'after';
}

function* read(
  side: unknown,
  nowMs: number,
  clean: (value: unknown) => Pieces<Cleaned>,
): Pieces<Read> {
  const { value, meta } = fieldsOf(side);
  const { actor, hlc, receivedAt, vv, verified, asOf, tombstones } = fieldsOf(meta);
  const { ms, c } = fieldsOf(hlc);
  const givenMs = finite(ms) ?? 0;
  const receivedAtMs = finite(receivedAt);
  const horizonMs = receivedAtMs ?? finite(nowMs);
  const clamp = (at: number) => (horizonMs === null ? at : clampedMs(at, horizonMs));
  const asOfMs = finite(asOf);
  const { value: cleaned, changed } = yield* clean(value);
  return {
    value: isAbsent(cleaned) ? undefined : cleaned,
    changed,
    vector: vectorFrom(vv),
    origin: {
      actor: textOf(actor),
      ms: clamp(givenMs),
      counter: finite(c) ?? 0,
      givenMs,
      receivedAtMs,
      isVerified: verified === true,
      asOfMs: asOfMs === null ? null : clamp(asOfMs),
      removals: removalsOf(tombstones),
    },
  };
}

/** Whether a device has nothing, which does not remove everything. */
export function isAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null;
}

function removalsOf(tombstones: unknown): ReadonlyMap<string, Removal> {
  const found = (Array.isArray(tombstones) ? tombstones : [])
    .map((one: unknown) => fieldsOf(one))
    .flatMap(({ path, confirmed, by, at, reason }): readonly [string, Removal][] => {
      const pointer = textOf(path);
      if (!pointer.startsWith('/')) return [];
      const removal: Removal = {
        isConfirmed: confirmed === true,
        by: textOf(by),
        atMs: finite(at),
        reason: typeof reason === 'string' ? textOf(reason) : null,
      };
      return [[pointer, removal]];
    });
  return oneEach(found);
}

/** Keeps one removal for each place: a confirmed one, else the one that is first as text. */
function oneEach(found: readonly (readonly [string, Removal])[]): ReadonlyMap<string, Removal> {
  const ordered = found.toSorted(
    ([, one], [, other]) =>
      Number(one.isConfirmed) - Number(other.isConfirmed) ||
      compareText(nameOf(other), nameOf(one)),
  );
  return new Map(ordered);
}

function nameOf({ by, atMs, reason }: Removal): string {
  return canonical([by, atMs, reason]);
}

/** Returns the fields of an unknown value. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value as Json) && !isList(value as Json)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function textOf(value: unknown): string {
  const text = cleanJson(typeof value === 'string' ? value : '');
  return typeof text === 'string' ? text : '';
}
