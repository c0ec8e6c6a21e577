/**
 * No option of the runtime disables, delays or limits a crisis (CR-2): each option is tried at its least and its
 * greatest value, policies as options and at run time.
 *
 * @module
 */

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CrisisAnswer } from '../../../actors/port.ts';
import { CrisisSlots } from '../../../actors/upstream/crisisSlots.ts';
import { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionFields.ts';
import { RUNTIME_RULES } from '../../../src/options.ts';
import { everyOption, everyPolicy } from '../../../src/simulator/setup/everyField.ts';
import { POLICIES } from '../../../src/simulator/setup/fieldValues.ts';
import { settleJobs } from '../../../src/virtual/virtualClock.ts';
import { openHouse } from './crisisHouse.ts';
import {
  everyPolicyTry,
  everyTry,
  goneOptions,
  inAllLayers,
  unknownOptions,
} from './optionsTried.ts';

const policyTries = everyPolicyTry();

type Hold = (answer: CrisisAnswer) => unknown;

describe('CR-2 nothing that can be set stops a crisis', () => {
  test('CR-2 every option is known to this test, and none that is gone', () => {
    expect(unknownOptions()).toEqual([]);
    expect(goneOptions()).toEqual([]);
  });

  test.each(everyTry())('CR-2 CR-1 CR-4 option $name', async ({ options, ...rules }) => {
    const house = openHouse(options(), rules);
    expect(await house.faults(rules)).toEqual([]);
    await house.clock.run(house.runtime.ready.catch(() => undefined));
    expect(await house.faultsInTrouble(rules)).toEqual([]);
  });

  test.each([...POLICIES.keys()])('CR-2 CR-1 CR-4 policy %s', async (name) => {
    const house = openHouse();
    await house.open();
    for (const each of policyTries.filter(({ policy }) => policy === name)) {
      house.runtime.setPolicies(inAllLayers(each));
      expect([each.name, ...(await house.faultsInTrouble())]).toEqual([each.name]);
    }
  });
});

describe('CR-2 control:', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each<[string, OptionRules]>([
    ['of the runtime', { ...RUNTIME_RULES, silence: 'boolean' }],
    ['among those of crises', { ...RUNTIME_RULES, crisis: { fields: { silence: 'boolean' } } }],
  ])('CR-2 an option that is new %s is found', (_, rules) => {
    expect(unknownOptions(everyOption(rules))).toEqual([
      expect.stringMatching(/^(?:crisis\.)?silence is never drawn: add /),
    ]);
  });

  test('CR-2 a policy that is new, or a new part of one, is found', () => {
    const policies = everyPolicy(
      [{ silenceMs: { min: 0, max: 9, whole: true }, retry: 'object' }],
      () => ({ silence: 'boolean' }),
    );
    expect(unknownOptions(new Map(), policies)).toHaveLength(2);
  });

  // Each row shows how a delay of answers looks to its caller.
  const answering: readonly [what: string, fault: string, hold: Hold][] = [
    ['refuses it', 'it is refused', () => Promise.reject(new Error('Off.'))],
    ['waits for a turn of the event loop', 'it is not answered from memory', settleJobs],
    ['waits for a write', 'it is not answered from memory', ({ durable }) => durable],
    ['takes none', 'it is not accepted', (answer) => Object.assign(answer, { operationId: null })],
    ['gives nothing', 'its answer is empty', (answer) => Object.assign(answer, { resources: [] })],
  ];

  test.each(answering)('CR-2 a switch that %s is found', async (_, fault, hold) => {
    const house = openHouse();
    await house.open();
    const crisis = house.runtime.crisis.bind(house.runtime);
    let isOn = false;
    vi.spyOn(house.runtime, 'crisis').mockImplementation(async (request) => {
      const answer = await crisis(request);
      if (isOn) await hold(answer);
      return answer;
    });
    expect(await house.faults()).toEqual([]);
    isOn = true;
    expect(await house.faults()).toContain(fault);
  });

  test('CR-2 a delivery that waits a moment, or for good, is found', async () => {
    const house = openHouse();
    await house.open();
    for (const [ms, fault] of [
      [1, 'its first attempt waits'],
      [120_000, 'it is not delivered in time'],
    ] as const) {
      // eslint-disable-next-line @typescript-eslint/unbound-method
      const { enter } = CrisisSlots.prototype;
      vi.spyOn(CrisisSlots.prototype, 'enter').mockImplementationOnce(function late(
        this: CrisisSlots,
        asker,
        go,
      ) {
        return enter.call(this, asker, () => {
          house.clock.schedule(ms, go);
        });
      });
      expect(await house.faults()).toContain(fault);
    }
  });

  test('CR-2 a time-out or a wait that crises follow without bounds is found', async () => {
    const house = openHouse();
    await house.open();
    vi.spyOn(PolicyTable.prototype, 'attemptTimeoutMs').mockReturnValue(1);
    expect(await house.faultsInTrouble()).toContain('after a failure: it is not delivered in time');
    vi.restoreAllMocks();
    expect(await house.faultsInTrouble()).toEqual([]);
  });
});
