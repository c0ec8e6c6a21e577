/**
 * Events of an operation's chart: as many of each type as there are ways to take it.
 *
 * @module
 */

import type { SyncOperationEvent } from '../../../machines/operation/syncOperationMachine.ts';
import { FAILURE_CLASSES } from '../../../machines/policy/retry/classifyFailure.ts';

const PLAIN = [
  'turn.granted',
  'turn.revoked',
  'attempts.exhausted',
  'giveup.due',
  'lane.freed',
  'start.due',
  'handler.missing',
  'handler.registered',
  'repeat.unsafe',
  'edit.compared',
  'conflict.found',
  'conflict.applied',
  'handler.merges',
  'attempt.succeeded',
  'attempt.overhangs',
  'attempt.interrupted',
  'retry.requested',
  'cancel.requested',
  'expiry.due',
] as const;

const EVENTS_OF_MOST: readonly SyncOperationEvent[] = [
  ...PLAIN.map((type) => ({ type, atMs: 2_000 })),
  ...(
    ['granted', 'awaitsUpstream', 'awaitsLane', 'awaitsHandler', 'awaitsStart', undefined] as const
  ).map((turn) => ({ type: 'journal.committed' as const, atMs: 2_000, turn })),
  ...[true, false].map((wasAlone) => ({
    type: 'process.restarted' as const,
    atMs: 2_000,
    wasAlone,
  })),
  { type: 'turn.granted', atMs: 2_000, wasOutage: true },
  ...[true, false].map((isEdit) => ({ type: 'turn.granted' as const, atMs: 2_000, isEdit })),
  {
    type: 'rate.limited',
    atMs: 2_000,
    retryAtMs: 3_000,
    reservation: { owner: 'tier', dueAtMs: 3_000, timesAsked: 1 },
  },
  { type: 'conflict.pending', atMs: 2_000, retryAtMs: 3_000 },
  {
    type: 'conflict.refused',
    atMs: 2_000,
    failure: { failureClass: 'permanent', code: 'HF_UPSTREAM_REFUSED', message: 'No.' },
  },
  ...[1, 2].map((round) => ({ type: 'conflict.merged' as const, atMs: 2_000, round })),
  { type: 'conflict.merged', atMs: 2_000, round: 3, isOutcomeKnown: true },
  { type: 'journal.failed' },
  { type: 'journal.duplicated' },
  { type: 'process.stopping' },
  ...[null, 'key-2'].map((idempotencyKey) => ({
    type: 'replay.requested' as const,
    atMs: 2_000,
    idempotencyKey,
    isRepeatApproved: false,
  })),
  ...FAILURE_CLASSES.flatMap((failureClass) =>
    [true, false].flatMap((isRepeatSafe) =>
      [true, false].map((notApplied) => ({
        type: 'attempt.failed' as const,
        startedAtMs: 1_900,
        atMs: 2_000,
        failure: {
          failureClass,
          code: 'HF_ATTEMPT_FAILED' as const,
          message: 'It failed.',
          status: 503,
          notApplied,
        },
        retryAtMs: 3_000,
        isRepeatSafe,
        isUpstreamWell: false,
        steadyAtMs: 2_000,
        isDoubted: false,
        giveUpAfterMs: null,
      })),
    ),
  ),
  ...[0, 9_000].map((upMs) => ({
    type: 'attempt.failed' as const,
    startedAtMs: 1_900,
    atMs: 2_000,
    failure: {
      failureClass: 'transient',
      code: 'HF_ATTEMPT_FAILED',
      message: 'It failed.',
    } as const,
    retryAtMs: 3_000,
    isRepeatSafe: true,
    isUpstreamWell: true,
    steadyAtMs: 2_000,
    isDoubted: upMs === 0,
    up: { upstream: 'payments', upMs },
    giveUpAfterMs: 5_000,
  })),
];

/** Answered with 409 after an attempt in doubt. */
const AT_WORK = (['unlikely', 'possible'] as const).flatMap((conflictIs) =>
  EVENTS_OF_MOST.slice(-1).map((event) =>
    event.type === 'attempt.failed'
      ? { ...event, isDoubted: false, failure: { ...event.failure, status: 409, conflictIs } }
      : event,
  ),
);

/** Every event of the chart, with every field that a guard of it reads. */
export const OPERATION_EVENTS: readonly SyncOperationEvent[] = [...EVENTS_OF_MOST, ...AT_WORK];
