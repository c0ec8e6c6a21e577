/**
 * Histories by hand for the oracle: one for each way to break a promise, and some that break none.
 *
 * @module
 */

import type { Driver } from '../../src/simulator/oracle/clause.ts';
import type { DiskRow, ToldOutcome, TraceEvent } from '../../src/simulator/oracle/trace.ts';
import type { Expected } from '../../src/simulator/promises/oracle.ts';

export const ALL_SEEING: Driver = { name: 'all-seeing', blind: {} };
export const DONE: ToldOutcome = { status: 'completed', attempts: 1, settledAtMs: 50, code: null };
const CANCELLED: ToldOutcome = {
  status: 'cancelled',
  attempts: 0,
  settledAtMs: 50,
  code: 'HF_CANCELLED',
};
const CULPRIT_CRASHES = 5;
export const EXHAUSTED: DiskRow['outcome'] = {
  ...{ status: 'deadLettered', attempts: 1, settledAtMs: 50, code: 'HF_ATTEMPTS_EXHAUSTED' },
};

/** The first attempt of `op-1`, `op-2` and so on fails in an outage, with an answer or without one. */
export const failedInOutage = (number: number, isAnswered: boolean, name = 'mail 1') => ({
  ...{ event: 'attemptOver' as const, task: `op-${number}`, attempt: 1, process: 1, isSpent: true },
  outage: { name, isAnswered },
});

/** Row of `op-1` with `key-1` and so on, waiting for its first attempt. */
export function row(number: number, more: Partial<DiskRow> = {}): DiskRow {
  return {
    id: `op-${number}`,
    key: `key-${number}`,
    seq: number,
    state: 'ordering',
    isInHand: true,
    isCrisis: false,
    lane: null,
    urgency: 5,
    ownUrgency: 5,
    attempt: 1,
    isOrdered: true,
    dueAtMs: 0,
    isBackingOff: false,
    crashes: 0,
    outcome: null,
    failureCode: null,
    ...more,
  };
}

export function ended(number: number, more: Partial<DiskRow> = {}): DiskRow {
  const outcome = DONE as DiskRow['outcome'];
  return row(number, { state: 'completed', isInHand: false, isOrdered: false, outcome, ...more });
}

export function waiting(number: number, dueAtMs: number): DiskRow {
  return row(number, {
    state: 'backingOff',
    isInHand: false,
    isBackingOff: true,
    isOrdered: false,
    dueAtMs,
  });
}

const accepted = (number: number, onDisk?: DiskRow | null): TraceEvent => ({
  event: 'accepted',
  key: `key-${number}`,
  id: `op-${number}`,
  ...(onDisk === undefined ? {} : { onDisk }),
});
export const attempted = (
  number: number,
  attempt = 1,
  more: Partial<Extract<TraceEvent, { event: 'attempted' }>> = {},
): TraceEvent => ({
  event: 'attempted',
  key: `key-${number}`,
  id: `op-${number}`,
  task: number,
  attempt,
  atMs: 10,
  process: 1,
  ...more,
});
export const over = (number: number, attempt = 1, isSpent = true, process = 1): TraceEvent => ({
  event: 'attemptOver',
  task: number,
  attempt,
  process,
  isSpent,
});
const returned = (number: number, attempt = 1, process = 1): TraceEvent => ({
  event: 'returned',
  task: number,
  attempt,
  process,
});
export const applied = (
  number: number,
  more: { key?: string; isLate?: boolean; isKeyless?: boolean } = {},
): TraceEvent => ({
  event: 'applied',
  key: `key-${number}`,
  task: number,
  ...more,
});
export const told = (number: number, outcome = DONE, onDisk?: DiskRow | null): TraceEvent => ({
  event: 'ended',
  id: `op-${number}`,
  outcome,
  ...(onDisk === undefined ? {} : { onDisk }),
});
export const asked = (
  number: number | null,
  what: 'cancel' | 'retryNow' | 'replay' | 'purge',
): TraceEvent => ({
  event: 'asked',
  id: number === null ? null : `op-${number}`,
  what,
});
const disk = (...rows: readonly DiskRow[]): TraceEvent => ({ event: 'disk', rows });
export const finished = (...rows: readonly DiskRow[]): TraceEvent => ({ event: 'finished', rows });

/** Events of an operation from its acceptance to its ending. */
const life = (number: number, lane: string | null = null): readonly TraceEvent[] => [
  accepted(number, row(number, { lane })),
  attempted(number, 1, { lane, onDisk: row(number, { lane }) }),
  applied(number),
  over(number, 1, false),
  returned(number),
  told(number, DONE, ended(number, { lane })),
];
export const crisis: readonly TraceEvent[] = [
  { event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 0 },
  { event: 'attempted', key: 'crisis-1', id: 'crisis', task: 'crisis', attempt: 1, atMs: 1 },
  { event: 'applied', key: 'crisis-1', task: 'crisis' },
  { event: 'ended', id: 'crisis', outcome: DONE },
];
const crisisRow = (more: Partial<DiskRow> = {}): DiskRow =>
  row(9, { id: 'crisis', key: 'crisis-1', isCrisis: true, ...more });

const CRISIS_AGAIN: ToldOutcome = { ...DONE, attempts: 2, settledAtMs: 90 };
const REFUSED: ToldOutcome = { ...DONE, status: 'deadLettered', code: 'HF_REFUSED' };
export const expected: Expected = (key) =>
  ({ 'key-7': ['completed'], 'key-8': ['deadLettered'] })[key] ?? null;

export const CLEAN: Readonly<Record<string, readonly TraceEvent[]>> = {
  'a backup that knows less, released': [
    ...life(1),
    accepted(2),
    { event: 'restored', rows: [row(1)] },
    { event: 'released', reason: 'restored' },
    attempted(1),
    disk(row(1)),
  ],
  'an older backup, which knows again what was purged': [
    accepted(1),
    attempted(1),
    told(1, REFUSED),
    asked(null, 'purge'),
    { event: 'restored', rows: [] },
    { event: 'restored', rows: [row(1)] },
    { event: 'released', reason: 'restored' },
    attempted(1),
    told(1, REFUSED),
    disk(),
  ],
  'an edit of which the upstream held all already when its turn came': [
    { event: 'accepted', key: 'edit-1', id: 'op-1' },
    told(1),
    finished(ended(1, { key: 'edit-1' })),
  ],
  'a decision that another device was first with': [finished(ended(1, { key: 'a-c1-d1-b' }))],
  'an edit that went out before a backup that knows nothing of it': [
    { event: 'accepted', key: 'edit-1', id: 'op-1' },
    attempted(1, 1, { key: 'edit-1' }),
    applied(1, { key: 'edit-1' }),
    { event: 'restored', rows: [row(1, { key: 'edit-1' })] },
    { event: 'released', reason: 'restored' },
    attempted(1, 1, { key: 'edit-1' }),
    { event: 'bodyChanged', key: 'edit-1' },
    applied(1, { key: 'edit-1' }),
  ],
  'a key that is refused once and comes again': [
    { event: 'refused', key: 'key-1', code: 'HF_STORE_FULL', isForSure: true },
    { event: 'askedAgain', key: 'key-1' },
    attempted(1),
    accepted(1),
    disk(row(1)),
  ],
  'a request that a hung disk kept all the same, which a person runs again without a key': [
    { event: 'refused', key: 'key-1', code: 'HF_STORE_STALLED' },
    attempted(1),
    applied(1, { isKeyless: true }),
    told(1, REFUSED),
    asked(null, 'replay'),
    { event: 'cameEarly', key: 'key-1', byMs: 10 },
    attempted(1),
    applied(1, { isKeyless: true }),
    disk(row(1)),
  ],
  'a request that alone is answered with failures, in an outage': [
    ...life(2),
    accepted(1),
    attempted(1),
    { ...failedInOutage(2, true), process: 0 },
    failedInOutage(1, true),
    finished(ended(1, { outcome: EXHAUSTED }), ended(2)),
  ],
  'a record that is damaged and set aside': [
    accepted(1),
    { event: 'damaged', id: 'op-1', key: 'key-1' },
    disk(),
  ],
  'one operation': [...life(1), finished(ended(1))],
  'a lane, one after the other': [
    ...life(1, 'a'),
    ...life(2, 'a'),
    finished(ended(1, { lane: 'a' }), ended(2, { lane: 'a' })),
  ],
  'a lane whose head has the rank of one behind it': [
    ...life(1, 'a'),
    disk(
      ended(1, { lane: 'a', urgency: 9, ownUrgency: 9 }),
      row(2, { lane: 'a', urgency: 1, ownUrgency: 9 }),
      row(3, { lane: 'a', urgency: 1, ownUrgency: 1 }),
    ),
  ],
  'two lanes at once': [
    attempted(1, 1, { lane: 'a' }),
    attempted(2, 1, { lane: 'b' }),
    applied(2),
    applied(1),
    finished(ended(1, { lane: 'a' }), ended(2, { lane: 'b' })),
  ],
  'an attempt that fails, a wait, and one that works': [
    accepted(1),
    attempted(1),
    over(1),
    disk(waiting(1, 500)),
    attempted(1, 2, { atMs: 500 }),
    applied(1),
    over(1, 2, false),
    finished(ended(1, { attempt: 2 })),
  ],
  'a wait that a caller ends': [
    accepted(1),
    attempted(1),
    over(1),
    disk(waiting(1, 500)),
    asked(1, 'retryNow'),
    { event: 'dueTimeMoved', id: 'op-1' },
    attempted(1, 2, { atMs: 20 }),
    applied(1),
    finished(ended(1, { attempt: 2 })),
  ],
  'a crash in the midst of an attempt, which is made again with its number': [
    accepted(1),
    attempted(1, 1, { lane: 'a' }),
    disk(row(1, { lane: 'a' })),
    attempted(1, 1, { process: 2, lane: 'a' }),
    applied(1),
    finished(ended(1, { lane: 'a' })),
  ],
  'accepted, but the caller was not told': [
    disk(row(1)),
    attempted(1),
    applied(1),
    finished(ended(1)),
  ],
  'an upstream that is back, which answers before more goes out': [
    { event: 'reopened', process: 1, upstream: 'mail', atOnce: 1 },
    ...['mail', 'post', 'post'].map((upstream, at) => attempted(at + 1, 1, { upstream })),
    {
      ...{ event: 'attemptOver', task: 1, attempt: 1, process: 1 },
      isSpent: false,
      upstream: 'mail',
    },
    attempted(4, 1, { upstream: 'mail' }),
    attempted(5, 1, { upstream: 'mail' }),
  ],
  'a key that is forgotten, of work that a person runs again': [
    accepted(1),
    attempted(1),
    applied(1),
    asked(1, 'retryNow'),
    { event: 'keyForgotten', key: 'key-1', isExcused: false },
    applied(1),
  ],
  'another body that is refused, and a disk in trouble': [
    accepted(1),
    { event: 'otherBodyRefused', key: 'key-1', code: 'HF_IDEMPOTENCY_CONFLICT' },
    { event: 'otherBodyRefused', key: 'key-1', code: 'HF_STORE_FULL' },
  ],
  'a wait that a set clock cuts short': [
    accepted(1),
    attempted(1),
    over(1),
    disk(waiting(1, 500)),
    { event: 'clockMoved', isAsleep: false },
    attempted(1, 2, { atMs: 20 }),
    over(1, 2),
  ],
  'asked for twice under one key': [accepted(1), accepted(1), ...life(1), finished(ended(1))],
  'cancelled before it was attempted': [
    accepted(1),
    asked(1, 'cancel'),
    told(1, CANCELLED),
    finished(ended(1, { outcome: CANCELLED as never })),
  ],
  'an effect that comes after the operation was cancelled': [
    accepted(1),
    attempted(1),
    ...life(2, 'a'),
    applied(1, { isLate: true }),
    told(1, CANCELLED),
    finished(ended(1, { lane: 'a', outcome: CANCELLED as never }), ended(2, { lane: 'a' })),
  ],
  'an effect that a dead process asked for, after the operation was cancelled': [
    accepted(1),
    attempted(1, 1, { lane: 'a', process: 0 }),
    disk(row(1, { lane: 'a', crashes: 1 })),
    asked(1, 'cancel'),
    told(1, CANCELLED),
    ...life(2, 'a'),
    applied(1, { isLate: true }),
    finished(ended(1, { lane: 'a', outcome: CANCELLED as never }), ended(2, { lane: 'a' })),
  ],
  'a crisis, told before it is on disk': [...crisis, disk(), finished()],
  'a crisis, delivered again after a crash': [
    ...crisis,
    disk(crisisRow()),
    ...crisis.slice(1, 2),
    { event: 'ended', id: 'crisis', outcome: CRISIS_AGAIN },
    finished(crisisRow({ outcome: CRISIS_AGAIN as never })),
  ],
  'a crisis that is refused since the runtime closes': [
    { event: 'refused', key: 'crisis-1', code: 'HF_CLOSED' },
  ],
  'a handler that never returns, and the next process': [
    accepted(1),
    attempted(1, 1, { lane: 'a' }),
    over(1),
    { event: 'rested', slotsTaken: 0, attemptsRunning: 1, handlersOut: 1 },
    attempted(1, 2, { lane: 'a', process: 2 }),
    applied(1),
    finished(ended(1, { lane: 'a', attempt: 2 })),
  ],
  'a culprit in the dead letters': [
    accepted(1),
    attempted(1),
    disk(row(1, { crashes: CULPRIT_CRASHES })),
    finished(
      ended(1, {
        failureCode: 'HF_CRASHES_PROCESS',
        outcome: { ...DONE, status: 'deadLettered' } as never,
      }),
    ),
  ],
  'a dead letter that is run again': [
    accepted(1),
    attempted(1),
    over(1),
    attempted(1, 2),
    over(1, 2),
    told(1, REFUSED),
    disk(ended(1, { attempt: 2, outcome: REFUSED as never })),
    asked(1, 'replay'),
    attempted(1),
    applied(1),
    over(1, 1, false),
    told(1),
    finished(ended(1)),
  ],
  'dead letters that are forgotten': [
    ...life(2),
    accepted(1),
    attempted(1),
    over(1),
    told(1, REFUSED),
    asked(null, 'purge'),
    finished(ended(2)),
  ],
  'a key that comes again once its dead letter was forgotten': [
    accepted(1),
    told(1, REFUSED),
    asked(null, 'purge'),
    { event: 'accepted', key: 'key-1', id: 'op-2' },
  ],
  'refused for good, as it must be': [
    accepted(8),
    attempted(8),
    told(8, REFUSED),
    finished(ended(8, { outcome: REFUSED as never, failureCode: 'HF_REFUSED' })),
  ],
};

export const ordered = (code: string | null): TraceEvent => ({
  event: 'ordered',
  call: 'operation.cancel',
  process: 1,
  id: 'op-1',
  by: 'ana',
  params: { id: 'op-1' },
  answer: null,
  code,
});

/** Histories of each breach, by its name; they may have other breaches, too. */
export type Histories = Readonly<Record<string, readonly (readonly TraceEvent[])[]>>;

export const BROKEN_PLAINLY: Histories = {
  'order refused without a code': [[ordered('no code')], [ordered('HF_INTERNAL')]],
  lost: [
    [accepted(1), disk()],
    [accepted(1), disk(row(1)), finished()],
    [accepted(1, null)],
    [{ event: 'accepted', key: 'crisis-1', id: 'crisis' }, disk()],
    // A purge of all that match takes only dead letters.
    [...life(1), asked(null, 'purge'), finished()],
    [accepted(1), told(1, REFUSED), asked(1, 'replay'), finished()],
  ],
  'accepted twice': [[accepted(1), { event: 'accepted', key: 'key-1', id: 'op-2' }]],
  'another body taken': [
    [accepted(1), { event: 'otherBody', key: 'key-1', id: 'op-1' }],
    [accepted(1), { event: 'otherBodyRefused', key: 'key-1', code: 'HF_REQUEST_INVALID' }],
  ],
  'sent under a forgotten key': [
    [
      accepted(1),
      attempted(1),
      applied(1),
      { event: 'keyForgotten', key: 'key-1', isExcused: false },
    ],
  ],
  'given up too early': [[finished(ended(1, { outcome: EXHAUSTED, attemptsMax: 3 }))]],
  'given up in an outage': [
    [failedInOutage(1, false), finished(ended(1, { outcome: EXHAUSTED }))],
    [
      ...[failedInOutage(2, true), failedInOutage(1, true)],
      finished(ended(1, { outcome: EXHAUSTED })),
    ],
  ],
  'applied twice': [
    [applied(1), applied(1, { key: 'key-1-again' })],
    [applied(1), applied(1)],
  ],
  'done twice without a key': [
    [accepted(1), applied(1, { isKeyless: true }), applied(1, { isKeyless: true })],
  ],
  'came before it was time': [[accepted(1), { event: 'cameEarly', key: 'key-1', byMs: 10 }]],
  'two keys': [[attempted(1), attempted(1, 1, { key: 'key-1-again' })]],
  'body changed': [
    [{ event: 'bodyChanged', key: 'key-1' }],
    [attempted(1), { event: 'restored', rows: [row(1)] }, { event: 'bodyChanged', key: 'key-1' }],
    [attempted(1, 1, { key: 'edit-1' }), { event: 'bodyChanged', key: 'edit-1' }],
  ],
  'attempted after it completed': [[...life(1), attempted(1)]],
  'attempted after its end was on disk': [
    [...life(1), disk(ended(1)), attempted(1)],
    [...crisis, disk(crisisRow({ outcome: DONE as never })), ...crisis.slice(1, 2)],
  ],
  'refused and stored': [
    [{ event: 'refused', key: 'key-1', code: 'HF_STORE_IO', isForSure: true }, disk(row(1))],
    [{ event: 'refused', key: 'key-1', code: 'HF_STORE_IO', isForSure: true }, attempted(1)],
  ],
  'crisis not kept on a full disk': [
    [
      { event: 'full', isFull: true },
      { event: 'answered', key: 'crisis-1', id: 'op-1', waitedMs: 0 },
      disk(),
    ],
  ],
  'ran while held': [
    [{ event: 'restored', rows: [row(1)] }, attempted(1)],
    [{ event: 'copied', rows: [row(1)] }, attempted(1)],
  ],
  'less urgent than who waits for it': [
    [disk(row(1, { lane: 'a', urgency: 6 }), row(2, { lane: 'a', ownUrgency: 4 }))],
  ],
  'two in one lane': [
    [attempted(1, 1, { lane: 'a' }), attempted(2, 1, { lane: 'a' })],
    [attempted(1, 1, { lane: 'a' }), over(1), attempted(2, 1, { lane: 'a' })],
  ],
  'out of order': [
    [applied(2), applied(1), disk(ended(1, { lane: 'a' }), row(2, { lane: 'a' }))],
    [
      applied(2),
      applied(1, { isLate: true }),
      finished(ended(1, { lane: 'a' }), ended(2, { lane: 'a' })),
    ],
    [
      accepted(1),
      attempted(1, 1, { lane: 'a' }),
      disk(row(1, { lane: 'a', crashes: 1 })),
      attempted(2, 1, { lane: 'a', process: 2 }),
      applied(2),
      over(2, 1, false, 2),
      applied(1, { isLate: true }),
      attempted(1, 1, { lane: 'a', process: 2 }),
      finished(ended(1, { lane: 'a' }), ended(2, { lane: 'a' })),
    ],
    [
      attempted(1, 1, { lane: 'a' }),
      applied(2),
      applied(1),
      finished(ended(1, { lane: 'a', outcome: CANCELLED as never }), ended(2, { lane: 'a' })),
    ],
  ],
  'not in the order of acceptance': [
    [
      accepted(1),
      accepted(2),
      applied(2),
      applied(1),
      finished(ended(1, { seq: 2, lane: 'a' }), ended(2, { seq: 1, lane: 'a' })),
    ],
  ],
  'ending changed': [
    [told(1), told(1, CANCELLED)],
    [told(1), told(1, { ...DONE, attempts: 2 })],
    [...crisis, { event: 'ended', id: 'crisis', outcome: CANCELLED }],
  ],
  'outcome not kept': [
    [told(1), disk(row(1))],
    [told(1), disk()],
    [told(1, DONE, null)],
    [told(1), disk(ended(1, { outcome: { ...DONE, settledAtMs: 51 } as never }))],
    [...crisis, disk(crisisRow({ outcome: CANCELLED as never }))],
  ],
  'completed without effect': [[attempted(1), disk(ended(1))]],
  'not settled': [[finished(row(1))]],
  'never reported': [[accepted(1), attempted(1), applied(1), finished(ended(1))]],
  'never attempted': [[applied(1), finished(ended(1))]],
  'wrong ending': [
    [attempted(7), finished(ended(7, { outcome: REFUSED as never }))],
    [attempted(8), applied(8), finished(ended(8))],
    [asked(7, 'cancel'), finished(ended(7, { outcome: CANCELLED as never }))],
  ],
  'wrongly convicted': [
    [
      accepted(1),
      disk(row(1, { crashes: CULPRIT_CRASHES - 1 })),
      finished(ended(1, { failureCode: 'HF_CRASHES_PROCESS' })),
    ],
  ],
  'effect before state': [
    [attempted(1), disk()],
    [attempted(1, 2), disk(row(1))],
  ],
  'attempt not ordered': [
    [attempted(1, 1, { onDisk: null })],
    [attempted(1, 1, { onDisk: row(1, { isOrdered: false }) })],
    [attempted(1, 2, { onDisk: row(1, { attempt: 1 }) })],
  ],
  'attempt went back': [[attempted(1, 2), attempted(1, 1)]],
  'attempt spent by a crash': [
    [attempted(1), disk(row(1)), attempted(1, 2)],
    [attempted(1), over(1, 1, false), attempted(1, 2)],
  ],
  'before it was due': [
    [accepted(1), disk(waiting(1, 500)), attempted(1, 2, { atMs: 496 })],
    [attempted(1, 1, { atMs: 496, onDisk: row(1, { dueAtMs: 500 }) })],
  ],
  'due time moved': [[{ event: 'dueTimeMoved', id: 'op-1' }, finished(ended(1))]],
  'crisis waited': [[{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 1 }]],
  'crisis of a client waited': [
    [{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 201, client: 'client 1' }],
  ],
  'client turned away': [[{ event: 'turnedAway', client: 'client 1', what: 'health' }]],
  'page shows what is not': [[{ event: 'pageDiffers', what: 'supervisor is stopped' }]],
  'crisis answered without help': [
    [{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 0, helps: 0 }],
  ],
  'crisis answered without its plan': [
    [
      {
        ...{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 0 },
        ...{ planOwed: 'Sam', planGiven: null },
      },
    ],
  ],
  'not opened': [[{ event: 'unsound', what: 'not opened', detail: 'HF_STORE_CORRUPT' }]],
  'not decrypted': [[{ event: 'unsound', what: 'not decrypted', detail: 'op-1' }]],
  damaged: [[{ event: 'unsound', what: 'damaged', detail: 'page 7' }]],
  'not finished': [[{ event: 'unsound', what: 'not finished', detail: 'after 60 s' }]],
  'still waiting': [
    [{ event: 'overdue', id: 'op-1', state: 'backingOff', afterMs: 60_000, said: 'healthy 100: ' }],
  ],
  'slot leaked': [
    [{ event: 'finished', rows: [], slotsTaken: 1 }],
    [{ event: 'finished', rows: [], attemptsRunning: 1 }],
    [{ event: 'rested', slotsTaken: 1, attemptsRunning: 1, handlersOut: 1 }],
    [{ event: 'rested', slotsTaken: 0, attemptsRunning: 0, handlersOut: 1 }],
  ],
};
