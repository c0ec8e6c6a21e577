import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fact, Noted } from '../../../actors/port.ts';
import { permanentFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { AuditVia } from '../../../persistence/port/audit.ts';
import { withStore } from '../../../src/cli/kit/withStore.ts';
import { askOwner } from '../../../src/control/controlClient.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import type { HoldfastRuntime } from '../../../src/holdfastRuntime.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import { isRecorded, Management } from '../../../src/management/management.ts';
import { type AnyCall, ID, storeCall } from '../../../src/management/managementCall.ts';
import { MANAGEMENT_CALLS } from '../../../src/management/managementCalls.ts';
import { health, releaseStore } from '../../../src/management/store.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** The first part of a call that is not there: what one file declares. */
const touch = storeCall<{ readonly id: string }, { readonly touched: string }>({
  name: 'operation.touch',
  summary: 'Touches one operation.',
  capability: 'operate',
  params: { id: ID },
  override: { what: 'operation.retryNow', about: ({ id }) => ({ operationId: id, count: 1 }) },
  run: (_, { id }) => Promise.resolve({ touched: id }),
});
/** The second part: the line in the registry. */
const CALLS: readonly AnyCall[] = [...MANAGEMENT_CALLS, touch];

/** A process whose calls are those of `CALLS`. */
function managed() {
  const overrides: unknown[] = [];
  const recorded: Noted[] = [];
  const audit = {
    note: (noted: Noted) => void recorded.push(noted),
    recorded: (noted: Noted) => Promise.resolve(void recorded.push(noted)),
  };
  const management = new Management({
    store: { whileAnswering: (work: Promise<unknown>) => work, records: { audit } } as never,
    runtime: { health: () => ({ overall: 'healthy' }) } as never,
    via: 'app',
    whenOpen: () => Promise.resolve(),
    onOverride: (what, about) => overrides.push({ what, ...about }),
  });
  return { management, overrides, recorded };
}

describe('UX-1 a call that is added is one file and one line', () => {
  test('UX-1 it is reached by the API, over the socket and by a command', async () => {
    const { management, overrides, recorded } = managed();
    const folder = tempFolder();
    const server = new ControlServer({
      storeFolder: folder,
      clock: new VirtualClock(),
      answer: (name, params) => management.callByName(CALLS, name, params, 'socket'),
      onError: () => undefined,
    });
    server.open();
    onTestFinished(() => server.close());
    const options = { store: folder, keyFile: join(folder, 'none.key') };
    while ((await askOwner(folder, touch, { id: 'a' })) === null) await setImmediate();
    overrides.length = 0;
    recorded.length = 0;

    expect(await management.call(touch, { id: 'api' })).toEqual({ touched: 'api' });
    expect(await askOwner(folder, touch, { id: 'socket' })).toEqual({
      result: { touched: 'socket' },
    });
    const byCommand = await withStore(options, (caller, how) =>
      caller.call(touch, { id: `command ${String(how.isAtRest)}` }),
    );
    expect(byCommand).toEqual({ touched: 'command false' });
    expect(overrides).toEqual(
      ['api', 'socket', 'command false'].map((operationId) => ({
        what: 'operation.retryNow',
        operationId,
        count: 1,
        by: null,
      })),
    );
    // AU-1: each is recorded before it is carried out, with the way by which it came.
    expect(recorded.map(({ call, via, out }) => [call, via, out])).toEqual(
      ['app', 'socket', 'socket'].map((via) => ['operation.touch', via, 'asked']),
    );
    // What it declares of its parameters is checked on each way.
    const wrong = { id: 'x', idd: 'y' };
    for (const made of [management.call(touch, wrong), askOwner(folder, touch, wrong)]) {
      await expect(made).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field: 'idd' });
    }
    expect(overrides).toHaveLength(3);
  });

  test('UX-1 control: one that is not in the registry is reached by nobody from outside', async () => {
    const { management } = managed();
    const made = management.callByName(MANAGEMENT_CALLS, touch.name, { id: 'x' }, 'socket');
    await expect(made).rejects.toMatchObject({ code: 'HF_OPTION_INVALID', field: 'call' });
  });

  test('UX-2 what only a running process answers is refused at rest, by its name', async () => {
    const { clock, disk } = createWorld();
    await disk.open();
    const atRest = managementAtRest({
      store: disk,
      hold: null,
      clock,
      random: seededRandom(1),
      payloadBytesMax: 1_000,
    });
    await expect(atRest.call(health, {})).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      message: expect.stringContaining('health') as string,
    });
    expect(await atRest.call(releaseStore, {})).toEqual({ wasHeld: false });
  });
});

describe('the registry', () => {
  test('OB-3 no two calls have one name, and each says what it does', () => {
    const names = MANAGEMENT_CALLS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, summary } of MANAGEMENT_CALLS) {
      expect(name).toMatch(/^[a-z][A-Za-z]*(\.[a-z][A-Za-z]*)?$/);
      expect(summary).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('AU-1 AC-1 a call that changes something is an order, and looking alone needs no more than to look', () => {
    for (const { name, override, capability } of MANAGEMENT_CALLS) {
      const orders = ['operate', 'destroy'];
      const looks = ['view', 'viewSubjects', 'export'];
      expect(override === null ? looks : orders, name).toContain(capability);
    }
  });

  test('AU-1 each order is recorded, and what shows people to somebody outside', () => {
    const shown = [
      'audit.handle',
      'conflict.about',
      'crisis.list',
      'crisis.show',
      'crisisMode.list',
      'deadLetter.show',
      'operation.list',
      'operation.show',
    ];
    const exported = [
      'conflict.preview',
      'conflict.show',
      'deadLetter.answer',
      'quarantine.sealed',
      'store.backup',
      'subject.export',
    ];
    const looks = (via: AuditVia): string[] =>
      MANAGEMENT_CALLS.filter((call) => call.override === null && isRecorded(call, via))
        .map(({ name }) => name)
        .toSorted();
    expect(looks('socket')).toEqual([...shown, ...exported].toSorted());
    expect(looks('client')).toEqual(looks('socket'));
    expect(looks('commandLine')).toEqual(looks('socket'));
    expect(looks('app')).toEqual(exported);
    expect(looks('inspector')).toEqual(exported);
    const orders = MANAGEMENT_CALLS.filter(({ override }) => override !== null);
    expect(orders.filter((call) => !isRecorded(call, 'inspector'))).toEqual([]);
  });
});

test('AU-1 SE-5 each call that changes something is told of, once, without what it carries', async () => {
  const { clock, boot } = createWorld();
  const { runtime } = boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          throw permanentFailure('No.');
        },
      },
    },
  });
  await clock.run(runtime.ready);
  const facts: Fact[] = [];
  runtime.subscribe((fact) => facts.push(fact));
  const deadLetter = async (): Promise<string> => {
    const request = { type: 'payments.push', subject: 'canary-1', tier: 'basic' } as const;
    const operation = await clock.run(runtime.sync(request));
    await clock.run(operation.outcome);
    return operation.id;
  };
  const id = await deadLetter();
  await clock.run(runtime.deadLetters.replay(id, { payload: { secret: 'canary-2' } }));
  await clock.run(runtime.operations.get(id).outcome);
  await deadLetter();
  await clock.run(runtime.deadLetters.purge(id));
  await clock.run(runtime.deadLetters.replayAll({}, { dryRun: true }));
  await clock.run(runtime.deadLetters.purgeAll());
  await clock.run(runtime.deadLetters.purgeAll());
  await clock.run(runtime.deadLetters.purge(id).catch(() => null));
  await clock.run(runtime.release());
  runtime.upstream('default').forceOpen('drill', 'ana');
  expect(() => {
    runtime.upstream('default').disable('');
  }).toThrow('reason');
  runtime.upstream('default').release('ana');
  await clock.advance(0);
  const about = { upstream: null, operationId: null, count: 0, by: null };
  expect(
    facts
      .filter((fact) => fact.kind === 'override.made')
      .map(({ what, upstream, operationId, count, by }) => ({
        ...{ what, upstream, operationId, count, by },
      })),
  ).toEqual([
    { ...about, what: 'deadLetter.replay', operationId: id, count: 1 },
    { ...about, what: 'deadLetter.purge', operationId: id, count: 1 },
    { ...about, what: 'deadLetter.purge', count: 1 },
    { ...about, what: 'breaker.forceOpen', upstream: 'default', by: { id: 'ana' } },
    { ...about, what: 'breaker.release', upstream: 'default', by: { id: 'ana' } },
  ]);
  expect(JSON.stringify(facts)).not.toContain('canary');
});

test('OB-1 AU-1 an order that can not be taken back is told with who gave it', async () => {
  const { clock, boot } = createWorld();
  const { runtime } = boot({
    handlers: { 'notes.push': { upstream: 'default', run: () => 'pushed' } },
  });
  const { feed } = runtime as unknown as HoldfastRuntime;
  await clock.run(runtime.ready);
  runtime.upstream('default').forceOpen('maintenance');
  const orders: unknown[] = [];
  runtime.subscribe('override.made', ({ what, by }) => orders.push([what, by]));
  const { id } = await clock.run(runtime.sync({ type: 'notes.push', subject: 'user-1' }));
  const by = { id: 'staff-7', role: 'support' };
  await clock.run(feed.call('operation.cancel', { id, by }));
  await clock.advance(0);
  expect(orders).toEqual([['operation.cancel', by]]);
});
