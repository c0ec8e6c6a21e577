/**
 * What has become of an edit that the upstream refused for its version, by what it holds now (CF-1, OP-3).
 *
 * @module
 */

import { compareVectors, countOf } from '../merge/clock/hybridClock.ts';
import type { MergedBody } from '../policy/request/requestBody.ts';
import type { Current } from '../vocabulary/record.ts';
import { closedBetween, joinQuestions } from './carriedQuestions.ts';
import type { EntityRecord } from './entityRecord.ts';
import { isSameRecord } from './items.ts';
import { bodyOf, listsAll } from './recordMeta.ts';

/**
 * - `sameVersion`: the upstream holds what the edit was made on. It is at work on it still, or answers of the past.
 * - `applied`: the edit is in what it holds.
 * - `other`: it holds another version, which the edit is not in.
 * - `unproven`: an attempt may have been applied, and nothing says whether the edit is in what it holds.
 * - `older`: it shows what this store knows to be over: a copy that lags behind, or a backup that was put back.
 */
export type SentStanding = 'sameVersion' | 'applied' | 'other' | 'unproven' | 'older';

type Sent = Pick<MergedBody, 'payload' | 'version' | 'absent'> & Partial<Pick<MergedBody, 'meta'>>;

export interface SentQuestion {
  /** What was sent last, without its meta where it had none; `undefined` before the first attempt. */
  readonly sent: Sent | undefined;
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
  if (
    isSameRecord(current.value, sent.payload) &&
    areRemovalsIn(sent, current) &&
    !isOpenIn(sent, current)
  )
    return 'applied';
  const body = bodyIn(question, sent, current);
  if (body === 'in') return 'applied';
  if (isOutcomeUnknown && body === 'unknown') return 'unproven';
  return isOlder(record, current) ? 'older' : 'other';
}

function standingOfAbsent(sent: Sent, isOutcomeUnknown: boolean): SentStanding {
  if (sent.absent === true) return 'sameVersion';
  // It may have been taken, and the record removed after that.
  return isOutcomeUnknown ? 'unproven' : 'other';
}

/**
 * Whether what is there says that the edit is in it. The count of a device alone proves nothing: a store that was put
 * back from a backup, or a copy of it, counts again from there, so it takes the random part of that body as well.
 */
function bodyIn(
  { device, record }: SentQuestion,
  sent: Sent,
  { meta }: Current,
): 'in' | 'notIn' | 'unknown' {
  if (meta === undefined || sent.meta === undefined) return 'unknown';
  const ours = countOf(sent.meta.vv, device);
  const theirs = countOf(meta.vv, device);
  // A version that names the device no more, though one before it did, says nothing of it.
  const isForgotten = theirs === 0 && countOf(record?.current?.meta?.vv ?? {}, device) > 0;
  if (theirs < ours) return isForgotten ? 'unknown' : 'notIn';
  const body = bodyOf(sent.meta, device);
  const isThere = theirs === ours && body !== undefined && body === bodyOf(meta, device);
  return isThere ? 'in' : 'unknown';
}

/** Whether a question is listed there that the edit had closed. */
function isOpenIn({ meta: sent }: Sent, { meta }: Current): boolean {
  const listed = meta?.asks ?? [];
  if (listed.length === 0 || sent === undefined) return false;
  const { vv, asks } = sent;
  const open = joinQuestions({ vv, asks }, { vv: meta?.vv ?? {}, asks: listed });
  return closedBetween(listed, open).length > 0;
}

/** Nobody has to hear of a removal that the upstream does not carry. */
function areRemovalsIn({ meta: sent }: Sent, { meta }: Current): boolean {
  return meta === undefined || listsAll(meta, sent?.tombstones ?? []);
}

function isOlder(record: EntityRecord | null, current: Current | null): boolean {
  const known = record?.current ?? null;
  if (current === null || known === null || current.version === known.version) return false;
  // Without vectors nothing tells an old version from one that was put back on purpose.
  if (current.meta === undefined || known.meta === undefined) return false;
  return compareVectors(current.meta.vv, known.meta.vv) === 'before';
}
