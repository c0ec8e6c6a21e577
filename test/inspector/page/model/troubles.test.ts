import { describe, expect, test } from 'vitest';
import { latestNews } from '../../../../inspector/page/model/newsList.ts';
import { firstWaitedFor, pilesOf } from '../../../../inspector/page/model/piles.ts';
import { queueInOrder } from '../../../../inspector/page/model/queue.ts';
import {
  crisesSaid,
  lateText,
  notDeliveredYet,
  troublesOf,
} from '../../../../inspector/page/model/troubles.ts';
import { outageLine } from '../../../../inspector/page/words/news.ts';
import { clockText } from '../../../../inspector/page/words/time.ts';
import type { AnswerTimes, News, Overview, WatchedActor } from '../../../../inspector/protocol.ts';

const UPSTREAM: Overview['upstreams'][number] = {
  ...{ name: 'payments', breaker: 'closed', level: 'normal', causes: [], inFlight: 3 },
  ...{ overhanging: 0, downSinceAtMs: null, nextTryAtMs: null, waits: null, hold: null },
  ...{ pace: 'steady', slots: 8, slotsMax: 64, timeoutMs: 900, ratePerSecond: null },
  usualFailureShare: 0.01,
  recoveries: { times: 0, meanMs: 0, longestMs: 0 },
};
const WELL: Overview = {
  ...{ atMs: 100_000, overall: 'healthy', score: 100, reasons: [] },
  ...{ crisisCapability: 'operational', phase: 'running', level: 'normal', causes: [] },
  ...{ storage: { state: 'well', sinceAtMs: null }, isHeld: false, upstreams: [UPSTREAM] },
  ...{ queue: [], stuck: [], operations: {}, waiting: {}, crises: {}, answers: [] },
  undelivered: [],
  conflicts: { count: 0, held: 0, atWork: 0 },
  eventLoop: { delayMs: 1, longestMs: 9 },
};
const ANSWERS: AnswerTimes = {
  ...{ of: 'basic', count: 10, p50Ms: 10, p99Ms: 20, maxMs: 30, deadlineMs: 100 },
};

const texts = (change: Partial<Overview>, actors: readonly WatchedActor[] = []) =>
  troublesOf({ ...WELL, ...change }, new Map(actors.map((actor) => [actor.actor, actor]))).map(
    ({ tone, text }) => `${tone} ${text}`,
  );
const withUpstream = (change: Partial<typeof UPSTREAM>) => ({
  upstreams: [{ ...UPSTREAM, ...change }],
});

describe('OB-1 what is wrong', () => {
  test('OB-1 nothing, where all is well', () => {
    expect(texts({})).toEqual([]);
  });

  test('OB-1 an upstream that is down comes with since when and the next try', () => {
    const change = withUpstream({
      ...{ breaker: 'open', level: 'offline', causes: ['breaker'] },
      ...{ downSinceAtMs: 70_000, nextTryAtMs: 105_000 },
    });
    const [trouble, ...more] = troublesOf(
      { ...WELL, ...change, level: 'limited', causes: ['breaker'] },
      new Map(),
    );
    expect(trouble).toMatchObject({
      ...{ tone: 'bad', text: 'payments is down', sinceAtMs: 70_000, nextAtMs: 105_000 },
      to: { view: 'actors', query: { upstream: 'payments' } },
    });
    expect(more).toEqual([]);
  });

  test('OB-1 HM-1 one that nothing is sent to since it was down is no trouble: nobody knows how it is', () => {
    const change = { breaker: 'untried', level: 'criticalOnly', causes: ['breaker'] };
    expect(texts(withUpstream({ ...change, downSinceAtMs: 70_000 }))).toEqual([]);
  });

  test('OB-1 a process that could not answer a moment ago is told of, also once it can', () => {
    const reasons = [
      'the event loop was blocked 3 times, for up to 900 ms: the answer to a crisis waits as long',
    ];
    expect(texts({ overall: 'degraded', reasons })).toEqual([
      'warn The event loop was blocked 3 times, for up to 900 ms: the answer to a crisis waits as long',
    ]);
    expect(texts({ reasons, eventLoop: { delayMs: 400, longestMs: 900 } })).toEqual([
      'bad The event loop is late by 400 ms: answers to crises wait as long',
    ]);
  });

  test('OB-1 who looks at an order of a person is told that it is one', () => {
    const hold = { kind: 'forcedOpen', sinceAtMs: 5, by: 'ana', reason: 'maintenance' };
    expect(texts(withUpstream({ breaker: 'forcedOpen', hold }))).toEqual([
      'bad payments is held down by a person: ana (maintenance)',
    ]);
    const nameless = { kind: 'observing', sinceAtMs: 5, by: null, reason: null };
    expect(texts(withUpstream({ hold: nameless }))).toEqual([
      'warn payments: its breaker only watches, by order of a person',
    ]);
  });

  test('OB-1 a level says why, and since when from its actor', () => {
    const actor: WatchedActor = {
      ...{ actor: 1, id: 'degradation:payments', machine: 'degradation', version: null },
      ...{ states: ['limited'], sinceAtMs: 90_000, about: null },
    };
    const overview = { ...WELL, ...withUpstream({ level: 'limited', causes: ['overload'] }) };
    expect(troublesOf(overview, new Map([[1, actor]]))).toMatchObject([
      {
        ...{ tone: 'warn', sinceAtMs: 90_000 },
        text: 'payments is at level limited because it has too much to do',
      },
    ]);
  });

  test('OB-1 the worst comes first', () => {
    expect(
      texts({
        ...withUpstream({ overhanging: 2 }),
        ...{ waiting: { deadLettered: 4 }, isHeld: true },
        ...{ storage: { state: 'full', sinceAtMs: 1 }, crises: { unacknowledged: 1 } },
        stuck: [{ upstream: 'records', because: 'overhang', forMs: 12_000 }],
      }).map((text) => text.slice(0, 22)),
    ).toEqual(
      [
        'bad Storage: The disk i',
        'bad 1 crisis not deliver',
        'bad Work for records is ',
        'warn The store is held: ',
        'warn 2 handlers of payme',
        'warn Waits for a person:',
      ].map((text) => text.slice(0, 22)),
    );
  });

  test('CR-4 OB-1 crises are told of once, each line with since when, and where and why they are not delivered', () => {
    const at = {
      upstream: 'careTeam',
      count: 11,
      failed: 812,
      sinceAtMs: 40_000,
      isTakingNone: true,
    };
    const says = 'careTeam takes no crisis: 0 of 812 attempts, HF_ATTEMPT_FAILED; 11 crises wait';
    const young = { ...at, upstream: 'labs', sinceAtMs: 90_000, isLong: false, says: 'labs …' };
    const overview = {
      ...WELL,
      crises: {
        ...{ escalated: 11, unacknowledged: 11, exhausted: 11 },
        unacknowledgedSinceAtMs: 40_000,
      },
      undelivered: [{ ...at, isLong: true, says }, young],
    };
    expect(troublesOf(overview, new Map())).toMatchObject([
      {
        ...{ tone: 'bad', sinceAtMs: 40_000, to: { view: 'crises' } },
        text: '11 crises not delivered, and nobody has taken them on; of 11 nobody is left to be told',
      },
      { tone: 'bad', sinceAtMs: 40_000, text: says, to: { view: 'crises' } },
      { id: 'people' },
    ]);
    const takenOn = { ...overview, crises: { escalated: 11, unacknowledged: 0, exhausted: 0 } };
    expect(troublesOf(takenOn, new Map())).toMatchObject([{ tone: 'bad', text: says }]);
  });

  test('CR-4 OB-1 a crisis whose delivery has failed and that nobody has to know of yet is not shown as delivered', () => {
    const at = { upstream: 'labs', count: 2, sinceAtMs: 90_000, isTakingNone: true, says: '' };
    const first = { ...WELL, undelivered: [{ ...at, failed: 0, isLong: false }] };
    const failed = { ...WELL, undelivered: [{ ...at, failed: 13, isLong: false }] };
    const long = { ...WELL, undelivered: [{ ...at, failed: 28, isLong: true }] };
    expect([WELL, first, failed, long].map(crisesSaid)).toEqual([
      ['good', 'Answered and delivered'],
      ['good', 'Answered and delivered'],
      ['warn', 'Answered; 2 not delivered yet'],
      ['bad', '2 not delivered'],
    ]);
    expect(notDeliveredYet(failed.undelivered)).toBe(2);
  });

  test('OB-1 what health says and nothing here does, is said in its words; the rest once', () => {
    const reasons = [
      'breaker of payments is open since 2026-11-27T03:12:00.000Z, next try now',
      'payments is at level limited (overload)',
      'storage is full. Free some space on its disk',
      'work for records is due and nothing has begun for 12 s (overhang)',
      '4 dead letters wait for somebody; see holdfast dead-letters',
      '3 conflicts wait for a person; see holdfast conflicts',
      '1 record set aside; see holdfast quarantine',
      '2 crises are not delivered, and nobody has taken them on: see holdfast crises',
      '1 crisis is not delivered, and nobody has taken it on: see holdfast crises',
      'answers to basic are late',
      'careTeam takes no crisis since 2026-11-27T03:12:00.000Z: 0 of 8 attempts; 1 crisis waits',
      'careTeam takes crises, and 1 crisis waits since 2026-11-27T03:12:00.000Z: 8 attempts failed',
      '1 crisis waits since 2026-11-27T03:12:00.000Z: no handler of its type is registered',
      'no work is accepted: startFailed',
    ];
    expect(texts({ reasons })).toEqual([]);
    const others = [
      "the store's file is damaged (met 2 times): look with holdfast doctor --deep",
      'a component fails too often to be restarted',
      '2 crises delivered without what broke a rule of requests, with a note of that',
      'crisis mode is on for everybody since then by a person',
    ];
    expect(texts({ reasons: others })).toEqual(
      others.map((reason) => `warn ${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}`),
    );
  });

  test('OB-1 a tier is late from its hundredth on; a crisis that is late is worse', () => {
    const late = { ...ANSWERS, p99Ms: 200, maxMs: 900 };
    expect(texts({ answers: [ANSWERS] })).toEqual([]);
    expect(texts({ answers: [late] })[0]).toMatch(/^warn Answers to basic are late/);
    expect(texts({ answers: [{ ...late, of: 'crisis' }] })[0]).toMatch(/^bad Answers to crises/);
    expect(texts({ answers: [{ ...late, count: 0 }] })).toEqual([]);
  });
});

test.each([
  [{ count: 0 }, 'none yet'],
  [{}, 'all within'],
  [{ maxMs: 101 }, 'within, but the slowest'],
  [{ p99Ms: 101 }, '1 in 100 or more are beyond'],
  [{ p50Ms: 101, p99Ms: 200 }, 'half of them or more are beyond'],
])('OB-1 how answers stand to their deadline: %o', (change, said) => {
  expect(lateText({ ...ANSWERS, ...change })).toBe(said);
});

describe('OB-1 what waits for a person', () => {
  test('OB-1 each pile with where it is worked off', () => {
    const waiting = { deadLettered: 40, conflicted: 5, inReview: 1, quarantined: 1, turn: 9 };
    const piles = pilesOf({ ...WELL, waiting, conflicts: { count: 2, held: 3, atWork: 1 } });
    expect(piles.map(({ text, to }) => `${text} → ${to.view}`)).toEqual([
      '40 dead letters → dead-letters',
      '2 conflicts → conflicts',
      '1 review → waiting',
      '1 other version → waiting',
      '1 record set aside → quarantine',
    ]);
    // A list that shows another reason to wait would be empty.
    const handlers = pilesOf({ ...WELL, waiting: { handlerMissing: 2 } });
    expect(handlers.map(({ to }) => to)).toEqual([{ view: 'waiting', query: { for: 'handler' } }]);
    expect(pilesOf(WELL)).toEqual([]);
  });

  test('OB-1 edits that are merged or wait in a conflict ask for nothing of their own', () => {
    const conflicts = { count: 2, held: 3, atWork: 2 };
    const piles = pilesOf({ ...WELL, waiting: { conflicted: 5 }, conflicts });
    expect(piles.map(({ name }) => name)).toEqual(['conflicts']);
  });
});

test('OB-1 the queue is shown as it is served', () => {
  const row = (upstream: string | null, priority: string, tier: string | null) => ({
    ...{ upstream, priority, tier, turn: 1, inLane: 0 },
    ...{ oldestAtMs: null, because: null, untilAtMs: null },
  });
  const queue = [
    row('records', 'low', 'basic'),
    row('payments', 'normal', 'trial'),
    row('payments', 'high', 'basic'),
    row('payments', 'normal', 'premium'),
    row('payments', 'crisis', null),
    row(null, 'low', 'premium'),
  ];
  expect(
    queueInOrder(queue).map((each) => `${each.upstream} ${each.priority} ${each.tier}`),
  ).toEqual([
    'null low premium',
    'payments crisis null',
    'payments high basic',
    'payments normal premium',
    'payments normal trial',
    'records low basic',
  ]);
});

test('OB-1 news of each operation that went well are asked for apart', () => {
  const told = (serial: number, kind: string, ending?: string): News => ({
    ...{ serial, atMs: 0, kind, id: null, reason: null },
    details: ending === undefined ? {} : { ending },
  });
  const news = [
    told(1, 'breaker.changed'),
    told(2, 'operation.accepted'),
    told(3, 'operation.ended', 'completed'),
    told(4, 'operation.ended', 'deadLettered'),
    told(5, 'attempt.started'),
  ];
  const serials = (isAll: boolean, count = 9) =>
    latestNews(news, isAll, count).map(({ told: { serial } }) => serial);
  expect(serials(false)).toEqual([4, 1]);
  expect(serials(true)).toEqual([5, 4, 3, 2, 1]);
  expect(serials(true, 2)).toEqual([5, 4]);
});

test('OB-1 what flutters is told once, with how often', () => {
  const told = (serial: number, atMs: number, kind: string, id: string): News => ({
    ...{ serial, atMs, kind, id, reason: null, details: {} },
  });
  const news = [
    told(1, 1_000, 'level.changed', 'degradation:a'),
    told(2, 20_000, 'level.changed', 'degradation:a'),
    told(3, 21_000, 'level.changed', 'degradation:b'),
    told(4, 22_000, 'breaker.changed', 'breaker:a'),
    told(5, 23_000, 'breaker.changed', 'breaker:a'),
    told(6, 24_000, 'level.changed', 'degradation:a'),
  ];
  const listed = latestNews(news, false, 9).map(({ told: { serial }, times }) => [serial, times]);
  expect(listed).toEqual([
    [6, 2],
    [5, 1],
    [4, 1],
    [3, 1],
    [1, 1],
  ]);
  expect(latestNews(news, true, 9)).toHaveLength(6);
});

/** Trips at 10 s, then a probe each 15 s that fails a second later, as a breaker tells it. */
function outageNews(probes: number, id = 'breaker:labs'): readonly News[] {
  const changed = (atMs: number, from: string, to: string, reason: string): News => ({
    ...{ serial: 0, kind: 'breaker.changed', id, atMs, reason, details: { from, to } },
  });
  const tried = Array.from({ length: probes }, (_, index) => {
    const atMs = 25_000 + index * 15_000;
    return [
      changed(atMs, 'open', 'halfOpen', 'cooldownOver'),
      changed(atMs + 1_000, 'halfOpen', 'open', 'probeFailed'),
    ];
  });
  return [changed(10_000, 'closed', 'open', 'surprise'), ...tried.flat()];
}

describe('OB-1 an outage in the news', () => {
  const order: News = {
    ...{ serial: 0, atMs: 11_000, kind: 'override.made', id: null },
    ...{ reason: 'breaker.observe', details: {} },
  };
  const [trip, ...probes] = outageNews(112);
  const news = [trip, order, ...probes].flatMap((one) => one ?? []);

  test('OB-1 however many probes fail it is one line, and what a person ordered stays', () => {
    const listed = latestNews(news, false, 60);
    expect(listed.map(({ told: { kind }, times }) => [kind, times])).toEqual([
      ['breaker.changed', 225],
      ['override.made', 1],
    ]);
    const [since, last] = [clockText(10_000), clockText(25_000 + 111 * 15_000 + 1_000)];
    const said = `down since ${since}: 112 probes failed, the last at ${last}`;
    expect(listed.map(outageLine)).toEqual([{ tone: 'bad', text: said }, null]);
  });

  test('OB-1 the level that follows each of its probes is no line of its own', () => {
    const level = (atMs: number, to: string, reason: string | null): News => ({
      ...{ serial: 0, atMs, kind: 'level.changed', id: 'degradation:labs', reason },
      details: { upstream: 'labs', from: 'offline', to },
    });
    const levels = ['criticalOnly', 'offline'].flatMap((to) => [
      level(25_000, to, 'breaker'),
      level(40_000, to, 'breaker'),
    ]);
    const over = [level(60_000, 'limited', 'breaker, overload'), level(75_000, 'normal', null)];
    const all = [...news, ...levels, ...over];
    expect(latestNews(all, false, 60).map(({ told: { details } }) => details['to'])).toEqual([
      ...['normal', 'limited', 'open', undefined],
    ]);
    expect(latestNews(all, true, 600)).toHaveLength(all.length);
  });

  test('OB-1 one that is over has its end and itself, and one before it is another', () => {
    const up: News = {
      ...{ serial: 0, atMs: 50_000, kind: 'breaker.changed', id: 'breaker:labs' },
      ...{ reason: 'probeSucceeded', details: { from: 'halfOpen', to: 'closed' } },
    };
    const all = [...outageNews(2), up, ...outageNews(1, 'breaker:bank'), ...outageNews(1)];
    const lines = latestNews(all, false, 60).map((one) => outageLine(one)?.text ?? 'up');
    const from = `down since ${clockText(10_000)}`;
    expect(lines).toEqual([
      `${from}: 1 probe failed at ${clockText(26_000)}`,
      `${from}: 1 probe failed at ${clockText(26_000)}`,
      'up',
      `${from}: 2 probes failed, the last at ${clockText(41_000)}`,
    ]);
  });

  test('OB-1 its beginning is found below a list that is full, and not made up where it is gone', () => {
    expect(latestNews(news, false, 1)[0]?.outage).toMatchObject({ sinceAtMs: 10_000 });
    const [listed] = latestNews(news.slice(2), false, 60);
    expect(listed === undefined ? null : outageLine(listed)?.text).toMatch(/^down: 112 probes/);
    expect(latestNews(outageNews(0), false, 60).map(outageLine)).toEqual([null]);
  });
});

test('OB-1 the view of waiting work opens on a reason for which some wait', () => {
  const opens = (waiting: Overview['waiting']) => firstWaitedFor({ ...WELL, waiting });
  expect(opens({ handlerMissing: 3 })).toBe('handler');
  expect(opens({ conflicted: 1, handlerMissing: 3 })).toBe('conflict');
  expect(opens({ inReview: 1, handlerMissing: 3 })).toBe('review');
  expect([opens({}), firstWaitedFor(null)]).toEqual(['review', 'review']);
});
