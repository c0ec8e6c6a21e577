import { describe, expect, test } from 'vitest';
import { Feed, type FeedParts } from '../../../inspector/feed/feed.ts';
import type {
  TapObserver,
  TappedActor,
  TappedStep,
} from '../../../inspector/projection/projection.ts';
import type { FeedMessage, Overview } from '../../../inspector/protocol.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

type Told = readonly FeedMessage[];

const QUIET = {
  ...{ overall: 'healthy', phase: 'running', level: 'normal', upstreams: [], queue: [] },
  ...{ findings: [] },
  storage: { state: 'well', sinceAtMs: null },
} as unknown as Overview;

/** A feed over charts that the test moves by hand. */
function createStage(parts: Partial<FeedParts> = {}) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const taps = new Set<TapObserver>();
  const listeners = new Set<(fact: { kind: string; atMs: number }) => void>();
  const actors = new Map<string, TappedActor>();
  const actor = (number: number, value = 'closed'): TappedActor => ({
    ...{ session: `x:${number}`, id: `breaker:${number}`, value, about: null },
    // Those from 90,000 on are components.
    machine: number >= 90_000 ? circuitBreakerMachine : syncOperationMachine,
  });
  const feed = new Feed({
    clock,
    inspection: {
      watch: (observer) => {
        taps.add(observer);
        return () => taps.delete(observer);
      },
      actors: () => [...actors.values()],
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    rules: {
      'thing.happened': { about: null, reason: null, details: ['count'] },
      'attempt.started': { about: null, reason: null, details: ['count'] },
    },
    words: () => ({ text: 'it happened', tone: 'quiet' }),
    about: { holdfast: '1.2.3', name: 'it', startedAtMs: 5, charts: [] },
    overview: () => ({ ...QUIET, atMs: clock.now() }),
    call: () => Promise.resolve(null),
    onError: (error) => errors.push(error),
    ...parts,
  });
  const step = (number: number, from: string, to: string): void => {
    const its = actors.get(`x:${number}`) ?? actor(number);
    actors.set(its.session, { ...its, value: to });
    const { session, id, machine } = its;
    const told: TappedStep = { session, id, machine, event: 'go', from, to, transitions: [] };
    for (const tap of taps) tap.stepped(told);
  };
  const begin = (number: number): void => {
    const its = actor(number);
    actors.set(its.session, its);
    for (const tap of taps) tap.began(() => its);
  };
  const end = (number: number): void => {
    actors.delete(`x:${number}`);
    for (const tap of taps) tap.ended(`x:${number}`);
  };
  const happen = (count: number, kind = 'thing.happened'): void => {
    const fact = { kind, atMs: clock.now(), count };
    for (const listener of listeners) listener(fact);
  };
  const watch = () => {
    const told: Told[] = [];
    const stop = feed.watch((messages) => told.push(messages));
    return { told, stop };
  };
  const isWatched = (): boolean => taps.size + listeners.size > 0;
  return { clock, errors, feed, step, begin, end, happen, watch, isWatched };
}

const kinds = (told: readonly Told[]): readonly string[] => told.flat().map(({ kind }) => kind);
const serials = (told: readonly Told[]): readonly number[] =>
  told
    .flat()
    .flatMap((message) => (message.kind === 'steps' ? message.steps : []))
    .map(({ serial }) => serial);

describe('OB-1 the feed of a process', () => {
  test('OB-1 begins with hello, all actors and an overview, and goes on in batches', async () => {
    const { clock, begin, step, end, happen, watch } = createStage();
    begin(1);
    const { told } = watch();
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(kinds(told)).toEqual(['hello', 'actors', 'overview']);
    expect(told[0]?.[0]).toMatchObject({
      kind: 'hello',
      protocol: 1,
      holdfast: '1.2.3',
      name: 'it',
    });
    expect(told[0]?.[1]).toMatchObject({ isAll: true, actors: [{ actor: 1, sinceAtMs: null }] });
    begin(2);
    step(2, 'closed', 'open');
    happen(3);
    end(1);
    await clock.advance(50);
    expect(kinds(told).slice(3)).toEqual(['actors', 'steps', 'news', 'ended', 'overview']);
    const [batch, ...more] = told.slice(-1);
    expect(more).toEqual([]);
    expect(batch).toMatchObject([
      { isAll: false, actors: [{ actor: 2, states: ['closed'] }] },
      { steps: [{ serial: 1, actor: 2, from: ['closed'], to: ['open'], transitions: [] }] },
      { news: [{ serial: 1, kind: 'thing.happened', details: { count: 3 } }] },
      { actors: [1] },
      {},
    ]);
  });

  test('OB-1 tells nothing between batches but an overview each second', async () => {
    const { clock, watch } = createStage();
    const { told } = watch();
    await clock.advance(5_000);
    expect(kinds(told).filter((kind) => kind === 'overview').length).toBeGreaterThanOrEqual(5);
    expect(kinds(told).filter((kind) => kind !== 'overview')).toEqual(['hello', 'actors']);
  });

  test('OB-1 collects nothing while nobody watches, and counts on', async () => {
    const { clock, step, watch, isWatched, feed } = createStage();
    expect(isWatched()).toBe(false);
    const first = watch();
    const second = watch();
    step(1, 'closed', 'open');
    await clock.advance(50);
    first.stop();
    expect(isWatched()).toBe(true);
    second.stop();
    expect(isWatched()).toBe(false);
    expect(feed).toMatchObject({ isCollecting: false, viewers: 0 });
    // Nothing of it is left to be done.
    await clock.advance(10_000);
    const third = watch();
    step(1, 'open', 'halfOpen');
    await clock.advance(50);
    expect(serials(third.told)).toEqual([2]);
    expect([serials(first.told), serials(second.told)]).toEqual([[1], [1]]);
  });

  test('OB-1 kept open it remembers 10,000 steps and 1,000 news for whoever comes', async () => {
    const { clock, step, happen, watch, feed, isWatched } = createStage();
    feed.open();
    for (let count = 1; count <= 10_500; count += 1) step(1, 'closed', 'open');
    for (let count = 1; count <= 1_200; count += 1) happen(count);
    const { told, stop } = watch();
    await clock.advance(1);
    expect(serials(told)).toEqual(Array.from({ length: 10_000 }, (_, index) => 501 + index));
    const news = told.flat().flatMap((message) => (message.kind === 'news' ? message.news : []));
    expect(news.map(({ serial }) => serial)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => 201 + index),
    );
    // No message of the beginning is long, and each is told in a turn of its own.
    for (const messages of told) expect(JSON.stringify(messages).length).toBeLessThan(120_000);
    expect(told.length).toBeGreaterThan(20);
    stop();
    expect(isWatched()).toBe(true);
    feed.close();
    expect(isWatched()).toBe(false);
  });

  test('OB-1 the story of an outage is there after a minute of traffic, for who comes then', async () => {
    const { clock, begin, step, happen, watch, feed } = createStage();
    feed.open();
    begin(90_001);
    const outage = ['open', 'halfOpen', 'open', 'halfOpen', 'closed'];
    for (const [at, to] of outage.entries()) step(90_001, outage[at - 1] ?? 'closed', to);
    happen(7);
    for (let count = 0; count < 30_000; count += 1) step(1, 'closed', 'open');
    // A component measures each second, and stays.
    for (let count = 0; count < 3_000; count += 1) step(90_001, 'closed', 'closed');
    for (let count = 0; count < 3_000; count += 1) happen(count, 'attempt.started');
    const { told } = watch();
    await clock.advance(1);
    const steps = told.flat().flatMap((one) => (one.kind === 'steps' ? one.steps : []));
    const own = steps.filter(({ actor, ring }) => actor === 90_001 && ring === 'component');
    expect(own.map(({ serial, nth, to }) => [serial, nth, ...to])).toEqual(
      outage.map((to, at) => [at + 1, at + 1, to]),
    );
    expect(steps).toHaveLength(10_005);
    const news = told.flat().flatMap((one) => (one.kind === 'news' ? one.news : []));
    expect([news.length, news[0]?.serial, news[0]?.details]).toEqual([1_001, 1, { count: 7 }]);
  });

  test('OB-1 says since when an actor stands, as far as steps are remembered', async () => {
    const { clock, begin, step, watch, feed } = createStage();
    feed.open();
    begin(1);
    begin(2);
    await clock.advance(700);
    step(1, 'closed', 'open');
    const atMs = clock.now();
    await clock.advance(700);
    step(1, 'open', 'open');
    const { told } = watch();
    await clock.advance(1);
    expect(told[0]?.[1]).toMatchObject({
      actors: [
        { actor: 1, states: ['open'], sinceAtMs: atMs },
        { actor: 2, sinceAtMs: null },
      ],
    });
  });

  test('OB-1 hands all viewers one and the same batch', async () => {
    const { clock, step, watch } = createStage();
    const [first, second] = [watch(), watch()];
    await clock.advance(1);
    step(1, 'closed', 'open');
    await clock.advance(50);
    expect(first.told.at(-1)).toBe(second.told.at(-1));
  });

  test('SV-2 a viewer that throws is dropped and told of, and the others see no difference', async () => {
    const { clock, step, watch, feed, errors } = createStage();
    const well = watch();
    let calls = 0;
    feed.watch(() => {
      calls += 1;
      if (calls > 1) throw new Error('bad viewer');
    });
    await clock.advance(1);
    for (let count = 0; count < 5; count += 1) {
      step(1, 'closed', 'open');
      await clock.advance(50);
    }
    expect(calls).toBe(2);
    expect(errors).toEqual([new Error('bad viewer')]);
    expect(feed.viewers).toBe(1);
    expect(serials(well.told)).toEqual([1, 2, 3, 4, 5]);
  });

  test('CR-1 thousands of actors and 16 who come at once: no turn reads more than one piece', async () => {
    let read = 0;
    let mostInTurn = 0;
    const real = new VirtualClock();
    const turnEnds = (): void => {
      mostInTurn = Math.max(mostInTurn, read);
      read = 0;
    };
    const clock: FeedParts['clock'] = {
      now: () => real.now(),
      monotonic: () => real.monotonic(),
      schedule: (delayMs, wake) => real.schedule(delayMs, wake),
      defer: (go) => {
        real.defer(() => {
          turnEnds();
          go();
          turnEnds();
        });
      },
    };
    const actors = Array.from({ length: 5_000 }, (_, number) => ({
      ...{ session: `x:${number}`, id: `breaker:${number}`, machine: circuitBreakerMachine },
      ...{ value: 'closed', about: null },
    }));
    const { watch, end, step } = createStage({
      clock,
      inspection: {
        watch: () => () => undefined,
        *actors() {
          for (const actor of actors) {
            read += 1;
            yield actor;
          }
        },
      },
    });
    const viewers = Array.from({ length: 16 }, watch);
    // Watching itself reads nobody: it is done in the turn of whoever asks.
    expect(read).toBe(0);
    step(1, 'closed', 'open');
    end(2);
    await real.advance(1_000);
    expect(mostInTurn).toBeGreaterThan(0);
    expect(mostInTurn).toBeLessThanOrEqual(501);
    for (const { told } of viewers) {
      const numbers = told
        .flat()
        .flatMap((message) => (message.kind === 'actors' ? message.actors : []))
        .map(({ actor }) => actor);
      expect(new Set(numbers).size).toBe(5_000);
      expect(numbers).toHaveLength(5_000);
    }
  });

  test('OB-1 what happens while a long beginning is told is told after it', async () => {
    const { clock, begin, end, step, watch } = createStage();
    for (let number = 0; number < 1_200; number += 1) begin(number);
    const { told } = watch();
    step(7, 'closed', 'open');
    end(1_100);
    begin(5_000);
    await clock.advance(60);
    const last = told.slice(-1).flat();
    expect(kinds([last])).toEqual(['actors', 'steps', 'ended', 'overview']);
    expect(last).toMatchObject([
      { isAll: false, actors: [{ actor: 5_000 }] },
      { steps: [{ actor: 7, to: ['open'] }] },
      { actors: [1_100] },
      {},
    ]);
    expect(kinds(told.slice(0, -1))).toEqual(['hello', 'actors', 'actors', 'actors', 'overview']);
  });

  test('CR-1 a burst of thousands is told in messages that are none of them long', async () => {
    const { clock, begin, end, watch } = createStage();
    const { told } = watch();
    await clock.advance(1);
    for (let number = 0; number < 3_000; number += 1) begin(number);
    for (let number = 0; number < 3_000; number += 1) end(number);
    await clock.advance(50);
    const sizes = told
      .flat()
      .map((message) => (message.kind === 'actors' || message.kind === 'ended' ? message : null))
      .map((message) => message?.actors.length ?? 0);
    expect(Math.max(...sizes)).toBe(500);
    // Who have come and gone between two batches: some of them.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_050);
  });

  test('CR-1 a burst that has to be told whole is told in turns of their own, in order', async () => {
    const { clock, begin, step, watch } = createStage();
    const { told } = watch();
    await clock.advance(1);
    for (let number = 0; number < 3_000; number += 1) begin(number);
    for (let number = 0; number < 3_000; number += 1) step(number, 'closed', 'open');
    await clock.advance(50);
    step(1, 'open', 'closed');
    await clock.advance(50);
    const lengths = told.map((messages) => JSON.stringify(messages).length);
    expect(Math.max(...lengths)).toBeLessThan(120_000);
    expect(new Set(serials(told)).size).toBe(3_001);
    expect(serials(told)).toEqual(serials(told).toSorted((a, b) => a - b));
  });

  test('SV-2 a table that can not be read costs the viewer, and nothing else', async () => {
    const { clock, watch, feed, errors, isWatched } = createStage({
      inspection: {
        watch: () => () => undefined,
        *actors() {
          yield* [];
          throw new Error('unreadable');
        },
      },
    });
    const { told } = watch();
    await clock.advance(1_000);
    expect(told).toEqual([]);
    expect(errors).toEqual([new Error('unreadable')]);
    expect([feed.viewers, isWatched()]).toEqual([0, false]);
  });

  test('CR-1 a viewer that holds the process up with each batch is dropped', async () => {
    let skewMs = 0;
    const real = new VirtualClock();
    const clock: FeedParts['clock'] = {
      now: () => real.now(),
      monotonic: () => real.monotonic() + skewMs,
      schedule: (delayMs, wake) => real.schedule(delayMs, wake),
      defer: (go) => {
        real.defer(go);
      },
    };
    const { feed, step, errors, isWatched } = createStage({ clock });
    let calls = 0;
    feed.watch(() => {
      calls += 1;
      // One that is quick now and then is left alone.
      skewMs += calls === 3 ? 10 : 80;
    });
    await real.advance(1);
    for (let count = 0; count < 20; count += 1) {
      step(1, 'closed', 'open');
      await real.advance(50);
    }
    expect(calls).toBe(3 + 5);
    expect(errors).toMatchObject([{ message: expect.stringContaining('longer than 50 ms') }]);
    expect(isWatched()).toBe(false);
  });

  test('OB-1 kept open, the minutes of an outage are there for a page that opens after it', async () => {
    let overall = 'healthy';
    const { clock, feed, watch } = createStage({
      overview: () => ({ ...QUIET, atMs: clock.now(), overall }),
    });
    feed.open();
    await clock.advance(90_000);
    overall = 'critical';
    await clock.advance(5_000);
    overall = 'healthy';
    await clock.advance(30 * 60_000);
    const { told, stop } = watch();
    await clock.advance(1);
    const minutes = told
      .flat()
      .flatMap((message) => (message.kind === 'minutes' ? message.minutes : []));
    expect(minutes.length).toBeGreaterThan(30);
    expect(minutes.filter((one) => one.overall === 'critical')).toHaveLength(1);
    expect(kinds(told).at(-1)).toBe('overview');
    stop();
    await clock.advance(60_000);
    feed.close();
    expect(clock.pending).toBe(0);
    // One who throws leaves in the midst of a batch: after that none is made.
    const { feed: other, clock: otherClock, step } = createStage();
    let calls = 0;
    other.watch(() => {
      calls += 1;
      if (calls > 3) throw new Error('no more');
    });
    await otherClock.advance(1);
    step(1, 'closed', 'open');
    await otherClock.advance(5_000);
    expect(otherClock.pending).toBe(0);
  });

  test('OB-1 an overview that can not be made costs only itself', async () => {
    const { clock, step, watch, errors } = createStage({
      overview: () => {
        throw new Error('no health');
      },
    });
    const { told } = watch();
    step(1, 'closed', 'open');
    await clock.advance(50);
    expect(kinds(told)).toEqual(['hello', 'actors', 'steps']);
    expect(errors[0]).toEqual(new Error('no health'));
  });

  test('OB-1 says that the process ends, and lets everybody go', async () => {
    const { clock, step, watch, feed, isWatched } = createStage();
    const early = watch();
    await clock.advance(1);
    feed.open();
    step(1, 'closed', 'open');
    feed.end();
    feed.end();
    expect(serials(early.told)).toEqual([1]);
    expect(kinds(early.told).at(-1)).toBe('away');
    expect(isWatched()).toBe(false);
    const late = watch();
    await clock.advance(2_000);
    expect(kinds(late.told)).toEqual(['hello', 'away']);
    expect(isWatched()).toBe(false);
  });

  test('OB-1 whoever leaves in the midst of the beginning is told no more', async () => {
    const { clock, begin, watch } = createStage();
    for (let number = 0; number < 2_000; number += 1) begin(number);
    const told: Told[] = [];
    const { stop } = watch();
    stop();
    await clock.advance(1_000);
    expect(told).toEqual([]);
  });
});
