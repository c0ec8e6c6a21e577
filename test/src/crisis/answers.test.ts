/** What every answer to a crisis holds beside the plan: words, and the resources of the app that help (CR-3). */

import { expect, test } from 'vitest';
import type { CrisisResource } from '../../../actors/port.ts';
import type { RuntimeOptions } from '../../../src/index.ts';
import { createRuntime } from '../../../src/index.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const CLINIC = {
  kind: 'contact',
  name: 'Our clinic',
  regions: ['DE'],
  phone: '+49 30 7654321',
} as const;
const BAD = [
  { kind: 'helpLine', name: 'x', regions: ['DE'] },
  { kind: 'nonsense', name: 'y', regions: ['Germany'], phone: 5 },
] as unknown as CrisisResource[];

test('CR-3 UX-2 resources that help nobody refuse no start: they are in no answer, and onError and health say so', async () => {
  const errors: unknown[] = [];
  const runtime = createRuntime({
    store: ':memory:',
    crisis: { resources: [...BAD, CLINIC] },
    onError: (error) => errors.push(error),
  });
  await runtime.ready;
  const { resources } = await runtime.crisis({ subject: 'user-42' });
  expect(resources.filter(({ from }) => from === 'app')).toMatchObject([CLINIC]);
  expect(errors).toMatchObject([
    { code: 'HF_OPTION_INVALID', field: 'crisis.resources[0]' },
    { code: 'HF_OPTION_INVALID', field: 'crisis.resources[1].kind' },
  ]);
  const { overall, reasons } = runtime.getHealthStatus();
  expect(overall).not.toBe('healthy');
  expect(reasons.join()).toContain('2 of crisis.resources and crisis.words are left out');
  await runtime.close({ deadlineMs: 0 });
});

async function asked(options: Partial<RuntimeOptions>, request: object = {}) {
  const world = createWorld();
  const { runtime } = world.boot(options);
  await world.clock.run(runtime.ready);
  const answer = await world.clock.run(runtime.crisis({ subject: 'user-42', ...request }));
  await world.clock.run(runtime.close({ deadlineMs: 0 }));
  return answer.message;
}

const WELL = { 'crisis.alert': { upstream: 'default', run: () => null } };

test('CR-3 an answer says in words that nobody has it yet; one that waited for the upstream, that it is taken', async () => {
  expect(await asked({})).toMatchObject({ state: 'notReached', language: 'en', from: 'builtIn' });
  const waited = { handlers: WELL, crisis: { localAfterMs: 100 } };
  expect(await asked(waited)).toMatchObject({ state: 'taken', from: 'builtIn' });
  expect(await asked({ ...waited, handlers: {} })).toMatchObject({ state: 'notReached' });
});

test("CR-3 in the person's language, the app's own words first; the language goes to nobody else", async () => {
  const words = [{ language: 'de', notReached: 'Noch niemanden.' }];
  expect(await asked({}, { locale: 'de-AT' })).toMatchObject({ language: 'de', from: 'builtIn' });
  const bodies: unknown[] = [];
  const run = ({ payload, leftOut }: { readonly payload: unknown; readonly leftOut: unknown }) => {
    bodies.push(payload, leftOut);
    return null;
  };
  const message = await asked(
    {
      handlers: { 'crisis.alert': { upstream: 'default', run } },
      crisis: { words, localAfterMs: 100 },
    },
    { locale: 'de', region: 'DE' },
  );
  expect(message).toMatchObject({ text: 'Noch niemanden.', from: 'app', reviewedBy: null });
  expect(bodies).toEqual([null, []]);
});

test('CR-3 before the store is open and after the end there are words, too', async () => {
  const runtime = createRuntime({ store: ':memory:' });
  expect((await runtime.crisis({ subject: 'user-42' })).message.state).toBe('notReached');
  await runtime.close({ deadlineMs: 0 });
  expect((await runtime.crisis({ subject: 'user-42' })).message.state).toBe('notReached');
});
