/** A subject has one form wherever it is found and compared; upstreams get it as it was given (CR-3). */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Attempt } from '../../actors/port.ts';
import { CrisisSlots } from '../../actors/upstream/crisisSlots.ts';
import { slotShares } from '../../machines/policy/crisis/crisisSlotShares.ts';
import { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { createRuntime, rawKey } from '../../src/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import { inThreadStore } from '../persistence/contract/storeUnderTest.ts';
import { createWorld, createWorldOnFile } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const COMPOSED = 'Jos\u00e9';
const DECOMPOSED = 'Jose\u0301';
const OTHER_CASE = 'jos\u00e9';
const PLAN = { resources: [{ name: 'Go for a walk' }] };
const WORK = { type: 'work.push', tier: 'basic' } as const;
const ANN = { id: 'ann' };
const BEN = { id: 'ben' };

function handlersInto(given: string[]) {
  const run = ({ subject }: Attempt): null => {
    given.push(subject);
    return null;
  };
  const handler = { upstream: 'default', run };
  return { 'work.push': handler, 'crisis.alert': handler };
}

const WORLDS = [
  ['in memory', () => createWorld(1, createMemoryStore())],
  ['on a file', () => createWorldOnFile(1, inThreadStore(join(tempFolder(), 'store')))],
] as const;

async function idsOf(runtime: Runtime, subject: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of runtime.operations.list({ subject })) ids.push(id);
  return ids;
}

test.each(WORLDS)('CR-3 its plan is found in every form, and as a number: %s', async (_, make) => {
  const world = make();
  const given: string[] = [];
  const { runtime } = world.boot({ handlers: handlersInto(given) });
  await world.clock.run(runtime.ready);
  const { crisisPlans } = runtime;
  await world.clock.run(crisisPlans.put(DECOMPOSED, PLAN));
  await world.clock.run(crisisPlans.pin(COMPOSED));
  await world.clock.run(crisisPlans.put('42', PLAN));
  const ask = async (subject: unknown) => {
    const answer = await world.clock.run(runtime.crisis({ subject: subject as string }));
    await world.clock.run(answer.delivery);
    return answer.plan;
  };
  expect(await ask(COMPOSED)).toBe('included');
  expect(await ask(DECOMPOSED)).toBe('included');
  expect(await ask(OTHER_CASE)).toBe('none');
  expect(await ask(42)).toBe('included');
  expect(await ask('42')).toBe('included');
  expect(await ask({ id: 42 })).toBe('noSubject');
  // As it was given, whatever it is compared by.
  expect(given).toEqual([COMPOSED, DECOMPOSED, OTHER_CASE, '42', '42', 'unknown']);
  expect(await world.clock.run(crisisPlans.get(COMPOSED))).not.toBeNull();
  await world.clock.run(crisisPlans.delete(COMPOSED));
  expect(await world.clock.run(crisisPlans.get(DECOMPOSED))).toBeNull();
  expect(await ask(DECOMPOSED)).toBe('none');
  await world.clock.run(runtime.close());
});

test.each(WORLDS)(
  'CR-3 OP-8 its work is found and told from others in every form: %s',
  async (_, make) => {
    const world = make();
    const given: string[] = [];
    const { runtime } = world.boot({ handlers: handlersInto(given) });
    await world.clock.run(runtime.ready);
    const send = (subject: string) =>
      world.clock.run(runtime.sync({ ...WORK, subject, idempotencyKey: 'once' }));
    const [first, second, other] = [
      await send(DECOMPOSED),
      await send(COMPOSED),
      await send(OTHER_CASE),
    ];
    expect([second.id, second.isDuplicate]).toEqual([first.id, true]);
    expect(other.isDuplicate).toBe(false);
    await world.clock.run(first.outcome);
    await world.clock.run(other.outcome);
    expect(given.toSorted()).toEqual([DECOMPOSED, OTHER_CASE].toSorted());
    for (const subject of [COMPOSED, DECOMPOSED]) {
      expect(await world.clock.run(idsOf(runtime, subject))).toEqual([first.id]);
    }
    await world.clock.run(runtime.close());
  },
);

test('CR-3 CR-6 crisis mode is on for it in every form, and ended in another', async () => {
  const world = createWorld();
  const priorities: string[] = [];
  const run = ({ priority }: Attempt): null => {
    priorities.push(priority);
    return null;
  };
  const { runtime } = world.boot({ handlers: { 'work.push': { upstream: 'default', run } } });
  await world.clock.run(runtime.ready);
  await world.clock.run(runtime.crisisMode.enter({ subject: DECOMPOSED, by: ANN }));
  await world.clock.run(runtime.crisisMode.enter({ subject: COMPOSED, by: ANN }));
  await world.clock.run(runtime.crisisMode.enter({ subject: '42', by: ANN }));
  expect(runtime.crisisMode.list()).toHaveLength(2);
  const modeOf = async (subject: unknown) =>
    (await world.clock.run(runtime.crisis({ subject: subject as string }))).crisisMode;
  const asked = [COMPOSED, DECOMPOSED, OTHER_CASE, 42];
  expect(await Promise.all(asked.map(modeOf))).toEqual(['subject', 'subject', 'none', 'subject']);
  const work = await world.clock.run(runtime.sync({ ...WORK, subject: COMPOSED }));
  await world.clock.run(work.outcome);
  expect(priorities.at(-1)).toBe('high');
  expect(
    await world.clock.run(runtime.crisisMode.leave({ subject: COMPOSED, by: BEN })),
  ).toMatchObject({ wasOn: true });
  expect(await modeOf(DECOMPOSED)).toBe('none');
  await world.clock.run(runtime.close());
});

test('CR-3 PF-5 a rate limit counts it once, whatever its form', () => {
  const limits = new RateLimits(() => ({ subject: { perSecond: 1, burst: 1 }, tier: null }));
  const ask = (subject: string) => limits.ask({ subject, tier: 'basic', urgency: 5 }, null, 0);
  expect(ask(DECOMPOSED)).toBeNull();
  expect(ask(COMPOSED)).toMatchObject({ owner: 'subject' });
  expect(ask(OTHER_CASE)).toBeNull();
});

test('CR-2 CR-3 its deliveries share its slots, whatever its form', () => {
  const slots = new CrisisSlots(() => 16);
  const { subjectMax } = slotShares(16);
  let begun = 0;
  for (let at = 0; at < 2 * subjectMax; at += 1) {
    const subject = at % 2 === 0 ? COMPOSED : DECOMPOSED;
    slots.enter({ subject, entity: null, isFirst: true }, () => {
      begun += 1;
    });
  }
  expect(begun).toBe(subjectMax);
});

test('CR-3 a refusal of a subject that is a number says what it must be', async () => {
  const runtime = createRuntime({ store: ':memory:', key: rawKey(Buffer.alloc(32, 1)) });
  await expect(runtime.crisisPlans.put(42 as unknown as string, PLAN)).rejects.toMatchObject({
    code: 'HF_OPTION_INVALID',
    field: 'subject',
  });
  await runtime.close();
});
