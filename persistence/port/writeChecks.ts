/**
 * Checks of every store before a write: values that would be kept wrongly or never be found again are refused. Each is
 * a programming error of the caller, never of the app's input.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { KEPT_ROOMS } from './kept.ts';
import type { KeepWrite, Standing, Write } from './store.ts';

/** Small enough to be sealed, however much of it has to be escaped. */
const KEPT_UNITS_MAX = 10_000_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a UUID in its usual lower-case form, the only form an operation's id can have. */
export function isOperationId(id: string): boolean {
  return UUID.test(id);
}

/** @throws HoldfastError `HF_INTERNAL` naming the field at fault. */
export function checkWrite(write: Write): void {
  if (write.kind === 'component' || write.kind === 'crisisPlan') return;
  if (write.kind === 'crisisMode' || write.kind === 'crisisModes') return;
  if (write.kind === 'hold' || write.kind === 'anchored' || write.kind === 'audit') return;
  if (write.kind === 'keep') {
    checkKeep(write);
    return;
  }
  if (write.kind === 'purgeSettled' || write.kind === 'purgeKept') {
    demand(isCount(write.nowMs), 'nowMs', 'must be whole milliseconds since the epoch');
    demand(isCount(write.limit), 'limit', 'must be a non-negative safe integer');
    return;
  }
  demand(isCount(write.seq), 'seq', 'must be a non-negative safe integer');
  if (write.kind === 'replay' || write.kind === 'reinstate') {
    demand(isCount(write.toSeq), 'toSeq', 'must be a non-negative safe integer');
  }
  if (write.kind === 'replay') {
    demand(isCount(write.dueAtMs), 'dueAtMs', 'must be whole milliseconds since the epoch');
  }
  if (write.kind !== 'accept' && write.kind !== 'update') return;
  checkStanding(write.standing, write.dueAtMs);
  if (write.kind === 'update') {
    demand(isCount(write.revision), 'revision', 'must be a non-negative safe integer');
  }
  demand(isOperationId(write.id), 'id', 'must be a UUID in lower case');
  demand(isCount(write.urgency), 'urgency', 'must be a non-negative safe integer');
}

function checkKeep(write: KeepWrite): void {
  const { room, key, text, revision = 0, keepUntilMs = null, also = [] } = write;
  demand(KEPT_ROOMS.includes(room), 'room', 'must be one of those there are');
  demand(key !== '', 'key', 'must not be empty');
  const length = text?.length ?? 0;
  demand(length <= KEPT_UNITS_MAX, 'text', `must not have over ${KEPT_UNITS_MAX} characters`);
  demand(isCount(revision), 'revision', 'must be a non-negative safe integer');
  demand(
    keepUntilMs === null || isCount(keepUntilMs),
    'keepUntilMs',
    'must be whole milliseconds since the epoch, or null',
  );
  for (const other of also) checkKeep({ kind: 'keep', ...other });
}

function checkStanding(standing: Standing, dueAtMs: number | null): void {
  demand(standing !== 'quarantined', 'standing', 'is given by the store alone');
  demand(
    dueAtMs === null || isCount(dueAtMs),
    'dueAtMs',
    'must be whole milliseconds since the epoch, or null',
  );
  // A due row without a time would never be claimed.
  demand(standing !== 'due' || dueAtMs !== null, 'dueAtMs', 'must be given for a due row');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function demand(holds: boolean, field: string, what: string): void {
  if (!holds) throw misuse(`A write was refused: its ${field} ${what}.`, field);
}

/** The error for a write that contradicts what is stored. */
export function misuse(message: string, field: string): HoldfastError {
  return new HoldfastError('HF_INTERNAL', message, { field });
}
