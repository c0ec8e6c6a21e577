import { describe, expect, test, vi } from 'vitest';
import { Journal } from '../../actors/journal/journal.ts';
import type { Handler } from '../../actors/operation/handler.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { permanentFailure, transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { upstreamKey } from '../../src/upstreamKey.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const REQUEST: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };
const CRISIS = { subject: 'user-42', type: 'payments.push' };

interface Scene {
  readonly world: World;
  readonly process: Process;
  /** Keys of the attempts, in order. */
  readonly ran: string[];
  /** The disk answers nothing for so long; what it was given becomes durable after that. */
  readonly hang: (ms: number) => void;
}

async function started(options: Partial<RuntimeOptions> = {}): Promise<Scene> {
  const world = createWorld();
  const ran: string[] = [];
  const run: Handler['run'] = ({ idempotencyKey }) => {
    ran.push(idempotencyKey);
    return null;
  };
  const process = world.boot({
    handlers: { 'payments.push': { upstream: 'default', run } },
    crisis: { type: 'payments.push' },
    ...options,
  });
  await world.clock.run(process.runtime.ready);
  let answersAtMs = 0;
  process.store.faults.delayMs = () => Math.max(0, answersAtMs - world.clock.monotonic());
  const hang = (ms: number): void => {
    answersAtMs = world.clock.monotonic() + ms;
  };
  return { world, process, ran, hang };
}

/** How a promise ended: `resolved`, the code of its error, or `pending`. */
function fate(promise: Promise<unknown>): { said: string; mayBeStored: boolean } {
  const ended = { said: 'pending', mayBeStored: false };
  promise.then(
    () => {
      ended.said = 'resolved';
    },
    (error: unknown) => {
      ended.said = isHoldfastError(error) ? error.code : 'unexpected';
      ended.mayBeStored = isHoldfastError(error) && error.mayBeStored;
    },
  );
  return ended;
}

describe('PS-6 OP-6 a disk that hangs', () => {
  test('PS-6 PF-1 is not measured as the latency of the upstream', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    const { outcome } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(outcome);
    const { timeoutMs } = runtime.upstream('default').flow;
    for (let count = 0; count < 5; count += 1) {
      hang(950);
      const late = await world.clock.run(runtime.sync(REQUEST));
      expect((await world.clock.run(late.outcome)).status).toBe('completed');
    }
    expect(runtime.upstream('default').flow.timeoutMs).toBe(timeoutMs);
  });

  test('PS-6 HM-1 is said where nothing but what was kept long enough is to be purged', async () => {
    const { world, process, hang } = await started();
    const health = () => process.runtime.getHealthStatus();
    hang(60_000);
    await world.clock.advance(30_000);
    expect(health()).toMatchObject({ overall: 'critical', storage: { state: 'hanging' } });
    await world.clock.advance(40_000);
    expect(health()).toMatchObject({ overall: 'healthy', storage: { state: 'well' } });
  });

  test('PS-6 HM-1 DG-1 is said, and is over with its first answer', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    const states: string[] = [];
    runtime.subscribe((fact) => {
      if (fact.kind === 'storage.changed') states.push(fact.to);
    });
    hang(20_000);
    const first = fate(runtime.sync({ ...REQUEST, tier: 'trial' }));
    await world.clock.advance(4_999);
    expect(runtime.getHealthStatus().storage.state).toBe('slow');
    await world.clock.advance(1);
    const ill = runtime.getHealthStatus();
    expect(ill).toMatchObject({
      overall: 'critical',
      level: 'offline',
      storage: { state: 'hanging' },
      components: { storage: 'critical' },
    });
    expect(ill.reasons.join()).toContain('HF_STORE_HANGING');
    // It was given to the disk.
    expect(first).toEqual({ said: 'HF_STORE_STALLED', mayBeStored: true });
    const told = process.errors.filter((error) => isHoldfastError(error));
    expect(told).toMatchObject([{ code: 'HF_ALERT' }, { code: 'HF_STORE_HANGING' }]);
    await world.clock.advance(15_000);
    await world.clock.advance(5_000);
    expect(states).toEqual(['slow', 'hanging', 'slow', 'well']);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'healthy', level: 'normal' });
  });

  /** 100 requests a second for a minute, each with its own key; what became of them. */
  async function minute(scene: Scene): Promise<{
    readonly inMemoryMax: number;
    readonly fates: ReadonlyMap<string, ReturnType<typeof fate>>;
  }> {
    const { world, process, hang } = scene;
    const fates = new Map<string, ReturnType<typeof fate>>();
    let inMemoryMax = 0;
    hang(60_000);
    for (let number = 0; number < 6_000; number += 1) {
      const idempotencyKey = `key-${number}`;
      fates.set(
        upstreamKey({ ...REQUEST, idempotencyKey }),
        fate(process.runtime.sync({ ...REQUEST, idempotencyKey })),
      );
      await world.clock.advance(10);
      const { inMemory } = process.runtime.getHealthStatus().operations;
      inMemoryMax = Math.max(inMemoryMax, inMemory);
    }
    await world.clock.advance(60_000);
    return { inMemoryMax, fates };
  }

  /** Keys at the upstream of requests that were refused with nothing stored. */
  function refused(fates: ReadonlyMap<string, ReturnType<typeof fate>>): ReadonlySet<string> {
    return new Set(
      [...fates]
        .filter(([, { said, mayBeStored }]) => said !== 'resolved' && !mayBeStored)
        .map(([key]) => key),
    );
  }

  test('PS-6 OP-6 takes no more into memory than it was told to, and runs nothing that it refused', async () => {
    const scene = await started({ residentsMax: 100 });
    const { inMemoryMax, fates } = await minute(scene);
    expect(inMemoryMax).toBeLessThanOrEqual(201);
    const said = [...fates.values()].map((each) => each.said);
    expect(new Set(said)).toEqual(new Set(['HF_STORE_STALLED', 'HF_STORE_HANGING']));
    const notStored = refused(fates);
    expect(notStored.size).toBeGreaterThan(5_800);
    const ran = new Set(scene.ran);
    expect([...notStored].filter((key) => ran.has(key))).toEqual([]);
    // The one answer that may run, and does.
    const stalled = [...fates].filter(([, each]) => each.said === 'HF_STORE_STALLED');
    expect(stalled.map(([key]) => key).toSorted()).toEqual([...ran].toSorted());
    expect(scene.process.runtime.getHealthStatus().operations.inMemory).toBe(0);
  });

  test('PS-6 control: what was refused and left in the queue is caught', async () => {
    vi.spyOn(Journal.prototype, 'takeBack').mockImplementation((pending, error) => {
      pending.entry.onFailed?.(error);
      return true;
    });
    // Actors of what it refused are told of their writes.
    vi.spyOn(console, 'warn').mockReturnValue();
    const scene = await started({ residentsMax: 100 });
    const { fates } = await minute(scene);
    vi.restoreAllMocks();
    const notStored = refused(fates);
    const { views } = await scene.world.clock.run(
      scene.process.runtime.operations.page({ limit: 1_000 }),
    );
    const stalled = [...fates.values()].filter(({ said }) => said === 'HF_STORE_STALLED');
    expect(notStored.size).toBeGreaterThan(0);
    expect(views.length).toBeGreaterThan(stalled.length);
  });

  test('PS-6 CR-4 crises are answered, delivered and kept until the disk answers', async () => {
    const { world, process, ran, hang } = await started();
    hang(30_000);
    fate(process.runtime.sync(REQUEST));
    await world.clock.advance(10_000);
    const answer = await process.runtime.crisis(CRISIS);
    const durable = fate(answer.durable);
    expect(await world.clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    expect(ran).toEqual([answer.operationId]);
    expect(durable.said).toBe('pending');
    await world.clock.advance(30_000);
    expect(durable.said).toBe('resolved');
  });

  test('OP-6 CR-4 crises beyond what may be kept are delivered, and it is said that they are not kept', async () => {
    const { world, process, ran, hang } = await started({ residentsMax: 1 });
    const unkept: string[] = [];
    process.runtime.subscribe((fact) => {
      if (fact.kind === 'crisis.unkept') unkept.push(fact.operationId);
    });
    hang(30_000);
    fate(process.runtime.sync(REQUEST));
    await world.clock.advance(10_000);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => process.runtime.crisis(CRISIS)),
    );
    const durable = answers.map((each) => fate(each.durable));
    for (const { delivery } of answers) {
      expect(await world.clock.run(delivery)).toMatchObject({ status: 'completed' });
    }
    expect(ran).toHaveLength(30);
    expect(process.runtime.getHealthStatus().operations.inMemory).toBe(10);
    expect(process.runtime.getHealthStatus().reasons.join()).toContain(
      '21 crises delivered and not kept',
    );
    await world.clock.advance(40_000);
    expect(durable.filter(({ said }) => said === 'HF_STORE_HANGING')).toHaveLength(21);
    expect(durable.filter(({ said }) => said === 'resolved')).toHaveLength(9);
    expect(unkept).toHaveLength(21);
    expect(process.runtime.getHealthStatus().operations.inMemory).toBe(0);
  });

  test('OP-6 few large requests are bounded as many small ones are', async () => {
    const { world, process, hang } = await started({ unwrittenBytesMax: 100_000 });
    hang(30_000);
    fate(process.runtime.sync(REQUEST));
    await world.clock.advance(1_500);
    expect(process.runtime.getHealthStatus().storage.state).toBe('slow');
    const payload = { text: 'x'.repeat(9_000) };
    const fates = Array.from({ length: 20 }, () =>
      fate(process.runtime.sync({ ...REQUEST, payload })),
    );
    await world.clock.advance(0);
    const sentAway = fates.filter(({ said }) => said === 'HF_STORE_HANGING');
    // Each takes 18,000 bytes and some: the sixth is the last that may.
    expect(sentAway).toHaveLength(14);
    expect(process.runtime.getHealthStatus().operations.inMemory).toBe(7);
    await world.clock.advance(60_000);
    // Room that was waited in is free again.
    hang(30_000);
    fate(process.runtime.sync(REQUEST));
    await world.clock.advance(1_500);
    const again = fate(process.runtime.sync({ ...REQUEST, payload }));
    await world.clock.advance(0);
    expect(again.said).toBe('pending');
  });

  test.each(['hangs', 'fails'])(
    'OP-6 CR-4 what crises write while the disk %s grows with their number and not with time',
    async (how) => {
      const written = vi.spyOn(Journal.prototype, 'write');
      const { world, process, hang } = await started({
        handlers: {
          'payments.push': {
            upstream: 'default',
            run: () => {
              throw transientFailure('Down.', { status: 503 });
            },
          },
        },
      });
      if (how === 'hangs') hang(4 * 3_600_000);
      else process.store.faults.fate = () => 'failsUnwritten';
      fate(process.runtime.sync(REQUEST));
      await world.clock.advance(10_000);
      const { length: before } = written.mock.calls;
      for (let number = 0; number < 10; number += 1) await process.runtime.crisis(CRISIS);
      await world.clock.advance(3_600_000);
      const { length: after } = written.mock.calls;
      expect(after - before).toBeLessThan(10 * 5);
      vi.restoreAllMocks();
      process.store.faults.fate = () => 'works';
      await world.clock.advance(3 * 3_600_000 + 60_000);
      expect(process.runtime.getHealthStatus().storage.state).toBe('well');
      const { views } = await world.clock.run(process.runtime.operations.page({ limit: 100 }));
      const crises = views.filter(({ priority }) => priority === 'crisis');
      expect(crises).toHaveLength(10);
      for (const { attempt } of crises) expect(attempt).toBeGreaterThan(100);
      expect(process.errors.filter((error) => !isHoldfastError(error))).toEqual([]);
    },
  );

  test('CR-3 PS-6 a plan that is deleted while the disk hangs is in no answer once that is written', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    const resources = [{ kind: 'contact', name: 'Sam', phone: '1' }] as const;
    await world.clock.run(runtime.crisisPlans.put('user-1', { resources }));
    expect((await world.clock.run(runtime.crisis({ subject: 'user-1' }))).plan).toBe('included');
    hang(30_000);
    const deleted = fate(runtime.crisisPlans.delete('user-1'));
    await world.clock.advance(20_000);
    expect(deleted).toEqual({ said: 'HF_STORE_HANGING', mayBeStored: true });
    await world.clock.advance(30_000);
    expect(await world.clock.run(runtime.crisisPlans.get('user-1'))).toBeNull();
    expect((await world.clock.run(runtime.crisis({ subject: 'user-1' }))).plan).toBe('none');
  });

  test('OP-6 few wait for a disk that is not read either, and nobody comes behind them', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    const untilMs = world.clock.monotonic() + 600_000;
    hang(600_000);
    fate(runtime.sync(REQUEST));
    let reads = 0;
    const { store } = process;
    store.beside.search = async (query) => {
      reads += 1;
      await new Promise<void>((resolve) => {
        world.clock.schedule(Math.max(0, untilMs - world.clock.monotonic()), resolve);
      });
      return await store.search(query);
    };
    await world.clock.advance(10_000);
    const pages: ReturnType<typeof fate>[] = [];
    for (let asked = 0; asked < 100; asked += 1) {
      pages.push(fate(runtime.operations.page()));
      await world.clock.advance(1_000);
    }
    expect(new Set(pages.slice(0, -5).map(({ said }) => said))).toEqual(
      new Set(['HF_STORE_HANGING']),
    );
    expect(reads).toBe(1);
    await world.clock.advance(600_000);
    expect(reads).toBeLessThan(20);
    expect(await world.clock.run(runtime.operations.page())).toMatchObject({ views: [{}] });
  });

  test('OP-6 nobody who asks waits for it: views and lists are read, orders are refused', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    const done = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(1_000);
    hang(30_000);
    fate(runtime.sync(REQUEST));
    await world.clock.advance(10_000);
    const orders = [done.cancel(), runtime.sync(REQUEST)].map(fate);
    const shown = [done.view(), runtime.operations.page()].map(fate);
    await world.clock.advance(0);
    expect(orders.map(({ said }) => said)).toEqual(Array(2).fill('HF_STORE_HANGING'));
    expect(shown.map(({ said }) => said)).toEqual(Array(2).fill('resolved'));
    await world.clock.advance(30_000);
    expect(await world.clock.run(done.view())).toMatchObject({ state: 'completed' });
  });

  test('OP-6 a bulk waits, and goes on where it was', async () => {
    const { world, process, ran, hang } = await started();
    hang(30_000);
    fate(process.runtime.sync(REQUEST));
    await world.clock.advance(3_000);
    const bulk = process.runtime.syncAll(Array.from({ length: 50 }, () => REQUEST));
    const ended = fate(bulk);
    await world.clock.advance(20_000);
    expect(ended.said).toBe('pending');
    await world.clock.advance(60_000);
    expect(await bulk).toMatchObject({ accepted: 50, refused: 0 });
    expect(ran).toHaveLength(51);
  });

  test("SV-4 PS-6 close() ends within its deadline and the disk's, and the next start goes on", async () => {
    const scene = await started();
    const { world, process, hang } = scene;
    hang(3_600_000);
    const stalled = fate(process.runtime.sync(REQUEST));
    await world.clock.advance(10_000);
    const atMs = world.clock.monotonic();
    const closed = fate(process.runtime.close({ deadlineMs: 1_000 }));
    while (closed.said === 'pending') await world.clock.advance(100);
    expect(world.clock.monotonic() - atMs).toBeLessThanOrEqual(6_200);
    expect(stalled.said).toBe('HF_STORE_STALLED');
  });

  test('PS-6 a disk that fails after it hung is repeated to, as after any failure', async () => {
    const { world, process, ran, hang } = await started();
    const { runtime, store } = process;
    hang(10_000);
    store.faults.fate = () => 'failsUnwritten';
    const first = fate(runtime.sync({ ...REQUEST, tier: 'trial', idempotencyKey: 'first' }));
    await world.clock.advance(6_000);
    const crisis = await runtime.crisis(CRISIS);
    const durable = fate(crisis.durable);
    await world.clock.advance(6_000);
    expect(runtime.getHealthStatus().storage.state).toBe('failing');
    store.faults.fate = () => 'works';
    await world.clock.advance(30_000);
    expect(runtime.getHealthStatus().storage.state).toBe('well');
    expect(first.said).toBe('HF_STORE_STALLED');
    expect(durable.said).toBe('resolved');
    expect(ran).toEqual([crisis.operationId]);
  });
});

async function firstOf(list: AsyncIterable<unknown>): Promise<unknown> {
  return (await list[Symbol.asyncIterator]().next()).value;
}

describe('PS-6 SV-2 what an app or a person asks for settles while the disk hangs', () => {
  const ASKED: Readonly<Record<string, (runtime: Runtime, id: string) => Promise<unknown>>> = {
    'deadLetters.replay': (runtime, id) => runtime.deadLetters.replay(id),
    'deadLetters.purge': (runtime, id) => runtime.deadLetters.purge(id),
    'crisisPlans.delete': (runtime) => runtime.crisisPlans.delete('user-42'),
    'entities.get': (runtime) => runtime.entities.get({ type: 'note', id: 'n-1' }),
    'entities.forget': (runtime) => runtime.entities.forget({ type: 'note', id: 'n-1' }),
    cancel: (runtime, id) => runtime.operations.get(id).cancel(),
  };
  const SHOWN: typeof ASKED = {
    'deadLetters.list': (runtime) => firstOf(runtime.deadLetters.list()),
    'quarantine.list': (runtime) => firstOf(runtime.quarantine.list()),
    'conflicts.list': (runtime) => firstOf(runtime.conflicts.list()),
    'crisisPlans.get': (runtime) => runtime.crisisPlans.get('user-42'),
    'operations.page': (runtime) => runtime.operations.page(),
    'operations.count': (runtime) => runtime.operations.count(),
    view: (runtime, id) => runtime.operations.get(id).view(),
    outcome: (runtime, id) => runtime.operations.get(id).outcome,
  };
  const isRefused = 'HF_STORE_HANGING';
  const CASES = [
    ...Object.entries(ASKED).map(([name, ask]) => ({ name, ask, disk: 'hangs', said: isRefused })),
    ...Object.entries(SHOWN).flatMap(([name, ask]) => [
      { name, ask, disk: 'syncs nothing, and is read,', said: 'resolved' },
      { name, ask, disk: 'is not read either', said: name === 'outcome' ? 'pending' : isRefused },
    ]),
  ];

  for (const { name, ask, disk, said } of CASES) {
    test(`PS-6 ${name} while the disk ${disk}: ${said}, asked before that is known and after`, async () => {
      const { world, process, hang } = await started({
        handlers: {
          'payments.push': {
            upstream: 'default',
            run: () => {
              throw permanentFailure('no');
            },
          },
        },
      });
      const { runtime } = process;
      const letter = await world.clock.run(runtime.sync(REQUEST));
      await world.clock.run(letter.outcome);
      hang(60_000);
      const untilMs = world.clock.monotonic() + 60_000;
      process.store.faults.looksHang = () => {
        const leftMs = disk === 'is not read either' ? untilMs - world.clock.monotonic() : 0;
        if (leftMs <= 0) return null;
        return new Promise((resolve) => world.clock.schedule(leftMs, resolve));
      };
      // The disk is silent before anybody has noticed.
      process.store.commit([]).catch(() => undefined);
      const before = fate(ask(runtime, letter.id));
      await world.clock.advance(10_000);
      expect(before.said).toBe(said);
      const after = fate(ask(runtime, letter.id));
      await world.clock.advance(10_000);
      expect(after.said).toBe(said);
      await world.clock.advance(60_000);
      expect(runtime.getHealthStatus().storage.state).toBe('well');
      await world.clock.run(runtime.close());
    });
  }

  test('PS-6 control: one that is slow and answers is waited for', async () => {
    const { world, process, hang } = await started();
    const { runtime } = process;
    hang(4_000);
    process.store.commit([]).catch(() => undefined);
    const counted = fate(runtime.entities.get({ type: 'note', id: 'n-1' }));
    await world.clock.advance(3_999);
    expect(counted.said).toBe('pending');
    await world.clock.advance(10);
    expect(counted.said).toBe('resolved');
    await world.clock.run(runtime.close());
  });
});
