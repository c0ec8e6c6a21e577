/**
 * Clocks that are wrong by years, on real runtimes over HTTP: what was removed stays removed, and what has arrived is
 * known to have.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createRuntime, httpHandler, type Runtime } from '../../src/index.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';

const DAY_MS = 86_400_000;
const ENTITY = { type: 'crisis_plan', id: 'p1' };
const mom = { id: 'mom', name: 'Mom', phones: ['+49 30 1111111'] };
const ex = { id: 'ex', name: 'Ex', phones: ['+49 30 2222222'] };

interface Skewed extends Clock {
  skewMs: number;
}

function skewed(skewMs: number): Skewed {
  return {
    skewMs,
    now(): number {
      return Math.max(0, systemClock.now() + this.skewMs);
    },
    monotonic: () => systemClock.monotonic(),
    schedule: (delayMs, wake) => systemClock.schedule(delayMs, wake),
    defer: (go) => {
      systemClock.defer(go);
    },
  };
}

let server: RecordServer;
const open: Runtime[] = [];

beforeEach(async () => {
  server = await startRecordServer({ honoursKeys: false });
});

afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.close({ deadlineMs: 0 });
  await server.close();
});

function device(name: string, clock: Clock, fetch = globalThis.fetch): Runtime {
  const run = httpHandler({
    fetch,
    baseUrl: server.url,
    method: 'PUT',
    path: 'plans/{entity.id}',
    metaField: 'holdfast',
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: name,
    clock,
    upstreams: { records: { retry: { initialDelayMs: 10, delayMsMax: 50 } } },
    handlers: { 'plans.put': { upstream: 'records', run, conflicts: true } },
    onError: () => undefined,
  });
  open.push(runtime);
  return runtime;
}

async function edit(runtime: Runtime, change: (plan: Plan) => Plan, removes?: string, at?: number) {
  const known = await runtime.entities.get(ENTITY);
  const removal = { path: `/emergencyContacts/${removes}`, confirmed: true, by: 'user-42' };
  const operation = await runtime.sync({
    type: 'plans.put',
    subject: 'user-42',
    entity: ENTITY,
    payload: change((known?.value ?? {}) as Plan),
    ...(known === null ? {} : { base: known.base }),
    ...(removes === undefined
      ? {}
      : { removals: [{ ...removal, ...(at === undefined ? {} : { at }) }] }),
  });
  return (await operation.outcome).status;
}

/** Takes what the upstream holds now. */
async function pull(runtime: Runtime): Promise<void> {
  const held = server.get('/plans/p1');
  const { holdfast: meta, ...value } = (held?.value ?? {}) as { readonly [name: string]: Json };
  await runtime.remoteChange({
    entity: ENTITY,
    subject: 'user-42',
    value,
    version: held?.version ?? null,
    meta,
  });
}

type Plan = {
  readonly emergencyContacts?: (typeof mom)[];
  readonly note?: string;
};

function names(): readonly string[] {
  const { emergencyContacts = [] } = (server.get('/plans/p1')?.value ?? {}) as Plan;
  return emergencyContacts.map(({ name }) => name);
}

const REMOVER = { name: 'the remover', of: 'remover' } as const;
const BYSTANDER = { name: 'a bystander', of: 'bystander' } as const;

describe('CF-7 a contact that was removed while a clock is wrong', () => {
  test.each([
    ['right', REMOVER, 0],
    ['401 days behind', REMOVER, -401 * DAY_MS],
    ['at 1970', REMOVER, -1e15],
    ['30 years ahead', REMOVER, 30 * 365 * DAY_MS],
    ['401 days ahead', BYSTANDER, 401 * DAY_MS],
    ['30 years ahead', BYSTANDER, 30 * 365 * DAY_MS],
    ['at 1970', BYSTANDER, -1e15],
  ])('CF-5 CF-7 stays away: the clock is %s at %s', async (_, { of }, skewMs) => {
    const remover = device('tablet', skewed(of === 'remover' ? skewMs : 0));
    const bystanderClock = skewed(of === 'bystander' ? skewMs : 0);
    const bystander = device('web', bystanderClock);
    const stale = device('phone', skewed(0));
    expect(await edit(remover, () => ({ emergencyContacts: [mom, ex] }))).toBe('completed');
    await pull(stale);
    await pull(bystander);
    const had = await stale.entities.get(ENTITY);
    const at = Math.max(0, Date.now() + (of === 'remover' ? skewMs : 0));
    expect(await edit(remover, () => ({ emergencyContacts: [mom] }), 'ex', at)).toBe('completed');
    await pull(bystander);
    for (const note of ['once', 'twice']) {
      expect(await edit(bystander, (plan) => ({ ...plan, note }))).toBe('completed');
    }
    const operation = await stale.sync({
      type: 'plans.put',
      subject: 'user-42',
      entity: ENTITY,
      payload: { emergencyContacts: [mom, ex], note: 'twice' },
      ...(had === null ? {} : { base: had.base }),
    });
    expect((await operation.outcome).status).toBe('completed');
    expect(names()).toEqual(['Mom']);
    for (const runtime of open) {
      const asked = [];
      for await (const { id } of runtime.conflicts.list()) asked.push(id);
      expect(asked).toEqual([]);
    }
  });

  test('CF-5 CF-7 stays away: the clock of whoever replaces it jumps by 30 years and back', async () => {
    const clock = skewed(0);
    const remover = device('tablet', clock);
    const stale = device('phone', skewed(0));
    await edit(remover, () => ({ emergencyContacts: [mom, ex] }));
    await pull(stale);
    const had = await stale.entities.get(ENTITY);
    await edit(remover, () => ({ emergencyContacts: [mom] }), 'ex');
    for (const skewMs of [30 * 365 * DAY_MS, 0, -1e15, 0]) {
      clock.skewMs = skewMs;
      expect(await edit(remover, (plan) => ({ ...plan, note: `at ${skewMs}` }))).toBe('completed');
    }
    const operation = await stale.sync({
      type: 'plans.put',
      subject: 'user-42',
      entity: ENTITY,
      payload: { emergencyContacts: [mom, ex], note: 'of the phone' },
      ...(had === null ? {} : { base: had.base }),
    });
    expect((await operation.outcome).status).toBe('completed');
    expect(names()).toEqual(['Mom']);
  });
});

describe('OP-3 CF-1 an edit that arrived while its answer was lost, and was replaced by another device', () => {
  test.each([
    ['equal', 0],
    ['behind by 20 s', -20_000],
    ['behind by 30 years', -30 * 365 * DAY_MS],
    ['ahead by 20 s', 20_000],
    ['ahead by 30 years', 30 * 365 * DAY_MS],
  ])(
    'OP-3 CF-1 is known to have arrived, and nobody is asked: its clock is %s',
    async (_, skewMs) => {
      const other = device('phone', skewed(0));
      let isToBeLost = false;
      const one = device('tablet', skewed(skewMs), async (url, init) => {
        const answer = await fetch(url, init);
        if (init?.method !== 'PUT' || !isToBeLost) return answer;
        isToBeLost = false;
        // Before it is repeated the other device has read it, and has written.
        await pull(other);
        await edit(other, (plan) => ({ ...plan, note: 'of the phone' }));
        throw new TypeError('fetch failed');
      });
      await edit(one, () => ({ emergencyContacts: [mom] }));
      isToBeLost = true;
      expect(await edit(one, (plan) => ({ ...plan, note: 'of the tablet' }))).toBe('completed');
      expect(server.writes).toHaveLength(3);
      expect((server.get('/plans/p1')?.value as Plan | undefined)?.note).toBe('of the phone');
      for await (const conflict of one.conflicts.list()) expect(conflict).toBe('none is open');
    },
  );
});
