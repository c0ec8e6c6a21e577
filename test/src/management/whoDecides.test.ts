/**
 * Who gives orders, and what they write beside them: looked at in one place, whichever way an order comes.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { OptionRule } from '../../../machines/vocabulary/optionFields.ts';
import { askOwner } from '../../../src/control/controlClient.ts';
import { createRuntime, rawKey } from '../../../src/index.ts';
import { managementAtRest } from '../../../src/management/atRest.ts';
import { crises } from '../../../src/management/crises.ts';
import { enterCrisisMode } from '../../../src/management/crisisMode.ts';
import { BY, BY_PERSON, DECIDER, PERSON, REASON } from '../../../src/management/managementCall.ts';
import { MANAGEMENT_CALLS } from '../../../src/management/managementCalls.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const NURSE = { id: 'nurse-7', role: 'nurse' };
const SAID = 'paid with 4111 1111 1111 1111, cvv: 123';
const CARD = /4111 1111|cvv: 123/;

/** A crisis of `subject` that nobody delivers, in a process and on its disk. */
async function undelivered(subject = 'user-42') {
  const world = createWorld();
  const handler = {
    upstream: 'default',
    run: () => {
      throw transientFailure('Down.');
    },
  };
  const process = world.boot({
    crisis: { escalation: [{ name: 'on-call', notify: () => null }] },
    handlers: { 'crisis.alert': handler },
  });
  const { runtime } = process;
  await world.clock.run(runtime.ready);
  const { operationId, durable } = await runtime.crisis({ subject });
  await world.clock.run(durable);
  await world.clock.advance(60_000);
  return { world, process, runtime, id: operationId ?? '' };
}

describe('CR-6 CF-7 what people write is masked as payloads are', () => {
  test('CR-5 CF-7 the note of an acknowledgement, in a process and at rest', async () => {
    const { world, process, runtime, id } = await undelivered();
    const { clock, disk: store } = world;
    await clock.run(runtime.crises.acknowledge(id, { by: NURSE, note: SAID }));
    const kept = JSON.stringify(await clock.run(runtime.crises.show(id)));
    expect(kept).toContain('paid with ');
    expect(kept).toContain('1111');
    expect(kept).not.toMatch(CARD);
    process.kill();
    const parts = { store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 };
    const rest = crises(managementAtRest(parts));
    await rest.acknowledge(id, { by: { ...NURSE, id: 'nurse-8' }, note: SAID });
    const { decisions } = await rest.show(id);
    expect(decisions.at(-1)?.by.id).toBe('nurse-8');
    expect(JSON.stringify(decisions)).not.toMatch(CARD);
    expect(JSON.stringify(await store.find(id))).not.toMatch(CARD);
  });

  test('CR-5 CF-7 the reason of a call-off', async () => {
    const { world, runtime, id } = await undelivered();
    await world.clock.run(runtime.crises.callOff(id, { by: NURSE, reason: SAID }));
    const kept = JSON.stringify(await world.clock.run(runtime.crises.show(id)));
    expect(kept).toContain('paid with ');
    expect(kept).not.toMatch(CARD);
  });

  test('CR-6 CB-1 CF-7 the reason of crisis mode and of an order to a breaker, by the API and the socket', async () => {
    const store = join(tempFolder(), 'store');
    const key = rawKey(Buffer.alloc(32, 1));
    const runtime = createRuntime({ store, key, upstreams: { payments: {} } });
    onTestFinished(() => runtime.close());
    await runtime.ready;
    await runtime.crisisMode.enter({ subject: 'user-1', by: NURSE, reason: SAID });
    runtime.upstream('payments').forceOpen(SAID);
    await vi.waitUntil(() => existsSync(join(store, 'control.sock')), { timeout: 30_000 });
    const order = { subject: 'user-2', by: NURSE, reason: SAID };
    expect(await askOwner(store, enterCrisisMode, order)).toHaveProperty('result');
    const modes = runtime.crisisMode.list();
    expect(modes.map(({ reason }) => reason)).toEqual([
      'paid with ************1111, cvv: ***',
      'paid with ************1111, cvv: ***',
    ]);
    expect(JSON.stringify(runtime.getHealthStatus())).not.toMatch(CARD);
  });
});

describe('CR-6 CR-5 one place looks at who decides', () => {
  const rulesOf = (name: string): readonly (readonly [string, OptionRule])[] =>
    MANAGEMENT_CALLS.filter(({ override }) => override !== null).flatMap((call) => {
      const rule = (call.params as Readonly<Record<string, OptionRule>>)[name];
      return rule === undefined ? [] : [[call.name, rule] as const];
    });

  test('CR-6 in every call `by` has one of four forms', () => {
    const forms: readonly OptionRule[] = [BY, PERSON, BY_PERSON, DECIDER];
    const calls = rulesOf('by');
    expect(calls.length).toBeGreaterThan(7);
    for (const [name, rule] of calls) expect([name, forms.includes(rule)]).toEqual([name, true]);
  });

  test.each(['note', 'reason'])('CF-7 CR-6 in every call a %s is one that is masked', (field) => {
    for (const [name, rule] of rulesOf(field)) {
      const plain = typeof rule === 'object' && 'required' in rule ? rule.required : rule;
      expect([name, plain === REASON]).toEqual([name, true]);
    }
  });
});
