/**
 * A crisis that a person has taken on is not delivered: it is theirs for a time, they are asked, they prolong it
 * or give it back, and else people are told again (CR-5). And who may call one off. On virtual time.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { EscalationNotice, Fact } from '../../actors/port.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { managementAtRest } from '../../src/management/atRest.ts';
import { crises } from '../../src/management/crises.ts';
import { cancelOperation } from '../../src/management/operations.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const NURSE = { id: 'nurse-7', role: 'nurse' };
const DOCTOR = { id: 'dr-2', role: 'clinician' };
const REASON = 'found safe';

async function scene(more: { readonly chain?: readonly string[]; readonly crisis?: object } = {}) {
  const world = createWorld();
  const notices: EscalationNotice[] = [];
  const facts: Fact[] = [];
  const { chain = ['on-call', 'clinician', 'emergency'], crisis = {} } = more;
  const outside = { isAway: false, isDown: true };
  const boot = (): Process => {
    const process = world.boot({
      crisis: {
        escalation: chain.map((name) => ({
          name,
          notify: (notice: EscalationNotice) => {
            if (outside.isAway) throw transientFailure('Away.', { notApplied: true });
            notices.push(notice);
          },
        })),
        ...crisis,
      },
      handlers: {
        'crisis.alert': {
          upstream: 'default',
          run: () => {
            if (outside.isDown) throw transientFailure('Down.');
            return null;
          },
        },
      },
    });
    process.runtime.subscribe((fact) => facts.push(fact));
    return process;
  };
  const process = boot();
  await world.clock.run(process.runtime.ready);
  const callForHelp = async (of = process, subject = 'anna'): Promise<string> => {
    const { operationId, durable } = await of.runtime.crisis({ subject });
    await world.clock.run(durable);
    return operationId ?? '';
  };
  const id = await callForHelp();
  const told = (): readonly string[] =>
    notices.map(({ step, ask }) => (ask === null ? step : `${step}?`));
  const kinds = (): readonly string[] => facts.map(({ kind }) => kind);
  const { runtime } = process;
  const acknowledge = (decision: Parameters<typeof runtime.crises.acknowledge>[1]) =>
    world.clock.run(runtime.crises.acknowledge(id, decision));
  const untilTold = async (): Promise<void> => {
    while (notices.length === 0) await world.clock.advance(100);
  };
  return {
    ...{ world, outside, boot, process, runtime, id, notices, told, kinds, callForHelp },
    ...{ acknowledge, untilTold },
  };
}

/** The calls on the store with nothing running on it. */
function atRest({ disk: store, clock }: World) {
  return crises(
    managementAtRest({ store, clock, hold: null, random: seededRandom(1), payloadBytesMax: 1_000 }),
  );
}

describe('CR-5 taken on is not delivered', () => {
  test('CR-5 half an hour: asked five minutes before, then their step again, the next, and the others', async () => {
    const { world, runtime, id, acknowledge, told, untilTold, notices, kinds } = await scene();
    await untilTold();
    const { what, crisis } = await acknowledge({ by: NURSE });
    expect([what, crisis.takenOn?.by, crisis.takenOn?.step]).toEqual([
      'acknowledged',
      NURSE,
      'on-call',
    ]);
    const lastsMs = (crisis.takenOn?.untilMs ?? 0) - (crisis.takenOn?.atMs ?? 0);
    expect(lastsMs).toBe(30 * MINUTE_MS);
    await world.clock.advance(24 * MINUTE_MS);
    expect(told()).toEqual(['on-call']);
    await world.clock.advance(2 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?']);
    expect(notices.at(-1)).toMatchObject({
      ...{ ask: 'prolong', takenOnBy: NURSE, lapsesAtMs: crisis.takenOn?.untilMs, count: 1 },
    });
    expect((await world.clock.run(runtime.crises.show(id))).escalation).toBe('lapsing');
    await world.clock.advance(5 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?', 'on-call']);
    expect(notices.at(-1)).toMatchObject({ again: true, takenOnBy: NURSE, ask: null });
    await world.clock.advance(11 * MINUTE_MS);
    expect(told().slice(3)).toEqual(['clinician', 'emergency']);
    expect(kinds()).toContain('crisis.acknowledgementEnding');
    expect(kinds()).toContain('crisis.acknowledgementLapsed');
    expect(new Set(notices.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(notices.length);
  });

  test('CR-5 the clock set ahead meanwhile: it lapses unasked, and people are told early, not late', async () => {
    const { world, acknowledge, told, untilTold } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    world.clock.setWall(53 * MINUTE_MS);
    await world.clock.advance(24 * MINUTE_MS);
    expect(told()).toEqual(['on-call']);
    await world.clock.advance(2 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call']);
    await world.clock.advance(11 * MINUTE_MS);
    expect(told().slice(2)).toEqual(['clinician', 'emergency']);
  });

  test('CR-5 the step by which they were told comes first, and the chain from its start at last', async () => {
    const { world, acknowledge, told, notices } = await scene();
    while (!told().includes('clinician')) await world.clock.advance(1_000);
    await acknowledge({ by: DOCTOR, forMs: 10 * MINUTE_MS });
    const before = notices.length;
    await world.clock.advance(25 * MINUTE_MS);
    expect(told().slice(before)).toEqual(['clinician?', 'clinician', 'emergency', 'on-call']);
  });

  test('CR-5 prolonged as often as asked, each time 4 h at most from that order', async () => {
    const { world, acknowledge, told, untilTold, runtime, id } = await scene();
    await untilTold();
    const forMs = 4 * 60 * MINUTE_MS;
    for (let time = 0; time < 4; time += 1) {
      await acknowledge({ by: NURSE, forMs });
      await world.clock.advance(forMs - 6 * MINUTE_MS);
    }
    expect(told()).toEqual(['on-call']);
    const tooLong = runtime.crises.acknowledge(id, { by: NURSE, forMs: forMs + 1 });
    await expect(world.clock.run(tooLong)).rejects.toMatchObject({
      ...{ code: 'HF_OPTION_INVALID', field: 'forMs' },
    });
    await world.clock.advance(2 * MINUTE_MS);
    expect(told().at(-1)).toBe('on-call?');
  });

  test('CR-5 given back, people are told at once; by whom is kept', async () => {
    const { world, acknowledge, told, untilTold, runtime, id, kinds } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    const { what, crisis } = await world.clock.run(runtime.crises.release(id, { by: NURSE }));
    expect([what, crisis.takenOn]).toEqual(['released', null]);
    await world.clock.advance(MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call']);
    expect(kinds()).toContain('crisis.released');
    const again = await world.clock.run(runtime.crises.release(id, { by: NURSE }));
    expect(again.crisis.decisions.map((one) => one.what)).toEqual(['acknowledged', 'released']);
  });

  test('CR-5 over a restart it lapses when it would have, and a store at rest knows it', async () => {
    const { world, boot, process, acknowledge, told, untilTold, id } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    process.kill();
    await world.clock.advance(10 * MINUTE_MS);
    const taken = await atRest(world).acknowledge({ subject: 'anna' }, { by: DOCTOR });
    expect(taken.map(({ crisis }) => crisis.id)).toEqual([id]);
    const second = boot();
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(24 * MINUTE_MS);
    expect(told()).toEqual(['on-call']);
    await world.clock.advance(7 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?', 'on-call']);
  });

  test('CR-5 it lapses in time under a clock that was set back', async () => {
    const { world, acknowledge, told, untilTold } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    world.clock.setWall(-84 * 24 * 60 * MINUTE_MS);
    await world.clock.advance(29 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?']);
    await world.clock.advance(2 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?', 'on-call']);
  });

  test('CR-5 before anybody was told it is a note, and whoever is told hears who wants it', async () => {
    const { world, outside, acknowledge, untilTold, notices, runtime, id, kinds } = await scene();
    outside.isAway = true;
    const { what, crisis } = await acknowledge({ by: { id: 'bot', role: 'script' } });
    expect([what, crisis.escalation, crisis.takenOn]).toEqual(['noted', 'quiet', null]);
    await world.clock.advance(3 * MINUTE_MS);
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'critical' });
    outside.isAway = false;
    await untilTold();
    expect(notices[0]).toMatchObject({ notedBy: { id: 'bot', role: 'script' } });
    expect(kinds()).toContain('crisis.noted');
    const after = await acknowledge({ by: NURSE });
    expect(after.crisis.escalation).toBe('acknowledged');
    expect(
      (await world.clock.run(runtime.crises.show(id))).decisions.map((one) => one.what),
    ).toEqual(['noted', 'acknowledged']);
  });

  test('CR-5 without a chain it is taken on at once, lapses, and escalates only then', async () => {
    const { world, acknowledge, runtime, id } = await scene({ chain: [] });
    const { what } = await acknowledge({ by: NURSE });
    expect(what).toBe('acknowledged');
    await world.clock.advance(29 * MINUTE_MS);
    expect(runtime.getHealthStatus().crises).toMatchObject({ unacknowledged: 0, escalated: 0 });
    await world.clock.advance(2 * MINUTE_MS);
    expect(runtime.getHealthStatus().crises).toMatchObject({ unacknowledged: 1, escalated: 1 });
    expect((await world.clock.run(runtime.crises.show(id))).escalation).toBe('exhausted');
  });

  test('CR-5 for a subject it is all that are open, and none that comes later', async () => {
    const { world, runtime, untilTold, callForHelp, process, notices } = await scene();
    const second = await callForHelp();
    const other = await callForHelp(process, 'ben');
    await untilTold();
    await world.clock.advance(MINUTE_MS);
    const decided = await world.clock.run(
      runtime.crises.acknowledge({ subject: 'anna' }, { by: NURSE }),
    );
    expect(decided).toHaveLength(2);
    const before = notices.length;
    const later = await callForHelp();
    await world.clock.advance(2 * MINUTE_MS);
    expect(notices.slice(before)).toMatchObject([
      { step: 'on-call', subject: 'anna', operationIds: [later], count: 1 },
    ]);
    const open = await world.clock.run(runtime.crises.list({ unacknowledged: true }));
    expect(open.map(({ id }) => id).toSorted()).toEqual([later, other].toSorted());
    expect(decided.map(({ crisis }) => crisis.id)).toContain(second);
  });

  test('CR-5 it is not delivered meanwhile, and is once that is possible: nobody is asked any more', async () => {
    const { world, outside, acknowledge, told, untilTold } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    outside.isDown = false;
    await world.clock.advance(60 * MINUTE_MS);
    expect(told()).toEqual(['on-call']);
  });

  test.each(['acknowledge', 'release', 'callOff'] as const)(
    'CR-5 the subject can not %s, however their id is spelt',
    async (what) => {
      const { world, runtime, id, untilTold } = await scene();
      await untilTold();
      const by = { id: 'ANNA', role: 'nurse' };
      const order = { acknowledge: { by }, release: { by }, callOff: { by, reason: REASON } };
      const given = runtime.crises[what](id, order[what] as never);
      await expect(world.clock.run(given as Promise<unknown>)).rejects.toMatchObject({
        code: 'HF_SECOND_PERSON_NEEDED',
      });
      expect((await world.clock.run(runtime.crises.show(id))).decisions).toEqual([]);
    },
  );
});

/** A crisis that somebody has had for so long that they are asked. */
async function asked() {
  const made = await scene();
  await made.untilTold();
  await made.acknowledge({ by: NURSE });
  await made.world.clock.advance(26 * MINUTE_MS);
  expect(made.told()).toEqual(['on-call', 'on-call?']);
  return made;
}

describe('CR-5 who is asked whether they still have it', () => {
  test('CR-5 says so, and has it for half an hour more', async () => {
    const { world, acknowledge, told } = await asked();
    expect((await acknowledge({ by: NURSE })).crisis.escalation).toBe('acknowledged');
    await world.clock.advance(24 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?']);
    await world.clock.advance(2 * MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?', 'on-call?']);
  });

  test('CR-5 gives it back: people are told at once', async () => {
    const { world, runtime, id, told } = await asked();
    await world.clock.run(runtime.crises.release(id, { by: NURSE }));
    await world.clock.advance(MINUTE_MS);
    expect(told().slice(2)).toEqual(['on-call']);
  });

  test('CR-5 calls it off: nobody is told any more', async () => {
    const { world, runtime, id, told } = await asked();
    await world.clock.run(runtime.crises.callOff(id, { by: NURSE, reason: REASON }));
    await world.clock.advance(60 * MINUTE_MS);
    expect(told()).toHaveLength(2);
  });

  test('CR-5 need not answer where it is delivered meanwhile', async () => {
    const { world, outside, told } = await asked();
    outside.isDown = false;
    await world.clock.advance(60 * MINUTE_MS);
    expect(told()).toHaveLength(2);
  });

  test('CR-5 is asked again where the question did not arrive', async () => {
    const { world, outside, acknowledge, untilTold, told } = await scene();
    await untilTold();
    await acknowledge({ by: NURSE });
    await world.clock.advance(24 * MINUTE_MS);
    outside.isAway = true;
    await world.clock.advance(2 * MINUTE_MS);
    expect(told()).toEqual(['on-call']);
    outside.isAway = false;
    await world.clock.advance(MINUTE_MS);
    expect(told()).toEqual(['on-call', 'on-call?']);
  });
});

describe('CR-5 what a person says in each state of the chain', () => {
  /** How a crisis comes into each state. */
  const STATES: Readonly<
    Record<string, (made: Awaited<ReturnType<typeof scene>>) => Promise<void>>
  > = {
    stepsOwed: async ({ world, outside }) => {
      outside.isAway = true;
      await world.clock.advance(5 * MINUTE_MS);
    },
    exhausted: async ({ world }) => await world.clock.advance(17 * MINUTE_MS),
    acknowledged: async ({ untilTold, acknowledge }) => {
      await untilTold();
      await acknowledge({ by: NURSE });
    },
    lapsing: async ({ world, untilTold, acknowledge }) => {
      await untilTold();
      await acknowledge({ by: NURSE });
      await world.clock.advance(26 * MINUTE_MS);
    },
  };

  test.each(Object.keys(STATES))(
    'CR-5 that they are safe is kept, and changes nothing: %s',
    async (state) => {
      const made = await scene();
      await STATES[state]?.(made);
      const { world, runtime, id } = made;
      const [said] = await world.clock.run(runtime.crises.saySafe({ subject: 'anna' }));
      expect(said?.crisis).toMatchObject({ id, escalation: state });
      expect(said?.crisis.decisions.at(-1)?.what).toBe('saidSafe');
    },
  );

  test('CR-5 while no step hears: a note, the word of a first person, and the end by a second', async () => {
    const made = await scene();
    await STATES['stepsOwed']?.(made);
    const { world, runtime, id, acknowledge } = made;
    expect((await acknowledge({ by: NURSE })).what).toBe('noted');
    const first = runtime.crises.callOff(id, { by: NURSE, reason: REASON });
    await expect(world.clock.run(first)).rejects.toMatchObject({ code: 'HF_SECOND_PERSON_NEEDED' });
    const { crisis } = await world.clock.run(
      runtime.crises.callOff(id, { by: DOCTOR, reason: REASON }),
    );
    expect(crisis.escalation).toBe('ended');
  });

  test('CR-5 without a chain: two persons call it off, taken on or not', async () => {
    const made = await scene({ chain: [] });
    const { world, runtime, id, acknowledge } = made;
    await world.clock.advance(5 * MINUTE_MS);
    const first = runtime.crises.callOff(id, { by: NURSE, reason: REASON });
    await expect(world.clock.run(first)).rejects.toMatchObject({ code: 'HF_SECOND_PERSON_NEEDED' });
    await acknowledge({ by: NURSE });
    const same = runtime.crises.callOff(id, { by: NURSE, reason: REASON });
    await expect(world.clock.run(same)).rejects.toMatchObject({ code: 'HF_SECOND_PERSON_NEEDED' });
    await world.clock.advance(26 * MINUTE_MS);
    const last = runtime.crises.callOff(id, { by: NURSE, reason: REASON });
    await expect(world.clock.run(last)).rejects.toMatchObject({ code: 'HF_SECOND_PERSON_NEEDED' });
    const { what } = await world.clock.run(
      runtime.crises.callOff(id, { by: DOCTOR, reason: REASON }),
    );
    expect(what).toBe('calledOff');
  });
});

describe('CR-5 who calls a crisis off', () => {
  test('CR-5 once somebody was told, one person with a reason', async () => {
    const { world, runtime, id, untilTold } = await scene();
    await untilTold();
    const without = runtime.crises.callOff(id, { by: NURSE } as never);
    await expect(world.clock.run(without)).rejects.toMatchObject({ field: 'reason' });
    const { what } = await world.clock.run(
      runtime.crises.callOff(id, { by: NURSE, reason: REASON }),
    );
    expect(what).toBe('calledOff');
  });

  test('CR-5 before that the word of the first is kept, and a second one ends it; over a restart, too', async () => {
    const { world, process, boot, runtime, id, kinds } = await scene();
    const first = runtime.crises.callOff(id, { by: NURSE, reason: REASON });
    await expect(world.clock.run(first)).rejects.toMatchObject({
      ...{ code: 'HF_SECOND_PERSON_NEEDED', field: 'by' },
    });
    expect(kinds()).toContain('crisis.callOffProposed');
    process.kill();
    const rest = atRest(world);
    const same = rest.callOff(id, { by: { ...NURSE, id: 'NURSE-7' }, reason: REASON });
    await expect(same).rejects.toMatchObject({ code: 'HF_SECOND_PERSON_NEEDED' });
    expect(await rest.callOff(id, { by: DOCTOR, reason: REASON })).toMatchObject({
      what: 'calledOff',
    });
    const second = boot();
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(MINUTE_MS);
    expect(await world.clock.run(second.runtime.crises.show(id))).toMatchObject({
      delivery: 'calledOff',
      decisions: [
        { what: 'callOffProposed', by: NURSE, note: REASON },
        { what: 'callOffProposed' },
        { what: 'calledOff', by: DOCTOR },
      ],
    });
  });

  test('CR-5 one who is alone types the end of its id, and is kept as one person', async () => {
    const { world, runtime, id } = await scene();
    const wrong = runtime.crises.callOff(id, { by: NURSE, reason: REASON, confirm: '12345678' });
    await expect(world.clock.run(wrong)).rejects.toMatchObject({
      ...{ code: 'HF_OPTION_INVALID', field: 'confirm' },
    });
    const { crisis } = await world.clock.run(
      runtime.crises.callOff(id, { by: NURSE, reason: REASON, confirm: id.slice(-8) }),
    );
    expect(crisis.decisions).toMatchObject([{ what: 'calledOff', by: NURSE, isAlone: true }]);
  });

  test('CR-5 nobody ends one by the call that cancels an operation', async () => {
    const { world, process, id } = await scene();
    const parts = { store: world.disk, clock: world.clock, hold: null };
    process.kill();
    const rest = managementAtRest({ ...parts, random: seededRandom(1), payloadBytesMax: 1_000 });
    await expect(rest.call(cancelOperation, { id })).rejects.toMatchObject({
      ...{ code: 'HF_OPTION_INVALID', field: 'id' },
      message: expect.stringContaining('holdfast crises call-off'),
    });
  });
});
