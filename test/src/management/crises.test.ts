/**
 * People look at crises that are not delivered, take them on, and call them off.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import { crises } from '../../../src/management/crises.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';

const NURSE = { id: 'nurse-7', role: 'nurse' };
const DOCTOR = { id: 'dr:2', role: 'clinician' };
const LONG_MS = 1_200_000;

interface Outside {
  isDown: boolean;
  deliveries: number;
  readonly called: string[];
}

function boot(world: World, outside: Outside): Process {
  const step = (name: string) => ({ name, notify: () => outside.called.push(name) });
  return world.boot({
    crisis: { escalation: [step('on-call'), step('clinician')] },
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: () => {
          if (outside.isDown) throw transientFailure('Down.');
          outside.deliveries += 1;
          return null;
        },
      },
    },
  });
}

async function scene() {
  const world = createWorld();
  const outside: Outside = { isDown: true, deliveries: 0, called: [] };
  const process = boot(world, outside);
  await world.clock.run(process.runtime.ready);
  const { operationId, durable } = await process.runtime.crisis({ subject: 'user-42' });
  await world.clock.run(durable);
  await world.clock.advance(60_000);
  return { world, outside, process, id: operationId ?? '', ...process };
}

/** The calls on the store with nothing running on it. */
function atRest(world: World) {
  const { disk: store, clock } = world;
  const parts = { store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };
  return crises(managementAtRest(parts));
}

describe('CR-5 a running process', () => {
  test('CR-5 lists what is not over and who was told, and shows one, over or not', async () => {
    const { world, outside, runtime, id } = await scene();
    const [view, ...others] = await world.clock.run(runtime.crises.list());
    expect(others).toEqual([]);
    expect(view).toMatchObject({
      ...{ id, subject: 'user-42', delivery: 'pacing', escalation: 'awaitingAcknowledgement' },
      ...{ cause: 'attemptsUsedUp', failure: 'HF_ATTEMPT_FAILED', decisions: [] },
      steps: [{ name: 'on-call', outcome: 'told', calls: 1, owedAtMs: null }],
      takenOn: null,
    });
    expect(await world.clock.run(runtime.crises.show(id))).toEqual(view);
    outside.isDown = false;
    await world.clock.advance(60_000);
    expect(await world.clock.run(runtime.crises.list())).toEqual([]);
    expect(await world.clock.run(runtime.crises.show(id))).toMatchObject({
      delivery: 'delivered',
      escalation: 'ended',
    });
  });

  test('CR-5 acknowledged, nobody else is told, over a restart too, and it is delivered all the same', async () => {
    const { world, outside, process, runtime, id } = await scene();
    const facts: unknown[] = [];
    runtime.subscribe((fact) => facts.push(fact));
    const note = 'Calling them now.';
    const { crisis, isDurable } = await world.clock.run(
      runtime.crises.acknowledge(id, { by: NURSE, note }),
    );
    expect([crisis.escalation, isDurable]).toEqual(['acknowledged', true]);
    expect(crisis.decisions).toMatchObject([{ what: 'acknowledged', by: NURSE, note }]);
    expect(facts).toContainEqual(
      expect.objectContaining({ kind: 'crisis.acknowledged', by: NURSE }),
    );
    expect(JSON.stringify(facts)).not.toContain(note);
    expect(await world.clock.run(runtime.crises.list({ unacknowledged: true }))).toEqual([]);
    expect(runtime.getHealthStatus().crises).toMatchObject({ escalated: 1, unacknowledged: 0 });
    process.kill();
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(LONG_MS);
    expect(outside.called).toEqual(['on-call']);
    const taken = await world.clock.run(second.runtime.crises.acknowledge(id, { by: DOCTOR }));
    expect(taken.crisis.decisions.map(({ by }) => by)).toEqual([NURSE, DOCTOR]);
    outside.isDown = false;
    await world.clock.advance(60_000);
    expect(outside.deliveries).toBe(1);
  });

  test('CR-5 OP-5 called off, it is over, and who said so is kept', async () => {
    const { world, outside, runtime, id } = await scene();
    const reason = 'Found safe.';
    await world.clock.run(runtime.crises.callOff(id, { by: DOCTOR, reason }));
    await world.clock.advance(LONG_MS);
    const view = await world.clock.run(runtime.crises.show(id));
    expect([view.delivery, outside.called, outside.deliveries]).toEqual([
      'calledOff',
      ['on-call'],
      0,
    ]);
    expect(view.decisions).toMatchObject([{ what: 'calledOff', by: DOCTOR, note: reason }]);
    const again = runtime.crises.acknowledge(id, { by: NURSE });
    await expect(world.clock.run(again)).rejects.toMatchObject({ code: 'HF_CRISIS_OVER' });
  });

  test('CR-5 PS-6 while the disk fails it is in force at once, and says that it is not on disk', async () => {
    const { world, outside, runtime, store, id } = await scene();
    store.faults.fate = () => 'failsUnwritten';
    await world.clock.advance(30_000);
    const { isDurable } = await world.clock.run(runtime.crises.acknowledge(id, { by: NURSE }));
    expect(isDurable).toBe(false);
    expect(await world.clock.run(runtime.crises.list())).toHaveLength(1);
    await world.clock.advance(LONG_MS);
    expect(outside.called).toEqual(['on-call']);
  });

  test.each([
    ['nobody', undefined, 'by'],
    ['an id without a role', { id: 'nurse-7' }, 'by.role'],
    ['an empty id', { id: '', role: 'nurse' }, 'by.id'],
  ])('CR-5 UX-2 by %s: refused, and nothing is changed', async (_, by, field) => {
    const { world, runtime, id } = await scene();
    const given = runtime.crises.acknowledge(id, { by: by as never });
    await expect(world.clock.run(given)).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field,
    });
    expect((await world.clock.run(runtime.crises.show(id))).decisions).toEqual([]);
  });

  test('CR-5 reversed: what is unknown, or no crisis, is said to be so', async () => {
    const { world, runtime } = await scene();
    await runtime.handle('notes.push', { upstream: 'default', run: () => null });
    const payload = { text: 'x' };
    const other = await world.clock.run(
      runtime.sync({ type: 'notes.push', subject: 'user-42', tier: 'basic', payload }),
    );
    await world.clock.advance(1_000);
    await expect(world.clock.run(runtime.crises.show(other.id))).rejects.toMatchObject({
      code: 'HF_CRISIS_OVER',
    });
    await expect(
      world.clock.run(runtime.crises.callOff('none', { by: NURSE, reason: 'a test' })),
    ).rejects.toMatchObject({ code: 'HF_OPERATION_UNKNOWN' });
  });
});

describe('CR-5 a store at rest', () => {
  test('CR-5 acknowledged there, the next process tells nobody else', async () => {
    const { world, outside, process, id } = await scene();
    process.kill();
    const rest = atRest(world);
    expect(await rest.list({ unacknowledged: true })).toMatchObject([{ id }]);
    expect(await rest.acknowledge(id, { by: NURSE })).toMatchObject({ isDurable: true });
    expect(await rest.list({ unacknowledged: true })).toEqual([]);
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(LONG_MS);
    expect(outside.called).toEqual(['on-call']);
    outside.isDown = false;
    await world.clock.advance(60_000);
    expect(outside.deliveries).toBe(1);
  });

  test('CR-5 OP-5 called off there, the next process delivers nothing, and ends it', async () => {
    const { world, outside, process, id } = await scene();
    process.kill();
    const rest = atRest(world);
    await rest.callOff(id, { by: DOCTOR, reason: 'found safe' });
    await expect(rest.callOff(id, { by: DOCTOR, reason: 'found safe' })).rejects.toMatchObject({
      code: 'HF_CRISIS_OVER',
    });
    outside.isDown = false;
    const second = boot(world, outside);
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(LONG_MS);
    expect([outside.deliveries, outside.called]).toEqual([0, ['on-call']]);
    expect(await world.clock.run(second.runtime.crises.show(id))).toMatchObject({
      delivery: 'calledOff',
      decisions: [{ what: 'calledOff', by: DOCTOR }],
    });
  });
});
