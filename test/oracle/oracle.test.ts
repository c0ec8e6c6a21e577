/** The oracle on histories by hand: one for each way to break a promise, and some that break none. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Driver } from '../../src/simulator/oracle/clause.ts';
import type { Look, OpenRow } from '../../src/simulator/oracle/look.ts';
import type { DiskRow, Sight, ToldOutcome, TraceEvent } from '../../src/simulator/oracle/trace.ts';
import { CLAUSES, type Expected, isJudged, Oracle } from '../../src/simulator/promises/oracle.ts';
import { DRIVERS } from './drivers.ts';

const ALL_SEEING: Driver = { name: 'all-seeing', blind: {} };
const DONE: ToldOutcome = { status: 'completed', attempts: 1, settledAtMs: 50, code: null };
const CANCELLED: ToldOutcome = {
  status: 'cancelled',
  attempts: 0,
  settledAtMs: 50,
  code: 'HF_CANCELLED',
};
const CULPRIT_CRASHES = 5;

/** The operation `op-1` of key `key-1` and so on, waiting for its first attempt. */
function row(number: number, more: Partial<DiskRow> = {}): DiskRow {
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

function ended(number: number, more: Partial<DiskRow> = {}): DiskRow {
  const outcome = DONE as DiskRow['outcome'];
  return row(number, { state: 'completed', isInHand: false, isOrdered: false, outcome, ...more });
}

function waiting(number: number, dueAtMs: number): DiskRow {
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
const attempted = (
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
const over = (number: number, attempt = 1, isSpent = true, process = 1): TraceEvent => ({
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
const applied = (
  number: number,
  more: { key?: string; isLate?: boolean; isKeyless?: boolean } = {},
): TraceEvent => ({
  event: 'applied',
  key: `key-${number}`,
  task: number,
  ...more,
});
const told = (number: number, outcome = DONE, onDisk?: DiskRow | null): TraceEvent => ({
  event: 'ended',
  id: `op-${number}`,
  outcome,
  ...(onDisk === undefined ? {} : { onDisk }),
});
const asked = (
  number: number | null,
  what: 'cancel' | 'retryNow' | 'replay' | 'purge',
): TraceEvent => ({
  event: 'asked',
  id: number === null ? null : `op-${number}`,
  what,
});
const disk = (...rows: readonly DiskRow[]): TraceEvent => ({ event: 'disk', rows });
const finished = (...rows: readonly DiskRow[]): TraceEvent => ({ event: 'finished', rows });

/** One operation from its acceptance to its ending. */
const life = (number: number, lane: string | null = null): readonly TraceEvent[] => [
  accepted(number, row(number, { lane })),
  attempted(number, 1, { lane, onDisk: row(number, { lane }) }),
  applied(number),
  over(number, 1, false),
  returned(number),
  told(number, DONE, ended(number, { lane })),
];
const crisis: readonly TraceEvent[] = [
  { event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 0 },
  { event: 'attempted', key: 'crisis-1', id: 'crisis', task: 'crisis', attempt: 1, atMs: 1 },
  { event: 'applied', key: 'crisis-1', task: 'crisis' },
  { event: 'ended', id: 'crisis', outcome: DONE },
];
const crisisRow = (more: Partial<DiskRow> = {}): DiskRow =>
  row(9, { id: 'crisis', key: 'crisis-1', isCrisis: true, ...more });

const CRISIS_AGAIN: ToldOutcome = { ...DONE, attempts: 2, settledAtMs: 90 };
const REFUSED: ToldOutcome = { ...DONE, status: 'deadLettered', code: 'HF_REFUSED' };
const expected: Expected = (key) =>
  ({ 'key-7': ['completed'], 'key-8': ['deadLettered'] })[key] ?? null;

const CLEAN: Readonly<Record<string, readonly TraceEvent[]>> = {
  'a backup that knows less, released': [
    ...life(1),
    accepted(2),
    { event: 'restored', rows: [row(1)] },
    { event: 'released', reason: 'restored' },
    attempted(1),
    disk(row(1)),
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
  'refused for good, as it must be': [
    accepted(8),
    attempted(8),
    told(8, REFUSED),
    finished(ended(8, { outcome: REFUSED as never, failureCode: 'HF_REFUSED' })),
  ],
};

/** By the name of each breach, the histories that have it and perhaps others. */
const ordered = (code: string | null): TraceEvent => ({
  event: 'ordered',
  call: 'operation.cancel',
  process: 1,
  id: 'op-1',
  by: 'ana',
  params: { id: 'op-1' },
  answer: null,
  code,
});

const BROKEN: Readonly<Record<string, readonly (readonly TraceEvent[])[]>> = {
  'order refused without a code': [[ordered('no code')], [ordered('HF_INTERNAL')]],
  lost: [
    [accepted(1), disk()],
    [accepted(1), disk(row(1)), finished()],
    [accepted(1, null)],
    [{ event: 'accepted', key: 'crisis-1', id: 'crisis' }, disk()],
    // Only dead letters are among those that a person forgets.
    [...life(1), asked(null, 'purge'), finished()],
    [accepted(1), told(1, REFUSED), asked(1, 'replay'), finished()],
  ],
  'accepted twice': [[accepted(1), { event: 'accepted', key: 'key-1', id: 'op-2' }]],
  'untyped error': [[{ event: 'refused', key: 'key-1', code: null }]],
  'applied twice': [
    [applied(1), applied(1, { key: 'key-1-again' })],
    [applied(1), applied(1)],
  ],
  'done twice without a key': [
    [accepted(1), applied(1, { isKeyless: true }), applied(1, { isKeyless: true })],
  ],
  'came before it was time': [[accepted(1), { event: 'cameEarly', key: 'key-1', byMs: 10 }]],
  'redirect followed': [[{ event: 'followed', key: 'key-1' }]],
  'key of no attempt': [[{ event: 'strayed', key: 'key-1' }]],
  'two keys': [[attempted(1), attempted(1, 1, { key: 'key-1-again' })]],
  'body changed': [[{ event: 'bodyChanged', key: 'key-1' }]],
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
    [accepted(1), disk(waiting(1, 500)), attempted(1, 2, { atMs: 499 })],
    [attempted(1, 1, { atMs: 499, onDisk: row(1, { dueAtMs: 500 }) })],
  ],
  'due time moved': [[{ event: 'dueTimeMoved', id: 'op-1' }, finished(ended(1))]],
  'crisis waited': [[{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 1 }]],
  'crisis of a client waited': [
    [{ event: 'answered', key: 'crisis-1', id: 'crisis', waitedMs: 201, client: 'client 1' }],
  ],
  'client turned away': [[{ event: 'turnedAway', client: 'client 1', what: 'health' }]],
  'page shows what is not': [[{ event: 'pageDiffers', what: 'supervisor is stopped' }]],
  'client unheard': [[{ event: 'unheard', client: 'client 1', what: 'health' }]],
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
  'notice is wrong': [[{ event: 'noticeWrong', what: 'it is not signed' }]],
  'crisis refused': [[{ event: 'refused', key: 'crisis-1', code: 'HF_STORE_UNAVAILABLE' }]],
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
  'stop is late': [[{ event: 'stopLate', deadlineMs: 200, byMs: 2_000 }]],
  'timer leaked': [[{ event: 'closed', timers: 1 }]],
};

/** All is well, and has been for an hour. */
const HEALTH = {
  ...{ overall: 'healthy', score: 100, reasons: [], findings: [], components: {} },
  ...{ phase: 'running', level: 'normal', storage: { state: 'well' }, hold: null, queue: [] },
  upstreams: {
    payments: {
      ...{ breaker: 'closed', inFlight: 0, hold: null, parkedTypes: [], parkedSubjects: null },
      flow: { ratePerSecond: null },
    },
  },
  waiting: {
    ...{ conflicted: 0, inReview: 0, handlerMissing: 0, deadLettered: 0, overhanging: 0 },
    ...{ inLane: 0, scheduled: 0, rateLimited: 0, turn: 0 },
  },
  crises: { escalated: 0 },
} as unknown as Look['health'];
const HOUR_MS = 3_600_000;
const OPEN_ROW: OpenRow = {
  ...{ id: 'op-1', seq: 1, revision: 3, standing: 'due', state: 'waiting', lane: null },
  ...{ isCrisis: false, isTest: false, isEdit: false, type: 'pay', subject: 'ana' },
  ...{ upstream: 'payments', unchangedMs: HOUR_MS, openMs: HOUR_MS },
};
const seen = (
  health: Readonly<Record<string, unknown>>,
  rows: readonly Partial<OpenRow>[] = [],
  wait: { readonly reason: string; readonly untilAtMs?: number } | null = null,
  page: Readonly<Record<string, unknown>> | null = null,
  world: Partial<Look['world']> = {},
): TraceEvent => ({
  event: 'looked',
  health: { ...HEALTH, ...health },
  rows: rows.map((its) => ({ ...OPEN_ROW, ...its })),
  views:
    wait === null
      ? []
      : [{ id: 'op-1', state: 'waiting', wait: { untilAtMs: null, ...wait } } as never],
  page: page === null ? null : ({ ...HEALTH, ...page } as never),
  world: {
    ...{ upMs: HOUR_MS, diskWellMs: HOUR_MS, stillMs: HOUR_MS, turnWithinMs: 0 },
    escalateAfterMs: 60_000,
    ...{ atMs: HOUR_MS, pagerWellMs: HOUR_MS, pagerTrueMs: HOUR_MS, telling: null },
    ...{ typeWellMs: { pay: HOUR_MS }, handled: new Set(['pay']), nowMs: 10 * HOUR_MS },
    ...world,
  },
});
const turn = (count: number) => ({
  waiting: { ...HEALTH.waiting, turn: count },
  queue: count === 0 ? [] : [{ turn: count, inLane: 0 }],
});
const ILL = {
  overall: 'degraded',
  score: 90,
  reasons: ['ill'],
  findings: [{ id: 'ill' }],
  components: { resilience: 'degraded' },
};

const twice = (event: TraceEvent): readonly TraceEvent[] => [event, event];

const called = (
  call: string,
  params: Readonly<Record<string, unknown>>,
  id: string | null = null,
  by: string | null = null,
): TraceEvent => ({
  ...{ event: 'ordered', call, process: 1, id, by, params, answer: {}, code: null },
});
const LETTER: Partial<OpenRow> = { standing: 'deadLettered', state: 'deadLettered' };
const ofMany = (what: 'replay' | 'purge'): TraceEvent => ({ event: 'asked', id: null, what });

const heldBy = (by: string): TraceEvent =>
  seen({ upstreams: { payments: { ...HEALTH.upstreams['payments'], hold: { by, orders: 1 } } } });

const ORDERS_BROKEN: typeof BROKEN = {
  'more was done than was asked for': [
    [seen(ILL, [LETTER]), seen({})],
    [
      seen(ILL, [LETTER]),
      ofMany('purge'),
      called('deadLetter.purgeBatch', { filter: { type: 'mail' } }),
      seen({}),
    ],
    [seen(ILL, [LETTER]), called('deadLetter.purgeBatch', { filter: {}, dryRun: true }), seen({})],
  ],
  'replayed with old attempts': [
    [asked(1, 'replay'), called('deadLetter.replay', {}, 'op-1'), attempted(1, 4)],
    [asked(1, 'replay'), attempted(1, 4), called('deadLetter.replay', {}, 'op-1')],
  ],
  "another's hold released": [
    [heldBy('ana'), called('breaker.release', { upstream: 'payments' }, null, 'ben'), seen({})],
  ],
};

test('OP-5 CB-1 an order that does what was asked for breaks nothing', () => {
  const events = [
    seen({ ...ILL, waiting: { ...HEALTH.waiting, deadLettered: 1 } }, [LETTER]),
    ofMany('purge'),
    called('deadLetter.purgeBatch', { filter: { type: 'pay' } }),
    seen({}),
    asked(1, 'replay'),
    called('deadLetter.replay', {}, 'op-1'),
    attempted(1, 1),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments', of: 'ana' }, null, 'ben'),
    seen({}),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments' }, null, 'ben'),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments' }, null, 'ana'),
    seen({}),
  ];
  expect(judge(ALL_SEEING, events)).toEqual([]);
});

const UNDELIVERED = { id: 'crisis', isCrisis: true, standing: 'inHand', state: 'waiting' } as const;
const TELLING = { withinMs: HOUR_MS, againWithinMs: HOUR_MS, takenOnMs: HOUR_MS };
const ESCALATED = { ...ILL, crises: { escalated: 1, unacknowledged: 0 } };
const HEARD: TraceEvent = { event: 'heard', step: 'on-call', ids: ['crisis'], isTest: false };
const TAKEN_ON: TraceEvent = {
  ...{ event: 'ordered', call: 'crisis.acknowledge', process: 1, id: 'crisis', by: 'ana' },
  ...{ params: {}, answer: { what: 'acknowledged' }, code: null },
};

const LOOKS_BROKEN: typeof BROKEN = {
  'verdict without reason': [
    [seen({ overall: 'degraded' })],
    [seen({ score: 90 })],
    [seen({ ...ILL, findings: [{ id: 'ill', health: 'critical' }] })],
  ],
  'sums differ': [[seen({ waiting: { ...HEALTH.waiting, turn: 1 } })]],
  'count untrue': [
    [seen(turn(2), [{}])],
    [seen(turn(0), [{ state: 'inReview', standing: 'held' }])],
    [seen(turn(0), [{ state: 'deadLettered', standing: 'deadLettered' }])],
  ],
  'nobody is told': [[seen(turn(0), [{ state: 'inReview', standing: 'held' }])]],
  'healthy while nothing starts': [[seen(turn(1), [{}])]],
  'page differs from health': [
    twice(seen(turn(1), [{}], null, { overall: 'degraded' })),
    twice(seen(turn(1), [{}], null, turn(0))),
  ],
  'wait without a true reason': [
    [seen(turn(1), [{}], { reason: 'breaker' })],
    [seen(turn(1), [{}], { reason: 'lane' })],
    [seen(turn(1), [{}], { reason: 'handler' })],
    [seen(turn(1), [{}], { reason: 'storage' })],
    [seen(turn(1), [{}], { reason: 'operator' })],
  ],
  'end of a wait is past': [[seen(turn(1), [{}], { reason: 'backoff', untilAtMs: HOUR_MS })]],
  'held up by others': [[seen({ ...turn(1), ...ILL }, [{}])]],
  'slot leaked': [
    [seen({ upstreams: { payments: { ...HEALTH.upstreams['payments'], inFlight: 1 } } })],
  ],
  'crisis not escalated': [[seen({}, [UNDELIVERED])]],
  'health is silent of a crisis': [
    [seen({}, [UNDELIVERED])],
    [seen({ ...ILL, crises: { escalated: 1, unacknowledged: 1 } }, [UNDELIVERED])],
  ],
  'nobody was told': [
    [seen(ESCALATED, [UNDELIVERED], null, null, { telling: TELLING })],
    [
      HEARD,
      ...[1, 5].map((hour) =>
        seen(ESCALATED, [UNDELIVERED], null, null, {
          ...{ telling: TELLING, atMs: hour * HOUR_MS },
        }),
      ),
    ],
  ],
  'taken on before anybody was told': [[seen({}, [], null, null, { telling: TELLING }), TAKEN_ON]],
};
for (const [kind, histories] of Object.entries({ ...LOOKS_BROKEN, ...ORDERS_BROKEN })) {
  Object.assign(BROKEN, { [kind]: [...(BROKEN[kind] ?? []), ...histories] });
}

function kindsOf(breaches: readonly string[]): readonly string[] {
  return breaches.map((breach) => breach.slice(0, breach.indexOf(':')));
}

test('HM-1 a look at a device that says what is so breaks nothing', () => {
  const looks = [
    seen({}),
    seen({ ...turn(1), ...ILL, level: 'limited' }, [{}], { reason: 'slot' }),
    seen({ ...turn(1), ...ILL }, [{ unchangedMs: 0 }], { reason: 'lane' }),
    seen(
      { ...turn(1), ...ILL },
      [{ unchangedMs: 60_000 }],
      { reason: 'slot' },
      { ...turn(1), ...ILL },
    ),
    seen(ESCALATED, [UNDELIVERED]),
  ];
  expect(judge(ALL_SEEING, looks)).toEqual([]);
});

/** What a list of events breaks. */
function judge(
  driver: Driver,
  events: Iterable<TraceEvent>,
  expected?: Expected,
): readonly string[] {
  const oracle = new Oracle(driver, expected);
  for (const event of events) oracle.tell(event);
  return oracle.breaches;
}

describe('a history that keeps every promise', () => {
  /** Nobody waits for endings in most of them. */
  const driver: Driver = { name: 'clean', blind: { everyEnding: 'not told' } };
  test.each(Object.entries(CLEAN))('OP-2 OP-3 OP-4 PS-2 RT-4 %s breaks none', (_, events) => {
    expect(judge(driver, events, expected)).toEqual([]);
  });
});

describe.each(Object.entries(BROKEN))('%s', (kind, histories) => {
  test.each(histories.map((events, index) => [index + 1, events] as const))(
    `OP-2 OP-3 OP-4 PS-2 RT-4 control: history %i is found out`,
    (_, events) => {
      expect(kindsOf(judge(ALL_SEEING, events, expected))).toContain(kind);
    },
  );
});

test('OP-2 OP-3 OP-4 PS-2 RT-4 every clause has a history that breaks it, and a name of its own', () => {
  const names = CLAUSES.map(({ breach }) => breach);
  expect(Object.keys(BROKEN).toSorted()).toEqual(names.toSorted());
  expect(new Set(names).size).toBe(names.length);
});

test('OP-2 OP-3 OP-4 PS-2 RT-4 what one driver cannot see another can', () => {
  const unjudged = CLAUSES.filter((clause) => !DRIVERS.some((driver) => isJudged(clause, driver)));
  expect(unjudged.map(({ breach }) => breach)).toEqual([]);
});

/** By driver, the clauses that it leaves to others. */
const OF_LOOKS = [
  "another's hold released",
  'more was done than was asked for',
  'verdict without reason',
  'sums differ',
  'count untrue',
  'nobody is told',
  'healthy while nothing starts',
  'page differs from health',
  'wait without a true reason',
  'end of a wait is past',
  'held up by others',
  'crisis not escalated',
  'nobody was told',
  'taken on before anybody was told',
  'health is silent of a crisis',
];
const OF_ANOTHER_PROCESS = [
  ...OF_LOOKS,
  'refused and stored',
  'untyped error',
  'two in one lane',
  'not in the order of acceptance',
  'attempt not ordered',
  'attempt spent by a crash',
  'due time moved',
  'crisis waited',
  'crisis of a client waited',
  'crisis refused',
  'crisis answered without help',
  'crisis answered without its plan',
  'slot leaked',
];
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  simulation: [
    'never reported',
    'wrong ending',
    'attempt not ordered',
    'before it was due',
    'due time moved',
  ],
  'mixed history': [
    ...OF_LOOKS,
    'never reported',
    'wrong ending',
    'attempt not ordered',
    'before it was due',
    'due time moved',
  ],
  'crash history': [
    ...OF_LOOKS,
    'body changed',
    'not in the order of acceptance',
    'never reported',
    'wrong ending',
    'crisis waited',
    'crisis answered without help',
    'crisis answered without its plan',
    'crisis of a client waited',
    'slot leaked',
  ],
  restart: [...OF_ANOTHER_PROCESS, 'attempted after it completed'],
  'power cut': [...OF_ANOTHER_PROCESS, 'body changed', 'never reported', 'wrong ending'],
  'resumed after a power cut': [...OF_ANOTHER_PROCESS, 'attempted after it completed'],
};

describe.each(DRIVERS)('$name', ({ name, blind }) => {
  test('OP-2 OP-3 OP-4 PS-2 RT-4 judges what it can see and says why it leaves out the rest', () => {
    const driver = { name: '', blind };
    const left = CLAUSES.filter((clause) => !isJudged(clause, driver));
    for (const clause of left) {
      for (const events of BROKEN[clause.breach] ?? []) {
        expect(kindsOf(judge(driver, events, expected))).not.toContain(clause.breach);
      }
    }
    expect(left.map(({ breach }) => breach).toSorted()).toEqual(LEFT_OUT[name]?.toSorted());
    for (const reason of Object.values(blind)) expect(reason).not.toBe('');
  });
});

test('OP-2 no sight is declared that no clause needs', () => {
  const needed = new Set(CLAUSES.flatMap(({ needs = [] }) => needs));
  const declared = new Set(DRIVERS.flatMap(({ blind }) => Object.keys(blind) as Sight[]));
  expect([...declared].filter((sight) => !needed.has(sight))).toEqual([]);
});

/** A page as it reads: without links, emphasis, list marks and the breaks of its lines. */
function readPage(page: string): string {
  return readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')
    .replaceAll(/\]\([^)]*\)/gu, '')
    .replaceAll(/<a [^>]*><\/a>|\*\*?|\[|^> ?/gmu, '')
    .replaceAll(/\s+/gu, ' ');
}

test.each(CLAUSES.map(({ breach, says }) => [breach, says] as const))(
  'SM-2 "%s" holds a sentence that the docs have',
  (_, { page, sentence }) => {
    expect(readPage(page)).toContain(sentence);
  },
);
