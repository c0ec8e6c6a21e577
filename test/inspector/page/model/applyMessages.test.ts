import { describe, expect, test } from 'vitest';
import { applyMessages, withConnection } from '../../../../inspector/page/model/applyMessages.ts';
import {
  ENDED_MAX,
  firstState,
  NEWS_MAX,
  type PageState,
  STEPS_MAX,
} from '../../../../inspector/page/model/pageState.ts';
import type {
  FeedMessage,
  News,
  Overview,
  Step,
  WatchedActor,
} from '../../../../inspector/protocol.ts';
import { INSPECTOR_PROTOCOL } from '../../../../inspector/protocol.ts';

const PAGE_NOW = 50_000;

const hello = (startedAtMs = 1_000): FeedMessage => ({
  ...{ kind: 'hello', protocol: INSPECTOR_PROTOCOL, holdfast: '0.1.0', name: 'sync' },
  ...{ startedAtMs, nowMs: 60_000, charts: [] },
});
const actor = (number: number, states: readonly string[], sinceAtMs = 100): WatchedActor => ({
  ...{ actor: number, id: `op-${number}`, machine: 'syncOperation', version: '1' },
  ...{ states, sinceAtMs, about: null },
});
const actors = (isAll: boolean, ...list: readonly WatchedActor[]): FeedMessage => ({
  ...{ kind: 'actors', actors: list, isAll },
});
const step = (serial: number, number: number, to: readonly string[], atMs = 200): Step => ({
  ...{
    serial,
    ring: 'operation',
    nth: serial,
    actor: number,
    atMs,
    event: 'go',
    from: ['a'],
    to,
    transitions: [0],
  },
});
const news = (serial: number): News => ({
  ...{ serial, atMs: 1, kind: 'operation.ended', id: null, reason: null, details: {} },
  ...{ text: '', tone: 'quiet' },
});
const steps = (...list: readonly Step[]): FeedMessage => ({ kind: 'steps', steps: list });

const after = (...messages: readonly FeedMessage[]): PageState =>
  applyMessages(firstState(PAGE_NOW), messages, PAGE_NOW);

describe('OB-1 what messages of the feed make of the page', () => {
  test('OB-1 the minutes that were kept for it stand before its own', () => {
    const at = (atMs: number) =>
      ({
        atMs,
        overall: 'healthy',
        upstreams: [],
        queue: [],
        findings: [],
        storage: {},
      }) as unknown as Overview;
    const page = after(
      hello(),
      { kind: 'overview', overview: at(120_000) },
      { kind: 'minutes', minutes: [at(0), at(60_000)] },
    );
    expect(page.minutes.map(({ atMs }) => atMs)).toEqual([0, 60_000, 120_000]);
    expect(page.overview?.atMs).toBe(120_000);
  });

  test('OB-1 a greeting begins anew, with the clock of the process', () => {
    const page = after(hello(), actors(true, actor(1, ['a'])), steps(step(1, 1, ['b'])));
    expect(page.connection.state).toBe('live');
    expect(page.skewMs).toBe(10_000);
    const again = applyMessages(page, [hello(2_000)], PAGE_NOW);
    expect([again.actors.size, again.steps, again.news, again.overview]).toEqual([0, [], [], null]);
  });

  test('OB-1 what is shown is of the time when something was heard last, however often that is tried', () => {
    const away = (page: PageState, atMs: number) =>
      applyMessages(page, [{ kind: 'away', reason: 'nobody runs it', atMs }], atMs);
    const gone = away(applyMessages(firstState(1_000), [hello()], 2_000), 3_000);
    expect(gone.connection.sinceAtMs).toBe(3_000);
    const lost = { state: 'lost', sinceAtMs: 9_000, reason: null, nextTryAtMs: 9_500 } as const;
    const still = away(withConnection(gone, lost), 12_000);
    expect(still.connection).toMatchObject({ state: 'away', sinceAtMs: 3_000 });
    expect(applyMessages(still, [hello()], 14_000).connection.sinceAtMs).toBe(14_000);
  });

  test('OB-1 actors come in pieces; the first one is all that are', () => {
    const page = after(
      hello(),
      actors(true, actor(1, ['a']), actor(2, ['a'])),
      actors(false, actor(3, ['a'])),
    );
    expect([...page.actors.keys()]).toEqual([1, 2, 3]);
    expect([...applyMessages(page, [actors(true, actor(9, ['a']))], 0).actors.keys()]).toEqual([9]);
  });

  test('OB-1 a step moves its actor, and no other is another object', () => {
    const page = after(hello(), actors(true, actor(1, ['a']), actor(2, ['a'])));
    const next = applyMessages(page, [steps(step(1, 1, ['b'], 300))], 0);
    expect(next.actors.get(1)).toMatchObject({ states: ['b'], sinceAtMs: 300 });
    expect(next.actors.get(2)).toBe(page.actors.get(2));
    expect(next.actors).not.toBe(page.actors);
  });

  test('OB-1 an actor that stays keeps since when it stands there', () => {
    const page = after(hello(), actors(true, actor(1, ['a'])));
    const next = applyMessages(page, [steps(step(1, 1, ['a'], 300))], 0);
    expect(next.actors).toBe(page.actors);
    expect(next.steps).toHaveLength(1);
  });

  test('OB-1 remembered steps that are told again move nobody back', () => {
    const page = after(
      hello(),
      actors(true, actor(1, ['c'], 300)),
      steps(step(1, 1, ['b'], 200), step(2, 1, ['c'], 300)),
    );
    expect(page.actors.get(1)?.states).toEqual(['c']);
    expect(page.steps).toHaveLength(2);
    const older = after(hello(), actors(true, actor(1, ['c'], 300)), steps(step(1, 1, ['b'], 200)));
    expect(older.actors.get(1)).toMatchObject({ states: ['c'], sinceAtMs: 300 });
  });

  test('OB-1 an actor that has ended is gone from the list, and still has a name', () => {
    const page = after(hello(), actors(true, actor(1, ['a'])), steps(step(1, 1, ['z'])), {
      kind: 'ended',
      actors: [1, 77],
      atMs: 400,
    });
    expect(page.actors.size).toBe(0);
    expect(page.ended.get(1)).toMatchObject({ id: 'op-1', states: ['z'], endedAtMs: 400 });
    expect(page.ended.has(77)).toBe(false);
  });

  test('OB-1 only so much is kept', () => {
    const many = Array.from({ length: STEPS_MAX.operation + 5 }, (_, at) => step(at + 1, 1, ['a']));
    const page = after(hello(), steps(...many), {
      kind: 'news',
      news: Array.from({ length: NEWS_MAX.operation + 3 }, (_, at) => news(at + 1)),
    });
    expect([page.steps.length, page.steps.at(-1)?.serial]).toEqual([
      STEPS_MAX.operation,
      STEPS_MAX.operation + 5,
    ]);
    expect([page.news.length, page.news[0]?.serial]).toEqual([NEWS_MAX.operation, 4]);
    const ids = Array.from({ length: ENDED_MAX + 2 }, (_, at) => at);
    const ended = after(hello(), actors(true, ...ids.map((id) => actor(id, ['a']))), {
      ...{ kind: 'ended', actors: ids, atMs: 1 },
    });
    expect([ended.ended.size, ended.ended.has(0), ended.ended.has(2)]).toEqual([
      ENDED_MAX,
      false,
      true,
    ]);
  });

  test('OB-1 a step that comes twice is kept once', () => {
    const page = after(hello(), steps(step(1, 1, ['a']), step(2, 1, ['a'])));
    expect(applyMessages(page, [steps(step(2, 1, ['a']))], 0).steps).toBe(page.steps);
  });

  test('OB-1 while the process is away the last that was heard stays', () => {
    const page = after(hello(), actors(true, actor(1, ['a'])), {
      ...{ kind: 'away', reason: 'the process has closed its store', atMs: 1 },
    });
    expect(page.connection).toMatchObject({
      state: 'away',
      reason: 'the process has closed its store',
    });
    expect(page.actors.size).toBe(1);
  });

  test('OB-1 a process that speaks otherwise is not shown as live', () => {
    const other = { ...hello(), protocol: INSPECTOR_PROTOCOL + 1 } as FeedMessage;
    expect(after(other).connection.state).toBe('away');
  });

  test('OB-1 nothing new is nothing drawn anew', () => {
    const page = after(hello());
    expect(applyMessages(page, [], 0)).toBe(page);
    expect(applyMessages(page, [steps()], 0)).toBe(page);
  });
});
