/**
 * The body that an edit goes out with, and what travels beside it (CF-1, CF-7).
 *
 * @module
 */

import type { MergedBody } from '../policy/request/requestBody.ts';
import type { Json } from '../vocabulary/json.ts';
import type { Current, RecordMeta, Tombstone } from '../vocabulary/record.ts';
import type { Comparison } from './editBase.ts';
import { pointersIn } from './items.ts';
import { joinBodies, joinHeard } from './recordMeta.ts';
import { nextVector } from './remembered.ts';

/** What an edit is sent as. */
export interface Sending {
  readonly payload: Json;
  readonly version: string | null;
  readonly absent?: true | undefined;
  readonly ancestor: Json | null;
  readonly current: Current | null;
  readonly removals: readonly Tombstone[];
}

/** The body of an edit, with what travels beside it. */
export function bodyOf(comparison: Comparison, sending: Sending): MergedBody {
  const { edit } = comparison;
  const { payload, version, absent, ancestor } = sending;
  return {
    payload,
    version,
    ...(absent === true ? { absent } : {}),
    round: edit.round,
    meta: metaOf(comparison, sending),
    ...(ancestor === null ? {} : { ancestor }),
  };
}

function metaOf(
  { record, edit, rules, device, nowMs, draw }: Comparison,
  { payload, current, removals }: Sending,
): RecordMeta {
  const meta = current?.meta;
  const held = record?.tombstones ?? [];
  // Whatever is too old by the clock of this store: what the version lists that is replaced goes on.
  const tombstones = [
    ...removals,
    ...held.map(({ tombstone }) => tombstone),
    ...(meta?.tombstones ?? []),
  ];
  // What is there again is not removed.
  const there = tombstones.length === 0 ? new Set() : pointersIn(rules, payload);
  const byPath = new Map<string, Tombstone>();
  for (const tombstone of tombstones) {
    const { path } = tombstone;
    const isNews =
      !byPath.has(path) || (tombstone.confirmed === true && byPath.get(path)?.confirmed !== true);
    if (isNews && !there.has(path)) byPath.set(path, tombstone);
  }
  const removed = [...byPath.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const heard = joinHeard(record?.heard ?? {}, meta?.heard ?? {}, nowMs);
  return {
    // Each body counts, sent or not, so that no two that go out are taken for one.
    vv: nextVector(device, record?.vv ?? {}, meta?.vv ?? {}, edit.body.merged?.meta.vv ?? {}),
    actor: device,
    hlc: { ms: edit.acceptedAtMs, c: 0 },
    ...(removed.length === 0 ? {} : { tombstones: removed }),
    heard: joinHeard(heard, { [device]: nowMs }, nowMs),
    bodies: { ...joinBodies(record ?? { vv: {} }, meta ?? { vv: {} }), [device]: draw },
  };
}
