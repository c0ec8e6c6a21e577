import { describe, expect, test } from 'vitest';
import type { EngineHealth } from '../../../actors/port.ts';
import { findingsOf, type HealthSources } from '../../../src/views/healthFindings.ts';

const ALL_WELL = {
  ...{ phase: 'running', isImpaired: false, start: null, hold: null, level: 'normal', causes: [] },
  anchor: null,
  slowStartSinceAtMs: null,
  storage: { state: 'well', failure: null, sinceAtMs: null },
  ...{ upstreams: [], stuck: [], queue: [] },
  waiting: {
    ...{ conflicted: 0, inReview: 0, handlerMissing: 0, deadLettered: 0, newerVersion: 0 },
    ...{ quarantined: 0, overhanging: 0 },
  },
  conflicts: {
    ...{ count: 0, held: 0, atWork: 0, refused: 0, untold: 0, outdated: [] },
    ...{ oldestAtMs: null, upstreams: {} },
  },
  crises: {
    ...{ unacknowledged: 0, exhausted: 0, unacknowledgedSinceAtMs: null, undelivered: [] },
    unreadable: { count: 0, setAside: 0, unacknowledged: 0, sinceAtMs: null },
    ...{ stepsRefusing: [], refused: 0, isRefusing: false, unkept: 0, isUnkept: false },
    ...{ mended: 0, isMending: false },
  },
  crisisMode: { global: null, unkept: 0 },
  eventLoop: { delayMs: 1, blocked: 0, longestMs: 0, isBlocking: false },
};
const AT_MS = Date.UTC(2026, 10, 27, 3, 12);
const UPSTREAM = {
  ...{ name: 'labs', isUntried: false, breaker: 'closed', hold: null, downSinceAtMs: null },
  ...{ nextTryAtMs: null, parkedTypes: [], parkedSubjects: null, level: 'normal', causes: [] },
  overhanging: 0,
};
const HOLD = { kind: 'observing', sinceAtMs: AT_MS, by: 'ana', reason: 'a trial' };

const SOURCES = {
  options: { crisis: { type: 'crisis.alert', leftOut: [] } },
  policies: {
    table: {
      classes: ['crisis', 'premium', 'basic', 'trial'],
      operation: () => ({ responseDeadlineMs: 100 }),
    },
  },
  engine: { handlers: new Map([['crisis.alert', {}]]) },
  responseTimes: { summary: () => ({ p99Ms: 5 }) },
  damage: { met: null, tampering: null },
  outside: () => null,
};

function found(change: object, sources: object = {}) {
  return findingsOf(
    { ...ALL_WELL, ...change } as unknown as EngineHealth,
    { ...SOURCES, ...sources } as unknown as HealthSources,
  );
}

describe('HM-1 findings of health', () => {
  test('HM-1 none, where all is well', () => {
    expect(found({})).toEqual([]);
  });

  test('HM-1 each is data with a sentence; the long form adds times and the command that helps', () => {
    const queue = [{ upstream: 'labs', turn: 3, oldestAtMs: AT_MS - 1_000 }];
    const down = { ...UPSTREAM, breaker: 'open', downSinceAtMs: AT_MS, nextTryAtMs: AT_MS + 5_000 };
    expect(found({ upstreams: [down], queue })).toEqual([
      {
        ...{ id: 'breaker', component: 'resilience', health: 'degraded', costs: 10, tone: 'bad' },
        ...{ upstream: 'labs', sinceAtMs: AT_MS, nextAtMs: AT_MS + 5_000 },
        params: { breaker: 'open', waiting: 3 },
        text: 'labs is down: 3 operations wait for it',
        reason:
          'labs is down since 2026-11-27T03:12:00.000Z, next try at 2026-11-27T03:12:05.000Z: 3 operations wait for it, the oldest since 2026-11-27T03:11:59.000Z; see holdfast operations',
      },
    ]);
    const { waiting } = ALL_WELL;
    expect(found({ waiting: { ...waiting, deadLettered: 1 } })).toMatchObject([
      {
        ...{ id: 'deadLettered', params: { count: 1 }, text: '1 dead letter waits for somebody' },
        reason: '1 dead letter waits for somebody; see holdfast dead-letters',
      },
    ]);
  });

  test.each<[string, object, object?]>([
    ['crisisHandlerMissing', {}, { engine: { handlers: new Map() } }],
    ['level', { level: 'limited', causes: ['storage'] }],
    ['eventLoop', { eventLoop: { ...ALL_WELL.eventLoop, delayMs: 400 } }],
    ['breakerHeld', { upstreams: [{ ...UPSTREAM, breaker: 'observing', hold: HOLD }] }],
    [
      'answersLate',
      {},
      { responseTimes: { summary: (of: string) => ({ p99Ms: of === 'crisis' ? 900 : 5 }) } },
    ],
  ])('OB-1 HM-1 a note (%s) is shown, and makes health no worse', (id, change, sources) => {
    expect(found(change, sources)).toMatchObject([{ id, health: 'healthy', costs: 0 }]);
  });

  test.each([
    ['beingCompared', null, /^work waits until/],
    ['unreachable', 'HF_ANCHOR_UNREACHABLE', /can't be reached, and is tried again/],
    ['refused', 'HF_ANCHOR_REFUSED', /is not of this store/],
    ['kept', 'HF_ANCHOR_MISSING', /was gone at the start/],
  ])('SE-6 HM-1 an anchor that is %s (%s) is a reason', (state, code, says) => {
    const anchor = { state, sinceAtMs: AT_MS, keptAtMs: null, code };
    expect(found({ anchor })).toMatchObject([
      { id: 'anchor', component: 'storage', health: 'degraded', text: expect.stringMatching(says) },
    ]);
  });

  test.each(['notCompared', 'kept', 'behind'])('SE-6 HM-1 one that is %s is none', (state) => {
    expect(found({ anchor: { state, sinceAtMs: AT_MS, keptAtMs: null, code: null } })).toEqual([]);
  });

  test('HM-1 the level of the process says nothing new where an upstream is down', () => {
    expect(found({ level: 'limited', causes: ['breaker', 'ramp'] })).toEqual([]);
  });

  test('HM-1 an event loop that is late now is told once, though it was blocked before', () => {
    const eventLoop = { delayMs: 400, blocked: 3, longestMs: 900, isBlocking: true };
    expect(found({ eventLoop })).toMatchObject([
      {
        ...{ id: 'eventLoop', health: 'degraded', tone: 'bad' },
        text: 'the event loop was blocked 3 times, for up to 900 ms: the answer to a crisis waits as long',
      },
    ]);
  });

  test('HM-1 an order of a person is one, with who gave it and why', () => {
    const held = { ...HOLD, kind: 'forcedOpen' };
    const [shut] = found({ upstreams: [{ ...UPSTREAM, breaker: 'forcedOpen', hold: held }] });
    expect(shut?.text).toBe('labs is held down by ana (a trial)');
    const [watched] = found({ upstreams: [{ ...UPSTREAM, breaker: 'observing', hold: HOLD }] });
    expect(watched?.text).toBe('labs: its breaker only watches, by order of ana (a trial)');
  });

  test('HM-1 CB-2 nobody knows how an upstream is that nothing is sent to', () => {
    const untried = { ...UPSTREAM, breaker: 'open', level: 'criticalOnly', isUntried: true };
    expect(found({ upstreams: [untried] })).toEqual([]);
  });

  test('HM-1 no sentence has a time where it is shown beside it', () => {
    const all = found(
      {
        ...{ hold: { reason: 'restored', sinceAtMs: AT_MS }, isImpaired: true },
        start: { code: 'HF_KEY_WRONG', sinceAtMs: AT_MS, tries: 2, nextTryAtMs: AT_MS + 1 },
        storage: { state: 'full', failure: 'HF_STORE_FULL', sinceAtMs: AT_MS },
        conflicts: { ...ALL_WELL.conflicts, count: 2, held: 1, oldestAtMs: AT_MS },
        crises: {
          ...ALL_WELL.crises,
          ...{ unacknowledged: 2, unacknowledgedSinceAtMs: AT_MS, exhausted: 1 },
          unreadable: { count: 1, setAside: 0, unacknowledged: 1, sinceAtMs: AT_MS },
          undelivered: [
            {
              ...{ upstream: 'care', count: 1, failed: 8, code: null, takenAtMs: null },
              ...{ sinceAtMs: AT_MS, isLong: true },
            },
          ],
        },
        crisisMode: {
          global: { by: { id: 'ann' }, reason: 'a flood', sinceAtMs: AT_MS, endsAtMs: AT_MS + 1 },
          unkept: 1,
        },
        upstreams: [
          {
            ...UPSTREAM,
            parkedTypes: [{ type: 'a.b', sinceAtMs: AT_MS, nextTryAtMs: null }],
            parkedSubjects: { count: 2, sinceAtMs: AT_MS, nextTryAtMs: AT_MS + 1 },
          },
        ],
      },
      {
        damage: {
          met: { times: 2, firstAtMs: AT_MS, lastAtMs: AT_MS },
          tampering: { times: 1, firstAtMs: AT_MS, lastAtMs: AT_MS },
        },
      },
    );
    expect(
      all.map(({ text }) => text).filter((text) => /\d{4}-\d\d-\d\dT| {2}| ,/.test(text)),
    ).toEqual([]);
    const timed = all.filter(({ sinceAtMs }) => sinceAtMs !== null).map(({ id }) => id);
    expect(timed).toEqual([
      ...['start', 'storage', 'hold', 'damage', 'recordsMissing', 'conflicts'],
      ...[
        'crisesUnacknowledged',
        'crisesUnreadable',
        'crisesUndelivered',
        'crisisMode',
        'typeParked',
        'subjectsParked',
      ],
    ]);
    expect(all.every(({ health, tone }) => health !== 'critical' || tone === 'bad')).toBe(true);
  });
});
