/**
 * What has become of an edit that the upstream refused for its version, by what it holds now (CF-1, OP-3).
 *
 * @module
 */

import { clampedMs } from '../merge/clock/hybridClock.ts';
import { compareVectors } from '../merge/clock/versionVector.ts';
import type { MergedBody } from '../policy/request/requestBody.ts';
import type { Current, RecordMeta } from '../vocabulary/record.ts';
import type { EntityRecord } from './entityRecord.ts';
import { isSameRecord } from './items.ts';

/**
 * - `sameVersion`: the upstream holds what the edit was made on. It is at work on it still, or answers of the past.
 * - `applied`: the edit is in what it holds.
 * - `other`: it holds another version, which the edit is not in.
 * - `unproven`: an attempt may have been applied, and nothing says whether the edit is in what it holds.
 * - `older`: it shows what this store knows to be over: a copy that lags behind, or a backup that was put back.
 */
export type SentStanding = 'sameVersion' | 'applied' | 'other' | 'unproven' | 'older';

export interface SentQuestion {
  /** What was sent last; `undefined` before the first attempt. */
  readonly sent: MergedBody | undefined;
  /** What the upstream holds; `null` for no such record. */
  readonly current: Current | null;
  readonly record: EntityRecord | null;
  /** The name of this store in vectors. */
  readonly device: string;
  /** An attempt at it may have been applied without an answer. */
  readonly isOutcomeUnknown: boolean;
}

export function standingOfSent(question: SentQuestion): SentStanding {
  const { sent, current, record, isOutcomeUnknown } = question;
  if (sent === undefined) return isOlder(record, current) ? 'older' : 'other';
  if (current === null) return standingOfAbsent(sent, isOutcomeUnknown);
  if (sent.version !== null && current.version === sent.version) return 'sameVersion';
  if (isSameRecord(current.value, sent.payload) && areRemovalsIn(sent, current)) return 'applied';
  const dot = dotIn(question, sent, current);
  if (dot === 'in') return 'applied';
  if (isOutcomeUnknown && dot === 'unknown') return 'unproven';
  return isOlder(record, current) ? 'older' : 'other';
}

function standingOfAbsent(sent: MergedBody, isOutcomeUnknown: boolean): SentStanding {
  if (sent.absent === true) return 'sameVersion';
  // It may have been taken, and the record removed after that.
  return isOutcomeUnknown ? 'unproven' : 'other';
}

/** Whether the vector of what is there says that the edit is in it. */
function dotIn(
  { device, isOutcomeUnknown }: SentQuestion,
  sent: MergedBody,
  { meta }: Current,
): 'in' | 'notIn' | 'unknown' {
  if (meta === undefined) return 'unknown';
  const ours = sent.meta.vv[device] ?? 0;
  const theirs = Object.hasOwn(meta.vv, device) ? (meta.vv[device] ?? 0) : 0;
  if (theirs < ours) return 'notIn';
  // A store that was put back from a backup counts again from there: the same count may be another edit.
  if (theirs > ours) return 'unknown';
  if (meta.actor !== device) {
    return isOutcomeUnknown && hasHeardOf(sent, device, meta) ? 'in' : 'unknown';
  }
  return meta.hlc.ms === sent.meta.hlc.ms && meta.hlc.c === sent.meta.hlc.c ? 'in' : 'unknown';
}

/**
 * Whether another device has seen this edit, and not one that this store sent under the same count before it was put
 * back from a backup: with an edit one hears when it was made, unless that is too far ahead to be believed.
 */
function hasHeardOf(sent: MergedBody, device: string, { actor, heard = {} }: RecordMeta): boolean {
  const madeAtMs = sent.meta.heard?.[device];
  if (madeAtMs === undefined || heard[device] === madeAtMs) return true;
  const theirNowMs = heard[actor];
  return theirNowMs !== undefined && clampedMs(madeAtMs, theirNowMs) !== madeAtMs;
}

/** Nobody has to hear of a removal that the upstream does not carry. */
function areRemovalsIn({ meta: { tombstones = [] } }: MergedBody, { meta }: Current): boolean {
  const listed = new Set((meta?.tombstones ?? []).map(({ path }) => path));
  return meta === undefined || tombstones.every(({ path }) => listed.has(path));
}

function isOlder(record: EntityRecord | null, current: Current | null): boolean {
  const known = record?.current ?? null;
  if (current === null || known === null || current.version === known.version) return false;
  // Without vectors nothing tells an old version from one that was put back on purpose.
  if (current.meta === undefined || known.meta === undefined) return false;
  return compareVectors(current.meta.vv, known.meta.vv) === 'before';
}
