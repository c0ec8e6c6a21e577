/**
 * Looks and orders by hand for the oracle: what a device says, beside what is true.
 *
 * @module
 */

import { madeAtMs } from '../../actors/platform/operationId.ts';
import type { AuditSeen, EntrySeen } from '../../src/simulator/oracle/auditAtRest.ts';
import type { Look, OpenRow } from '../../src/simulator/oracle/look.ts';
import type { DiskRow, TraceEvent, TraceEvents } from '../../src/simulator/oracle/trace.ts';
import {
  asked,
  attempted,
  ended as endedRow,
  type Histories,
  over,
  row,
} from './historiesByHand.ts';

/** Health of a device that has been well for an hour. */
export const HEALTH = {
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
  crisisMode: { global: null, subjects: 0 },
  storeCheck: { state: 'done' },
} as unknown as Look['health'];
export const HOUR_MS = 3_600_000;
const OPEN_ROW: OpenRow = {
  ...{ id: 'op-1', seq: 1, revision: 3, standing: 'due', state: 'waiting', lane: null },
  pauseMs: null,
  ...{ isCrisis: false, isTest: false, isEdit: false, type: 'pay', subject: 'ana' },
  ...{ upstream: 'payments', unchangedMs: HOUR_MS, openMs: HOUR_MS },
};
export const seen = (
  health: Readonly<Record<string, unknown>>,
  rows: readonly Partial<OpenRow>[] = [],
  wait: { readonly reason: string; readonly untilAtMs?: number } | null = null,
  world: Partial<Look['world']> = {},
): TraceEvent => ({
  event: 'looked',
  health: { ...HEALTH, ...health },
  rows: rows.map((its) => ({ ...OPEN_ROW, ...its })),
  views:
    wait === null
      ? []
      : [{ id: 'op-1', state: 'waiting', wait: { untilAtMs: null, ...wait } } as never],
  world: {
    ...{ upMs: HOUR_MS, diskWellMs: HOUR_MS, stillMs: HOUR_MS, turnWithinMs: { payments: 0 } },
    ...{ diskSilentMs: 0, isViewWaiting: false, subjectWellMs: {}, turnWhileUpMs: {} },
    escalateAfterMs: 60_000,
    ...{ atMs: HOUR_MS, pagerWellMs: HOUR_MS, pagerTrueMs: HOUR_MS, telling: null },
    ...{ hasChain: true, takenOnMs: HOUR_MS },
    ...{ typeWellMs: { pay: HOUR_MS }, handled: new Set(['pay']), nowMs: 10 * HOUR_MS },
    callsOut: new Map(),
    ...world,
  },
});
export const turn = (count: number) => ({
  waiting: { ...HEALTH.waiting, turn: count },
  queue:
    count === 0
      ? []
      : [{ upstream: 'payments', turn: count, inLane: 0, oldestAtMs: madeAtMs('op-1') }],
});
export const ILL = {
  overall: 'degraded',
  score: 90,
  reasons: ['ill'],
  findings: [{ id: 'ill', component: 'resilience', health: 'degraded', costs: 10, reason: 'ill' }],
  components: { resilience: 'degraded' },
};

/** A page shows this while health says something else. */
export const shown = (page: object, health: object = turn(1)): TraceEvent =>
  ({ event: 'shown', health: { ...HEALTH, ...health }, page: { ...HEALTH, ...page } }) as never;
const shownTwice = (page: object): readonly TraceEvent[] => [shown(page), shown(page)];

export const called = (
  call: string,
  params: Readonly<Record<string, unknown>>,
  id: string | null = null,
  by: string | null = null,
): TraceEvent => ({
  ...{ event: 'ordered', call, process: 1, id, by, params, answer: {}, code: null },
});
export const LETTER: Partial<OpenRow> = { standing: 'deadLettered', state: 'deadLettered' };
export const ofMany = (what: 'replay' | 'purge'): TraceEvent => ({
  event: 'asked',
  id: null,
  what,
});

export const heldBy = (by: string): TraceEvent =>
  seen({ upstreams: { payments: { ...HEALTH.upstreams['payments'], hold: { by, orders: 1 } } } });

/** Somebody cancels `op-1`, which takes notice of that or not. */
export const cancelled = (tookNotice: boolean): TraceEvent => ({
  ...{ event: 'ordered', call: 'operation.cancel', process: 1, id: 'op-1', by: 'ana' },
  ...{ params: {}, answer: { tookNotice }, code: null },
});

export const ORDERS_BROKEN: Histories = {
  'went on though cancelled': [[cancelled(true), attempted(1)]],
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

const LETTER_ROW: Partial<DiskRow> = {
  outcome: { status: 'deadLettered', attempts: 1, settledAtMs: 1, code: 'HF_UPSTREAM_REFUSED' },
};
const CRISIS: Partial<DiskRow> = { id: 'crisis', isCrisis: true };

/** What is on disk, and in the audit: acts about `op-1`, or about another. */
const audited = (
  rows: readonly DiskRow[],
  acts: readonly (string | EntrySeen)[],
  more: Partial<AuditSeen> = {},
): TraceEvent => {
  const entries = acts.map((act) => (typeof act === 'string' ? { act, operation: 'op-1' } : act));
  return { event: 'disk', rows, audit: { entries, faults: [], beside: new Set(), ...more } };
};
const ASKED: EntrySeen = {
  ...{ act: 'call.made', call: 'deadLetter.replay', out: 'asked', operation: 'op-1' },
};
const ACCEPTED: EntrySeen = { act: 'crisis.accepted', operation: 'crisis' };

/** A dead letter, its replay and its purge, a crisis, and one in a file beside the database. */
export const AUDITED: readonly TraceEvent[] = [
  audited([row(1, LETTER_ROW), row(2, CRISIS)], ['operation.ended', ACCEPTED]),
  called('deadLetter.replay', {}, 'op-1'),
  audited([row(1)], ['operation.ended', ASKED, 'operation.replayed']),
  audited(
    [],
    ['operation.ended', ASKED, 'operation.replayed', 'operation.ended', 'operation.purged'],
  ),
  audited([row(2, CRISIS)], [ASKED], { beside: new Set(['crisis']) }),
];

export const AUDIT_BROKEN: Histories = {
  'audit unsound': [[audited([], [], { faults: ['Entry 1 was edited.'] })]],
  'done and not recorded': [
    [audited([row(1, LETTER_ROW)], [])],
    [audited([row(1, LETTER_ROW)], ['operation.ended', 'operation.replayed'])],
    [audited([row(1, CRISIS)], [])],
  ],
  'recorded and not done': [
    [audited([row(1)], ['operation.ended'])],
    [audited([endedRow(1)], ['operation.ended'])],
    [audited([row(1, LETTER_ROW)], ['operation.ended', 'operation.purged'])],
    [audited([], ['operation.ended', 'operation.purged', 'operation.purged'])],
    [audited([row(1)], ['operation.ended', 'operation.replayed', 'operation.replayed'])],
    [audited([], [ACCEPTED])],
  ],
  'order not recorded': [[called('deadLetter.replay', {}, 'op-1'), audited([row(1)], [])]],
};

export const UNDELIVERED = {
  id: 'crisis',
  isCrisis: true,
  standing: 'inHand',
  state: 'waiting',
} as const;
const TELLING = {
  steps: ['on-call'],
  withinMs: HOUR_MS,
  againWithinMs: HOUR_MS,
  lapsedWithinMs: HOUR_MS,
};
export const ESCALATED = { ...ILL, crises: { escalated: 1, unacknowledged: 0 } };
export const HEARD: TraceEvent = {
  event: 'heard',
  step: 'on-call',
  ids: ['crisis'],
  isTest: false,
};
export const TAKEN_ON: TraceEvent = {
  ...{ event: 'ordered', call: 'crisis.acknowledge', process: 1, id: 'crisis', by: 'ana' },
  ...{ params: {}, answer: { what: 'acknowledged' }, code: null },
};

/** Somebody takes on all crises of a subject for a minute: these. */
export const allTakenOn = (ids: readonly string[]): TraceEvent => ({
  ...{ event: 'ordered', call: 'crisis.acknowledgeSubject', process: 1, id: null, by: 'ben' },
  ...{ params: { forMs: 60_000 }, code: null },
  answer: ids.map((id) => ({ what: 'acknowledged', crisis: { id } })),
});
/** Looks at an escalated crisis as time goes by. */
export const toldAt = (
  telling: Partial<NonNullable<Look['world']['telling']>>,
  ...atMs: readonly number[]
): readonly TraceEvent[] =>
  atMs.map((ms) =>
    seen(ESCALATED, [{ ...UNDELIVERED, openMs: ms }], null, {
      ...{ telling: { ...TELLING, ...telling }, atMs: ms, upMs: ms, diskWellMs: ms },
      ...{ pagerWellMs: ms, pagerTrueMs: ms },
    }),
  );

/** The same, with a pager that tells nobody what it takes until `untilMs`. */
export const toldByLiar = (
  telling: Partial<NonNullable<Look['world']['telling']>>,
  untilMs: number,
  ...atMs: readonly number[]
): readonly TraceEvent[] =>
  toldAt(telling, ...atMs).map((look, at) =>
    look.event === 'looked'
      ? {
          ...look,
          world: { ...look.world, pagerTrueMs: Math.max(0, (atMs[at] ?? 0) - untilMs) },
        }
      : look,
  );

const parkedAt = (its: object): TraceEvent =>
  seen({ upstreams: { payments: { ...HEALTH.upstreams['payments'], ...its } } });

export const LOOKS_BROKEN: Histories = {
  'verdict without reason': [
    [seen({ overall: 'degraded' })],
    [seen({ score: 90 })],
    [seen({ ...ILL, findings: [{ ...ILL.findings[0], health: 'critical' }] })],
    [seen({ ...ILL, reasons: ['ill', 'a note'] })],
    [seen({ ...ILL, components: { resilience: 'degraded', storage: 'degraded' } })],
  ],
  'sums differ': [[seen({ waiting: { ...HEALTH.waiting, turn: 1 } })]],
  'count untrue': [
    [seen(turn(2), [{}])],
    [seen(turn(0), [{ state: 'inReview', standing: 'held' }])],
    [seen(turn(0), [{ state: 'deadLettered', standing: 'deadLettered' }])],
  ],
  'nobody is told': [[seen(turn(0), [{ state: 'inReview', standing: 'held' }])]],
  'healthy while nothing starts': [[seen(turn(1), [{}])]],
  'healthy while the disk hangs': [[seen({}, [], null, { diskSilentMs: 10_000 })]],
  'a view waits for a write': [[seen({}, [], null, { isViewWaiting: true })]],
  'healthy while it starts': [[seen({ phase: 'starting' }, [], null, { upMs: 10_000 })]],
  'queue untrue': [
    [seen({ ...turn(1), queue: [{ upstream: 'mail', turn: 1, inLane: 0 }] }, [{}])],
    [seen({ ...turn(1), queue: [{ ...turn(1).queue[0], oldestAtMs: 5 }] }, [{}])],
  ],
  'parked and not named': [[parkedAt({ parkedTypes: [{}] })], [parkedAt({ parkedSubjects: {} })]],
  'page differs from health': [
    shownTwice({ ...turn(1), overall: 'degraded' }),
    shownTwice(turn(0)),
  ],
  'wait without a true reason': [
    [seen(turn(1), [{}], { reason: 'breaker' })],
    [seen(turn(1), [{}], { reason: 'lane' })],
    [seen(turn(1), [{}], { reason: 'handler' })],
    [seen(turn(1), [{}], { reason: 'storage' })],
    [seen(turn(1), [{}], { reason: 'operator' })],
  ],
  'end of a wait is past': [[seen(turn(1), [{}], { reason: 'backoff', untilAtMs: HOUR_MS })]],
  'pause lengthened': [[seen(turn(1), [{ pauseMs: 30_000 }], { reason: 'backoff' })]],
  'held up by others': [
    [seen({ ...turn(1), ...ILL }, [{}])],
    // Probes may be far apart, and the upstream is up all the time.
    [
      seen({ ...turn(1), ...ILL }, [{}], null, {
        ...{ turnWithinMs: {}, turnWhileUpMs: { payments: HOUR_MS / 2 } },
      }),
    ],
  ],
  'slot leaked': [
    [seen({ upstreams: { payments: { ...HEALTH.upstreams['payments'], inFlight: 1 } } })],
  ],
  'crisis not escalated': [
    [seen({}, [UNDELIVERED])],
    [TAKEN_ON, seen(ILL, [UNDELIVERED])],
    [
      TAKEN_ON,
      ...[1, 5].map((hour) =>
        seen(ILL, [UNDELIVERED], null, {
          ...{ hasChain: false, atMs: hour * HOUR_MS, upMs: hour * HOUR_MS },
        }),
      ),
    ],
  ],
  'health is silent of a crisis': [
    [seen({}, [UNDELIVERED])],
    [seen({ ...ILL, crises: { escalated: 1, unacknowledged: 1 } }, [UNDELIVERED])],
  ],
  'nobody was told': [
    [seen(ESCALATED, [UNDELIVERED], null, { telling: TELLING })],
    // The acknowledgement lapses, and nobody hears of that.
    [
      ...toldAt({}, 1_000),
      HEARD,
      ...[allTakenOn(['crisis']), ...toldAt({ againWithinMs: 9 * HOUR_MS }, 2_000, 2 * HOUR_MS)],
    ],
    [
      HEARD,
      ...[1, 5].map((hour) =>
        seen(ESCALATED, [UNDELIVERED], null, {
          ...{ telling: TELLING, atMs: hour * HOUR_MS },
        }),
      ),
    ],
  ],
  'a step was never told': [
    [
      ...toldAt({}, 1_000),
      HEARD,
      ...toldAt({ steps: ['on-call', 'desk'], againWithinMs: 9 * HOUR_MS }, 2_000, 2 * HOUR_MS),
    ],
  ],
  'taken on before anybody was told': [[seen({}, [], null, { telling: TELLING }), TAKEN_ON]],
};

const ended = (how: Partial<TraceEvents['called']>): TraceEvent => ({
  ...{ event: 'called', upstream: 'payments', isCrisis: false, mayRepeat: true, runs: 1 },
  ...{ hasActedAgain: false, isEarly: false, isLate: false, code: null, ...how },
});

/** The upstream `mail` is back, and so many attempts may begin before the next call ends there. */
const reopened = (atOnce: number): TraceEvent => ({
  ...{ event: 'reopened', process: 1, upstream: 'mail', atOnce },
});
const sentTo = (upstream: string, ...numbers: readonly number[]): readonly TraceEvent[] =>
  numbers.map((number) => attempted(number, 1, { upstream }));

/** Calls and slots of upstreams. */
export const CALLS_BROKEN: Histories = {
  'call outlived its deadline': [[ended({ isLate: true, code: 'unheard' })]],
  'call expired before its deadline': [[ended({ isEarly: true, code: 'HF_EXPIRED' })]],
  'call made again': [
    [ended({ mayRepeat: false, runs: 2 })],
    [ended({ runs: 2, hasActedAgain: true })],
  ],
  'call of a crisis held back': [
    [ended({ isCrisis: true, code: 'HF_UPSTREAM_DOWN' })],
    [ended({ isCrisis: true, runs: 0, code: 'HF_EXPIRED' })],
  ],
  'all at once after an outage': [
    [reopened(1), ...sentTo('mail', 1), ...sentTo('mail', 2)],
    [reopened(1), ...sentTo('post', 1), over(1), ...sentTo('mail', 2), ...sentTo('mail', 3)],
  ],
  'culprit not convicted': [[{ event: 'endedProcess', key: 'key-1', times: 60 }]],
  'attempt cut short': [[{ event: 'cutShort', key: 'key-1', byMs: 2_000 }]],
  'redirect followed': [[{ event: 'followed', key: 'key-1' }]],
  'key of no attempt': [[{ event: 'strayed', key: 'key-1' }]],
  'untyped error': [[{ event: 'refused', key: 'key-1', code: null }]],
  'held though nothing was put back': [[{ event: 'released', reason: 'rolledBack' }]],
  'defect of its own': [[{ event: 'defect', message: 'An update was refused.' }]],
  'stop is late': [[{ event: 'stopLate', deadlineMs: 200, byMs: 2_000 }]],
  'timer leaked': [[{ event: 'closed', timers: 1 }]],
  'crisis refused': [[{ event: 'refused', key: 'crisis-1', code: 'HF_STORE_UNAVAILABLE' }]],
  'notice is wrong': [[{ event: 'noticeWrong', what: 'it is not signed' }]],
  'client unheard': [[{ event: 'unheard', client: 'client 1', what: 'health' }]],
};
