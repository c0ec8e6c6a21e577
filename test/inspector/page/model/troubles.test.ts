import { describe, expect, test } from 'vitest';
import { latestNews } from '../../../../inspector/page/model/newsList.ts';
import { firstWaitedFor, pilesOf } from '../../../../inspector/page/model/pageState.ts';
import { queueInOrder } from '../../../../inspector/page/model/route.ts';
import {
  crisesSaid,
  lateText,
  notDeliveredYet,
  troublesOf,
} from '../../../../inspector/page/model/troubles.ts';
import { clockText, outageLine } from '../../../../inspector/page/words/news.ts';
import type { AnswerTimes, News, Overview, WatchedActor } from '../../../../inspector/protocol.ts';

const UPSTREAM: Overview['upstreams'][number] = {
  ...{ name: 'payments', breaker: 'closed', level: 'normal', causes: [], inFlight: 3 },
  ...{ overhanging: 0, downSinceAtMs: null, nextTryAtMs: null, waits: null, hold: null },
  ...{ pace: 'steady', slots: 8, slotsMax: 64, timeoutMs: 900, ratePerSecond: null },
  usualFailureShare: 0.01,
  recoveries: { times: 0, meanMs: 0, longestMs: 0 },
};
const WELL: Overview = {
  ...{ atMs: 100_000, overall: 'healthy', score: 100, findings: [] },
  ...{ crisisCapability: 'operational', phase: 'running', level: 'normal', causes: [] },
  ...{ storage: { state: 'well', sinceAtMs: null }, isHeld: false, upstreams: [UPSTREAM] },
  ...{ queue: [], operations: {}, waiting: {}, crises: {}, answers: [] },
  undelivered: [],
  conflicts: { count: 0, held: 0, atWork: 0 },
  eventLoop: { delayMs: 1, longestMs: 9 },
};
const WORDS = { text: '', tone: 'quiet' } as const;
const ANSWERS: AnswerTimes = {
  ...{ of: 'basic', count: 10, p50Ms: 10, p99Ms: 20, maxMs: 30, deadlineMs: 100 },
};

const FINDING: Overview['findings'][number] = {
  ...{ id: 'storage', tone: 'bad', upstream: null, sinceAtMs: null, nextAtMs: null },
  text: 'storage is full. Free some space on its disk',
};
const troubles = (
  findings: readonly Partial<typeof FINDING>[],
  actors: readonly WatchedActor[] = [],
) =>
  troublesOf(
    { ...WELL, findings: findings.map((finding) => ({ ...FINDING, ...finding })) },
    new Map(actors.map((actor) => [actor.actor, actor])),
  );

describe('OB-1 what is wrong', () => {
  test('OB-1 nothing, where all is well', () => {
    expect(troubles([])).toEqual([]);
  });

  test('OB-1 each finding of health once, in its words, with since when, the next try and where more of it is', () => {
    const upstream = 'payments';
    const down = { id: 'breaker', upstream, sinceAtMs: 70_000, nextAtMs: 105_000 };
    expect(troubles([{ ...down, text: 'payments is down' }])).toEqual([
      {
        ...{ ...down, tone: 'bad', text: 'payments is down' },
        to: { view: 'actors', query: { upstream } },
      },
    ]);
    const views = [
      ['start', 'actors'],
      ['hold', 'actors'],
      ['anchor', 'actors'],
      ['storage', 'actors'],
      ['deadLettered', 'dead-letters'],
      ['conflicts', 'conflicts'],
      ['handlerMissing', 'waiting'],
      ['quarantined', 'quarantine'],
      ['recordsMissing', 'quarantine'],
      ['crisesUnacknowledged', 'crises'],
    ] as const;
    expect(troubles(views.map(([id]) => ({ id }))).map(({ id, to }) => [id, to?.view])).toEqual(
      views,
    );
    expect(troubles([{ id: 'crisesUndelivered', upstream }])[0]?.to).toEqual({ view: 'crises' });
    expect(troubles([{ id: 'damage' }])[0]?.to).toBeNull();
  });

  test('OB-1 control: a finding that the page knows nothing of is shown all the same', () => {
    expect(troubles([{ id: 'new', tone: 'warn', text: 'storage hums' }])).toMatchObject([
      { id: 'new', tone: 'warn', text: 'Storage hums', to: null },
    ]);
  });

  test('OB-1 since when a level holds, its actor says', () => {
    const actor: WatchedActor = {
      ...{ actor: 1, id: 'degradation:payments', machine: 'degradation', version: null },
      ...{ states: ['limited'], sinceAtMs: 90_000, about: null },
    };
    const level = { id: 'upstreamLevel', upstream: 'payments' };
    expect(troubles([level], [actor])).toMatchObject([{ sinceAtMs: 90_000 }]);
    expect(troubles([level])).toMatchObject([{ sinceAtMs: null }]);
  });

  test('OB-1 the worst comes first, and the others in their order', () => {
    const ids = [
      ['hold', 'warn'],
      ['storage', 'bad'],
      ['deadLettered', 'warn'],
      ['stuck', 'bad'],
    ] as const;
    expect(troubles(ids.map(([id, tone]) => ({ id, tone }))).map(({ id }) => id)).toEqual([
      ...['storage', 'stuck', 'hold', 'deadLettered'],
    ]);
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
      '1 record quarantined → quarantine',
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
    ...{ serial, atMs: 0, kind, id: null, reason: null, ...WORDS },
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
    ...{ serial, atMs, kind, id, reason: null, ...WORDS, details: {} },
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
    ...{ serial: 0, kind: 'breaker.changed', id, atMs, reason, ...WORDS, details: { from, to } },
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
    ...{ serial: 0, atMs: 11_000, kind: 'override.made', id: null, ...WORDS },
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
      ...{ serial: 0, atMs, kind: 'level.changed', id: 'degradation:labs', reason, ...WORDS },
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
      ...{ serial: 0, atMs: 50_000, kind: 'breaker.changed', id: 'breaker:labs', ...WORDS },
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
