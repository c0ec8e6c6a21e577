/**
 * Crises whose rows can't be read: each counts as a crisis, and people are told of its id, until one takes it on
 * or it is restored or purged. On virtual time, and with a file that is spoilt.
 *
 * @module
 */

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { UnreadableCrises } from '../../actors/escalation/unreadableCrises.ts';
import { FactStream } from '../../actors/facts/factStream.ts';
import { TimerService } from '../../actors/platform/timerService.ts';
import type { EscalationNotice, Fact } from '../../actors/port.ts';
import { ESCALATION_PACE } from '../../machines/crisis/crisisEscalation.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import type { EscalationStepOptions } from '../../src/crisis/escalationOptions.ts';
import { createRuntime, type Runtime, rawKey } from '../../src/index.ts';
import { managementAtRest } from '../../src/management/atRest.ts';
import { crises as crisesOf } from '../../src/management/crises.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const NURSE = { id: 'nurse-7', role: 'nurse' };
const MINUTE_MS = 60_000;

interface Outside {
  readonly notices: EscalationNotice[];
  readonly facts: Fact[];
  /** Steps that can't be told now. */
  readonly deaf: Set<string>;
}

function outside(): Outside {
  return { notices: [], facts: [], deaf: new Set() };
}

function chainOf({ notices, deaf }: Outside): readonly EscalationStepOptions[] {
  return ['on-call', 'clinician'].map((name) => ({
    name,
    notify: (notice) => {
      notices.push(notice);
      if (deaf.has(name)) throw transientFailure('Away.');
    },
  }));
}

function boot(world: World, its: Outside, more: object = {}): Process {
  const run = () => {
    throw transientFailure('Down.');
  };
  const process = world.boot({
    crisis: { escalation: chainOf(its), ...more },
    handlers: { 'crisis.alert': { upstream: 'default', run } },
  });
  process.runtime.subscribe((fact) => {
    if (fact.kind === 'crisis.unreadable') its.facts.push(fact);
  });
  return process;
}

const DAMAGE = [/"machine":"crisis"/, '"machine":"parcel"'] as const;

/** A world in which so many people have called and the rows of their crises were spoilt; nothing runs. */
async function spoilt(count = 1, as: readonly [from: RegExp, to: string] = DAMAGE) {
  const its = outside();
  const world = createWorld();
  const { clock } = world;
  const first = boot(world, its);
  first.store.faults.rewrite = (write) =>
    'state' in write && typeof write.state === 'string'
      ? { ...write, state: write.state.replace(...as) }
      : write;
  await clock.run(first.runtime.ready);
  const acceptedAtMs = clock.now();
  const ids: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const { operationId, durable } = await first.runtime.crisis({ subject: `user-${at}` });
    await clock.run(durable);
    ids.push(operationId ?? '');
  }
  first.kill();
  await clock.advance(MINUTE_MS);
  const start = async () => {
    const process = boot(world, its);
    await clock.run(process.runtime.ready);
    await clock.advance(5_000);
    return process;
  };
  its.notices.length = 0;
  return { world, clock, its, ids, acceptedAtMs, start };
}

const told = ({ notices }: Outside): readonly string[] =>
  notices.map(({ step, count }) => `${step} ${count}`);

describe('CR-4 a crisis that can’t be read', () => {
  test('CR-4 PS-6 is found once the disk answers, where it is set aside while that fails', async () => {
    const { clock } = createWorld();
    const ignored = () => undefined;
    const errors: unknown[] = [];
    let answers = 0;
    const unreadable = new UnreadableCrises({
      ...{ clock, random: seededRandom(1), chain: [], pace: ESCALATION_PACE },
      ...{ timers: new TimerService(clock, ignored), facts: new FactStream(clock) },
      ...{ busy: { begin: ignored, end: ignored }, keep: ignored, isInMemory: () => false },
      crisisType: 'crisis.alert',
      onError: (error) => errors.push(error),
      store: {
        quarantine: () => {
          answers += 1;
          if (answers < 3) return Promise.reject(new Error('The disk failed.'));
          const row = { seq: 7, id: 'c-7', revision: 1, urgency: 0, code: 'HF_RECORD_MALFORMED' };
          const opened = { stood: null, setAsideAtMs: null, state: null, opensNot: null };
          return Promise.resolve([{ ...row, ...opened }]);
        },
      },
    });
    unreadable.quarantined(7);
    await clock.advance(MINUTE_MS);
    expect([unreadable.counts.count, errors.length]).toEqual([1, 1]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'CR-4 PS-6 is found though the disk fails to answer question %i of the start',
    async (failing) => {
      const { world, clock, its } = await spoilt(2);
      for (const start of ['first', 'second']) {
        const { runtime, store, kill } = boot(world, its);
        let asked = 0;
        store.faults.readFails = () => {
          asked += 1;
          return asked === failing;
        };
        await clock.run(runtime.ready);
        await clock.advance(MINUTE_MS);
        expect([start, runtime.getHealthStatus().crises.unreadable.count]).toEqual([start, 2]);
        kill();
      }
    },
  );

  test('CR-4 is critical in health, told as a fact and an error, and listed', async () => {
    const { clock, its, ids, acceptedAtMs, start } = await spoilt(2);
    const { runtime, errors } = await start();
    const { overall, crises, reasons } = runtime.getHealthStatus();
    expect(overall).toBe('critical');
    expect(crises.unreadable).toEqual({
      ...{ count: 2, setAside: 2, unacknowledged: 2, sinceAtMs: acceptedAtMs },
    });
    expect(reasons).toContainEqual(
      expect.stringMatching(/^2 crises can't be read .*they may not have been delivered/),
    );
    expect(reasons.filter((reason) => reason.includes('quarantined'))).toEqual([]);
    expect(its.facts).toMatchObject(
      ids.map((operationId) => ({ kind: 'crisis.unreadable', operationId })),
    );
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'HF_CRISIS_ESCALATED',
        message: expect.stringContaining(`Crisis ${ids[0]} can't be read`),
      }),
    );
    const listed = await clock.run(runtime.crises.list({ unacknowledged: true }));
    expect(listed).toMatchObject(
      ids.map((id) => ({
        ...{ id, subject: null, delivery: 'unreadable', cause: 'unreadable' },
        decisions: [],
      })),
    );
    expect(await clock.run(runtime.crises.show(ids[0] ?? ''))).toEqual(listed[0]);
  });

  test('CR-4 CR-5 people are told of its id through the chain, many as one digest, nothing of a person', async () => {
    const { clock, its, ids, start } = await spoilt(30);
    await start();
    expect(told(its)).toEqual(['on-call 30']);
    expect(its.notices[0]).toMatchObject({
      ...{ cause: 'unreadable', subject: null, operationId: ids[0], operationIds: ids },
      ...{ subjects: [], again: false },
    });
    await clock.advance(5 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 30', 'clinician 30']);
    // Nobody has taken them on.
    await clock.advance(36 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 30', 'clinician 30', 'on-call 30']);
    expect(its.notices[2]?.again).toBe(true);
    expect(JSON.stringify(its.notices)).not.toContain('user-');
  });

  test('CR-5 a step that is away makes way at once, and is told once it is back', async () => {
    const { clock, its, start } = await spoilt();
    its.deaf.add('on-call');
    await start();
    expect(told(its)).toEqual(['on-call 1', 'clinician 1']);
    await clock.advance(2 * MINUTE_MS);
    const before = its.notices.length;
    expect(before).toBeGreaterThan(3);
    its.deaf.clear();
    await clock.advance(MINUTE_MS);
    expect(its.notices.length).toBe(before + 1);
    await clock.advance(5 * MINUTE_MS);
    expect(its.notices.length).toBe(before + 1);
  });

  test('CR-4 CR-5 taken on, nobody else is told, over a restart too, and health stays degraded', async () => {
    const { clock, its, ids, start } = await spoilt();
    const first = await start();
    const id = ids[0] ?? '';
    const note = 'card 4111 1111 1111 1111';
    const taken = await clock.run(first.runtime.crises.acknowledge(id, { by: NURSE, note }));
    expect(taken.crisis).toMatchObject({ id, decisions: [{ what: 'acknowledged', by: NURSE }] });
    expect(JSON.stringify(taken)).not.toContain('4111 1111');
    await clock.advance(10 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1']);
    expect(first.runtime.getHealthStatus()).toMatchObject({
      overall: 'degraded',
      crises: { unreadable: { count: 1, unacknowledged: 0 } },
    });
    first.kill();
    const second = await start();
    await clock.advance(10 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1']);
    expect(await clock.run(second.runtime.crises.show(id))).toMatchObject({
      decisions: [{ by: NURSE }],
    });
    await expect(
      clock.run(second.runtime.crises.callOff(id, { by: NURSE, reason: 'Safe.' })),
    ).rejects.toMatchObject({ code: 'HF_QUARANTINED' });
  });

  test('CR-5 taken on is for a time: given back, or lapsed, people are told again', async () => {
    const { clock, its, ids, start } = await spoilt();
    const { runtime } = await start();
    const id = ids[0] ?? '';
    await clock.run(runtime.crises.acknowledge(id, { by: NURSE, forMs: 10 * MINUTE_MS }));
    await clock.advance(9 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1']);
    await clock.advance(2 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1', 'on-call 1']);
    expect(await clock.run(runtime.crises.show(id))).toMatchObject({
      ...{ takenOn: null, steps: [{ name: 'on-call', outcome: 'told' }] },
      decisions: [{ by: NURSE }],
    });
    await clock.run(runtime.crises.acknowledge(id, { by: NURSE }));
    await clock.run(runtime.crises.release(id, { by: NURSE }));
    await clock.advance(MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1', 'on-call 1', 'on-call 1']);
    expect(runtime.getHealthStatus().overall).toBe('critical');
  });

  test('CR-5 taken on is for no longer over a restart under a clock that was set back', async () => {
    const { clock, its, ids, start } = await spoilt();
    const first = await start();
    const forMs = 10 * MINUTE_MS;
    await clock.run(first.runtime.crises.acknowledge(ids[0] ?? '', { by: NURSE, forMs }));
    await clock.advance(MINUTE_MS);
    first.kill();
    clock.setWall(-84 * 24 * 60 * MINUTE_MS);
    await start();
    await clock.advance(11 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1', 'on-call 1']);
  });

  test('CR-4 CR-5 not taken on, it is told of again after a restart under the same key', async () => {
    const { its, start } = await spoilt(2);
    const first = await start();
    first.kill();
    await start();
    expect(told(its)).toEqual(['on-call 2', 'on-call 2']);
    expect(new Set(its.notices.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  test('CR-4 purged by a person, it counts no more', async () => {
    const { clock, its, ids, start } = await spoilt();
    const { runtime } = await start();
    await clock.run(runtime.quarantine.purge(ids[0] ?? ''));
    await clock.advance(10 * MINUTE_MS);
    expect(told(its)).toEqual(['on-call 1']);
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'healthy',
      crises: { unreadable: { count: 0, sinceAtMs: null } },
    });
    expect(await clock.run(runtime.crises.list())).toEqual([]);
  });

  test('CR-4 PS-3 one that a later version wrote is one, too: nobody here delivers it', async () => {
    const later = [
      /"machine":"crisis","version":"\d+"/,
      '"machine":"crisis","version":"99"',
    ] as const;
    const { clock, its, ids, start } = await spoilt(1, later);
    const { runtime } = await start();
    expect(runtime.getHealthStatus()).toMatchObject({
      overall: 'critical',
      crises: { unreadable: { count: 1, setAside: 0 } },
    });
    expect(its.notices).toMatchObject([{ failure: 'HF_RECORD_NEWER', operationIds: ids }]);
    expect(await clock.run(runtime.crises.list())).toMatchObject([{ delivery: 'unreadable' }]);
  });

  test('CR-4 at rest they are listed, too, and nobody takes one on where nothing would keep it', async () => {
    const { world, ids } = await spoilt(2);
    const { disk: store, clock } = world;
    const parts = { store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };
    const rest = crisesOf(managementAtRest(parts));
    expect((await rest.list()).map(({ id, delivery }) => [id, delivery])).toEqual(
      ids.map((id) => [id, 'unreadable']),
    );
    await expect(rest.acknowledge(ids[0] ?? '', { by: NURSE })).rejects.toMatchObject({
      code: 'HF_QUARANTINED',
      message: expect.stringContaining('quarantine retry'),
    });
  });

  test('CR-4 reversed: an operation that can’t be read is none, nor is a crisis that goes on in memory', async () => {
    const world = createWorld();
    const { clock } = world;
    const its = outside();
    const { runtime, store } = boot(world, its);
    await clock.run(runtime.ready);
    await clock.run(runtime.handle('notes.push', { upstream: 'default', run: () => null }));
    store.faults.rewrite = (write) =>
      write.kind === 'accept' && write.urgency > 0
        ? { ...write, state: write.state.replace('"syncOperation"', '"parcel"') }
        : write;
    const crisis = await runtime.crisis({ subject: 'anna' });
    await clock.run(crisis.durable);
    expect(runtime.getHealthStatus().crises.unreadable.count).toBe(0);
  });
});

/** A process whose upstream of crises is down, unless it is up. */
async function onFile(store: string, its: Outside, isUp = false): Promise<Runtime> {
  const runtime = createRuntime({
    store,
    key: rawKey(Buffer.alloc(32, 1)),
    crisis: { escalation: chainOf(its) },
    onError: () => undefined,
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: () => {
          if (!isUp) throw transientFailure('Down.');
          return null;
        },
      },
    },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  return runtime;
}

/** Spoils each row of a store, or undoes that. */
function turn(store: string): void {
  const db = new Database(join(store, 'data.db'));
  const rows = db.prepare<[], { seq: number; state: Buffer }>('SELECT seq, state FROM operation');
  const put = db.prepare('UPDATE operation SET state = ? WHERE seq = ?');
  for (const { seq, state } of rows.all()) {
    state[40] = (state[40] ?? 0) ^ 1;
    put.run(state, seq);
  }
  db.close();
}

test('CR-4 PS-3 reversed: one that was delivered by what stands in the clear is none, now nor after a restart', async () => {
  const store = join(tempFolder(), 'store');
  const its = outside();
  const first = await onFile(store, its, true);
  const { operationId, delivery } = await first.crisis({ subject: 'user-1' });
  await delivery;
  await first.close();
  turn(store);
  for (const _ of [1, 2]) {
    const runtime = await onFile(store, its);
    await expect(runtime.operations.get(operationId ?? '').view()).rejects.toMatchObject({
      code: 'HF_QUARANTINED',
    });
    // It is looked for after the start, and once more when it is quarantined.
    for (let looks = 0; looks < 20; looks += 1) await runtime.quarantine.show(operationId ?? '');
    const { crises, waiting } = runtime.getHealthStatus();
    expect([waiting.quarantined, crises.unreadable.count]).toEqual([1, 0]);
    await runtime.close();
  }
});

test('CR-4 PS-3 six crises of which the rows were spoilt on disk are six crises after the restart, until they are restored', async () => {
  const store = join(tempFolder(), 'store');
  const its = outside();
  const first = await onFile(store, its);
  const ids: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    const { operationId, durable } = await first.crisis({ subject: `user-${at}` });
    await durable;
    ids.push(operationId ?? '');
  }
  await first.close();
  turn(store);
  its.notices.length = 0;
  const second = await onFile(store, its);
  await vi.waitUntil(() => its.notices.length > 0, { timeout: 30_000 });
  expect(its.notices[0]).toMatchObject({ cause: 'unreadable', count: 6, operationIds: ids });
  const { overall, crises } = second.getHealthStatus();
  expect([overall, crises.unreadable.count]).toEqual(['critical', 6]);
  expect((await second.crises.list()).map(({ id, delivery }) => `${id} ${delivery}`)).toEqual(
    ids.map((id) => `${id} unreadable`),
  );
  await second.close();
  turn(store);
  const third = await onFile(store, its);
  for (const id of ids) await third.quarantine.retry(id);
  expect(third.getHealthStatus().crises.unreadable.count).toBe(0);
  const back = await third.crises.list();
  expect(back.map(({ subject }) => subject)).toEqual(ids.map((_, at) => `user-${at}`));
});
