import { expect, test } from 'vitest';
import type { AnchorSource } from '../../../actors/recovery/anchorKeeper.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { RuntimeOptions } from '../../../src/index.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

/** A place that answers, hangs or fails, as the test says. */
class Place implements AnchorSource {
  text: string | null = null;
  mood: 'well' | 'hangs' | 'fails' | 'isReadOnly' = 'well';
  reads = 0;
  writes = 0;
  aborted = 0;
  readonly #waiting: (() => void)[] = [];

  async read(signal: AbortSignal): Promise<string | null> {
    this.reads += 1;
    await this.#answer(signal, false);
    return this.text;
  }

  async write(record: string, signal: AbortSignal): Promise<void> {
    this.writes += 1;
    await this.#answer(signal, true);
    this.text = record;
  }

  heal(): void {
    this.mood = 'well';
    for (const go of this.#waiting.splice(0)) go();
  }

  async #answer(signal: AbortSignal, isWrite: boolean): Promise<void> {
    if (this.mood === 'fails' || (this.mood === 'isReadOnly' && isWrite)) throw new Error('EROFS');
    if (this.mood !== 'hangs') return;
    signal.addEventListener('abort', () => {
      this.aborted += 1;
    });
    await new Promise<void>((go) => {
      this.#waiting.push(go);
    });
  }
}

/** A record of a later commit than the store has: it was put back, then. The store in memory signs nothing. */
function later(record: string | null): string {
  const [a, b, c, id, epoch] = (record ?? '').split(' ');
  const number = String(Number(epoch) + 500);
  const text = [a, b, c, id, number, Buffer.from(number).toString('base64')].join(' ');
  return `${text} ${Buffer.from(text).toString('base64')}\n`;
}

function begin() {
  const world = createWorld();
  const place = new Place();
  const ran: string[] = [];
  let isUp = true;
  const boot = (options: Partial<RuntimeOptions> = {}): Process =>
    world.boot({
      anchor: place,
      upstreams: { bank: {}, desk: {} },
      handlers: {
        'payments.push': {
          upstream: 'bank',
          run: ({ payload }: { readonly payload: unknown }) => {
            if (!isUp) throw new Error('The bank is down.');
            ran.push(payload as string);
            return null;
          },
        },
        'crisis.alert': {
          upstream: 'desk',
          run: ({ payload }: { readonly payload: unknown }) => {
            ran.push(payload as string);
            return null;
          },
        },
      },
      ...options,
    });
  const setUp = (to: boolean): void => {
    isUp = to;
  };
  return { world, place, ran, boot, setUp };
}

const pay = ({ clock }: World, { runtime }: Process, payload: string) =>
  clock.run(runtime.sync({ type: 'payments.push', subject: 'user-1', payload }));

const codes = ({ errors }: Process) =>
  errors.map((error) => (isHoldfastError(error) ? error.code : String(error)));

test('SE-6 CR-1 while the place hangs, acceptances and crises wait for nothing, and work begins after 30 s', async () => {
  const { world, place, ran, boot } = begin();
  place.mood = 'hangs';
  const process = boot();
  await world.clock.run(process.runtime.ready);
  await pay(world, process, 'payment');
  const answer = await world.clock.run(
    process.runtime.crisis({ type: 'crisis.alert', subject: 'user-2', payload: 'crisis' }),
  );
  expect(answer.resources.length).toBeGreaterThan(0);
  await world.clock.advance(20_000);
  expect(ran).toEqual(['crisis']);
  expect(process.runtime.getHealthStatus()).toMatchObject({
    anchor: { state: 'beingCompared', keptAtMs: null },
    findings: expect.arrayContaining([expect.objectContaining({ id: 'anchor' })]),
  });
  await world.clock.advance(11_000);
  expect(ran).toEqual(['crisis', 'payment']);
  expect(process.runtime.getHealthStatus().anchor).toMatchObject({ state: 'unreachable' });
  // Once for the first call that did not answer, once since work goes on uncompared.
  expect(codes(process)).toEqual(['HF_ANCHOR_UNREACHABLE', 'HF_ANCHOR_UNREACHABLE']);
  expect(place.aborted).toBeGreaterThan(0);

  place.heal();
  await world.clock.advance(120_000);
  expect(process.runtime.getHealthStatus()).toMatchObject({
    anchor: { state: 'kept', code: null },
  });
  expect(place.text).not.toBeNull();
  expect(codes(process)).toHaveLength(2);
  await world.clock.run(process.runtime.close());
});

test('SE-6 a store that is found to be behind after 30 s is held then: what runs ends, nothing more begins', async () => {
  const { world, place, ran, boot } = begin();
  const first = boot();
  await pay(world, first, 'one');
  await world.clock.advance(30_000);
  await world.clock.run(first.runtime.close());
  place.text = later(place.text);

  place.mood = 'fails';
  const second = boot();
  await pay(world, second, 'two');
  await world.clock.advance(31_000);
  expect(ran).toEqual(['one', 'two']);
  place.heal();
  await world.clock.advance(120_000);
  expect(second.runtime.getHealthStatus()).toMatchObject({
    ...{ hold: { reason: 'rolledBack' }, anchor: { state: 'behind' } },
  });
  expect(codes(second)).toEqual([
    ...['HF_ANCHOR_UNREACHABLE', 'HF_ANCHOR_UNREACHABLE', 'HF_STORE_ROLLED_BACK', 'HF_STORE_HELD'],
  ]);
  await pay(world, second, 'three');
  await world.clock.run(
    second.runtime.crisis({ type: 'crisis.alert', subject: 'user-2', payload: 'crisis' }),
  );
  await world.clock.advance(300_000);
  expect(ran).toEqual(['one', 'two', 'crisis']);
  expect(second.runtime.getHealthStatus().queue).toMatchObject([
    { upstream: 'bank', turn: 1, because: 'start' },
  ]);

  expect(await world.clock.run(second.runtime.release())).toBe(true);
  await world.clock.advance(20_000);
  expect(ran).toEqual(['one', 'two', 'crisis', 'three']);
  expect(second.runtime.getHealthStatus()).toMatchObject({ hold: null, anchor: { state: 'kept' } });
  await world.clock.run(second.runtime.close());
  const third = boot();
  await world.clock.run(third.runtime.ready);
  await world.clock.advance(31_000);
  expect(codes(third)).toEqual([]);
});

test('SE-6 what ran uncompared hides nothing: the next start knows from where on', async () => {
  const { world, place, ran, boot } = begin();
  const first = boot();
  await pay(world, first, 'one');
  await world.clock.advance(30_000);
  await world.clock.run(first.runtime.close());
  place.text = later(place.text);

  place.mood = 'fails';
  const second = boot();
  for (let n = 0; n < 600; n += 1) await pay(world, second, `other ${n}`);
  await world.clock.advance(40_000);
  second.kill();

  place.heal();
  const third = boot();
  await pay(world, third, 'held');
  await world.clock.advance(40_000);
  expect(third.runtime.getHealthStatus().hold).toMatchObject({ reason: 'rolledBack' });
  expect(ran).not.toContain('held');
});

test('SE-6 the anchor follows what is committed within 10 s, with one write for all of it', async () => {
  const { world, place, boot } = begin();
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(25_000);
  const [before, text] = [place.writes, place.text];
  for (let n = 0; n < 50; n += 1) await pay(world, process, `more ${n}`);
  await world.clock.advance(10_000);
  expect(place.writes - before).toBeLessThanOrEqual(2);
  expect(place.text).not.toBe(text);
  await world.clock.advance(60_000);
  const atRest = place.writes;
  // Nothing is written where nothing was committed, but for what the store keeps of itself.
  await world.clock.advance(3_600_000);
  expect(place.writes - atRest).toBeLessThanOrEqual(2);
  await world.clock.run(process.runtime.close());
});

test('SE-6 a stop writes the last commit, and waits 2 s at most for a place that hangs', async () => {
  const { world, place, boot } = begin();
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(25_000);
  await pay(world, process, 'two');
  const text = place.text;
  await world.clock.run(process.runtime.close());
  expect(place.text).not.toBe(text);

  const second = boot();
  await pay(world, second, 'three');
  await world.clock.advance(25_000);
  await pay(world, second, 'four');
  place.mood = 'hangs';
  const fromMs = world.clock.monotonic();
  await world.clock.run(second.runtime.close());
  expect(world.clock.monotonic() - fromMs).toBeLessThan(5_000);
});

test('SE-6 a stop while the store is compared ends the comparison', async () => {
  const { world, place, boot } = begin();
  place.mood = 'hangs';
  const process = boot();
  await world.clock.run(process.runtime.ready);
  await world.clock.advance(1_000);
  const fromMs = world.clock.monotonic();
  await world.clock.run(process.runtime.close());
  expect(world.clock.monotonic() - fromMs).toBeLessThan(5_000);
  expect(codes(process)).toEqual([]);
});

test('SE-6 a place that can be read and not written is told of once, and written once it can be', async () => {
  const { world, place, ran, boot } = begin();
  place.mood = 'isReadOnly';
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(300_000);
  expect(ran).toEqual(['one']);
  expect(codes(process)).toEqual(['HF_ANCHOR_UNREACHABLE']);
  expect(process.runtime.getHealthStatus()).toMatchObject({
    anchor: { state: 'unreachable', code: 'HF_ANCHOR_UNREACHABLE' },
  });
  place.heal();
  await world.clock.advance(61_000);
  expect(process.runtime.getHealthStatus()).toMatchObject({
    ...{ anchor: { state: 'kept', code: null }, findings: [] },
  });
});

test('SE-6 a kill at any moment of the first writes is no alarm at the next start', async () => {
  for (let calls = 1; calls <= 12; calls += 1) {
    const { world, place, boot } = begin();
    const process = boot();
    let left = calls;
    const commit = process.store.commit.bind(process.store);
    process.store.commit = async (writes) => {
      left -= 1;
      const results = await commit(writes);
      if (left === 0) process.kill();
      return results;
    };
    void world.clock.run(process.runtime.ready).catch(() => undefined);
    for (let n = 0; n < 4 && !process.isDead(); n += 1) {
      void process.runtime
        .sync({ type: 'payments.push', subject: 'user-1', payload: `${n}` })
        .catch(() => undefined);
      await world.clock.advance(12_000);
    }
    process.kill();
    const next = boot();
    await world.clock.run(next.runtime.ready);
    await world.clock.advance(40_000);
    expect({ calls, codes: codes(next) }).toEqual({ calls, codes: [] });
    expect(next.runtime.getHealthStatus()).toMatchObject({ hold: null, anchor: { state: 'kept' } });
    expect(place.text).not.toBeNull();
  }
});

test('SE-6 a store that was held for another reason is compared once it is let go', async () => {
  const { world, place, ran, boot } = begin();
  const first = boot();
  await pay(world, first, 'one');
  await world.clock.advance(30_000);
  await first.store.commit([
    { kind: 'hold', hold: { reason: 'restored', sinceAtMs: 1, seqMax: 1_000 } },
  ]);
  await world.clock.run(first.runtime.close());
  place.text = later(place.text);

  // The anchor is known at the release: the store is ahead of it from then on.
  const second = boot();
  await pay(world, second, 'two');
  await world.clock.advance(60_000);
  expect(second.runtime.getHealthStatus()).toMatchObject({
    ...{ hold: { reason: 'restored' }, anchor: { state: 'notCompared' } },
  });
  expect(await world.clock.run(second.runtime.release())).toBe(true);
  await world.clock.advance(30_000);
  expect(ran).toEqual(['one', 'two']);
  expect(second.runtime.getHealthStatus()).toMatchObject({ hold: null, anchor: { state: 'kept' } });
  expect(codes(second)).toEqual(['HF_STORE_HELD']);
  await world.clock.run(second.runtime.close());
  const third = boot();
  await world.clock.run(third.runtime.ready);
  await world.clock.advance(31_000);
  expect(codes(third)).toEqual([]);
});

test('SE-6 a store that is let go while its anchor can not be reached runs, and is held again where it is behind', async () => {
  const { world, place, ran, boot } = begin();
  const first = boot();
  await pay(world, first, 'one');
  await world.clock.advance(30_000);
  await first.store.commit([
    { kind: 'hold', hold: { reason: 'restored', sinceAtMs: 1, seqMax: 1_000 } },
  ]);
  await world.clock.run(first.runtime.close());
  place.text = later(place.text);

  place.mood = 'fails';
  const second = boot();
  await pay(world, second, 'two');
  expect(await world.clock.run(second.runtime.release())).toBe(true);
  await world.clock.advance(5_000);
  expect(ran).toEqual(['one', 'two']);
  expect(second.runtime.getHealthStatus()).toMatchObject({
    ...{ hold: null, anchor: { state: 'unreachable' } },
  });
  expect(codes(second)).toEqual(['HF_STORE_HELD', 'HF_ANCHOR_UNREACHABLE']);
  place.heal();
  await world.clock.advance(61_000);
  await pay(world, second, 'three');
  await world.clock.advance(10_000);
  expect(ran).toEqual(['one', 'two']);
  expect(second.runtime.getHealthStatus().hold).toMatchObject({ reason: 'rolledBack' });
  expect(await world.clock.run(second.runtime.release())).toBe(true);
  await world.clock.advance(20_000);
  expect(ran).toEqual(['one', 'two', 'three']);
  expect(second.runtime.getHealthStatus()).toMatchObject({ hold: null, anchor: { state: 'kept' } });
});

test('SE-6 CR-4 crises of before that could not be read while the store was compared are taken up after it', async () => {
  const { world, ran, boot } = begin();
  const hangs = { upstream: 'desk', run: () => new Promise<never>(() => undefined) };
  const first = boot({ handlers: { 'crisis.alert': hangs } });
  await world.clock.run(first.runtime.ready);
  const { durable } = await world.clock.run(
    first.runtime.crisis({ type: 'crisis.alert', subject: 'user-2', payload: 'crisis' }),
  );
  await world.clock.run(durable);
  first.kill();

  const second = boot();
  const inHand = second.store.inHand.bind(second.store);
  let fails = 1;
  second.store.inHand = async (query) => {
    fails -= 1;
    if (fails >= 0) throw new HoldfastError('HF_STORE_CORRUPT', 'As the test wanted.');
    return await inHand(query);
  };
  await world.clock.run(second.runtime.ready);
  await world.clock.advance(60_000);
  expect(ran).toEqual(['crisis']);
});

test('SE-6 what is committed while the place is written again after an outage is in the anchor soon', async () => {
  const { world, place, boot } = begin();
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(30_000);
  place.mood = 'fails';
  await pay(world, process, 'two');
  await world.clock.advance(30_000);
  place.mood = 'hangs';
  await world.clock.advance(60_000);
  await pay(world, process, 'three');
  place.heal();
  await world.clock.advance(90_000);
  const { standing } = await world.disk.compareAnchor({ found: place.text });
  const latest = await world.disk.anchorRecord();
  expect({ standing, text: place.text }).toEqual({ standing: 'agrees', text: latest });
});

test('SE-6 what is committed beside the journal is in the anchor within a minute', async () => {
  const { world, place, boot } = begin();
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(60_000);
  await world.disk.commit([{ kind: 'component', name: 'beside', state: 'written' }]);
  await world.clock.advance(61_000);
  expect(place.text).toBe(await world.disk.anchorRecord());
});

test('SE-6 nothing of a place that hangs outlives the close', async () => {
  const { world, place, boot } = begin();
  const first = boot();
  await pay(world, first, 'one');
  await world.clock.advance(30_000);
  await first.store.commit([
    { kind: 'hold', hold: { reason: 'restored', sinceAtMs: 1, seqMax: 1_000 } },
  ]);
  await world.clock.run(first.runtime.close());
  place.mood = 'hangs';
  const second = boot();
  await world.clock.run(second.runtime.ready);
  const reads = place.reads;
  expect(await world.clock.run(second.runtime.release())).toBe(true);
  await world.clock.run(second.runtime.close());
  expect(place.aborted).toBe(place.reads - reads);
});

test('SE-6 a write that hangs when the runtime stops is given up, and none begins after it', async () => {
  const { world, place, boot } = begin();
  const process = boot();
  await pay(world, process, 'one');
  await world.clock.advance(30_000);
  place.mood = 'hangs';
  await pay(world, process, 'two');
  await world.clock.advance(12_000);
  await world.clock.run(process.runtime.close());
  await world.clock.advance(1);
  const [writes, aborted] = [place.writes, place.aborted];
  await world.clock.advance(60_000);
  expect([place.writes, place.aborted]).toEqual([writes, aborted]);
});
