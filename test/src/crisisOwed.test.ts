/**
 * A step of the chain that was not told is owed a call until it was told, whatever the network did before
 * (CR-5); and one call is about one person. On virtual time; with killed processes:
 * test/oracle/restart/crisisEscalation.test.ts.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EscalationNotice, Fact } from '../../actors/port.ts';
import {
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import { cases } from '../support/cases.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const MINUTE_MS = 60_000;
const CHAIN = ['on-call', 'clinician', 'emergency'] as const;
type How = 'up' | 'slow' | 'away' | 'silent' | 'refusing' | 'throwing';

interface Told extends EscalationNotice {
  readonly atMs: number;
}

/** Who is told, through lines that are as the test says; the upstream of crises is down. */
class Outside {
  readonly world: World;
  readonly how: Record<string, How> = {};
  /** Each call, and those that were heard. */
  readonly calls: Told[] = [];
  readonly told: Told[] = [];
  readonly facts: Fact[] = [];
  isUpstreamDown = true;
  timeoutMs = 10_000;
  deliveries = 0;

  constructor(world: World) {
    this.world = world;
    this.all('up');
  }

  all(how: How): void {
    for (const name of CHAIN) this.how[name] = how;
  }

  boot(crisis: object = {}): Process {
    const notify = this.#notify;
    const escalation = CHAIN.map((name) => ({ name, notify, timeoutMs: this.timeoutMs }));
    const process = this.world.boot({
      crisis: { escalation, ...crisis },
      handlers: {
        'crisis.alert': {
          upstream: 'default',
          run: () => {
            if (this.isUpstreamDown) throw transientFailure('Down.');
            this.deliveries += 1;
            return null;
          },
        },
      },
    });
    process.runtime.subscribe((fact) => this.facts.push(fact));
    return process;
  }

  steps(of: readonly Told[] = this.told): readonly string[] {
    return of.map(({ step }) => step);
  }

  readonly #notify = async (
    notice: EscalationNotice,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> => {
    const call = { ...notice, atMs: this.world.clock.now() };
    this.calls.push(call);
    switch (this.how[notice.step]) {
      case 'away':
        throw transientFailure('The line is away.', { notApplied: true });
      case 'refusing':
        throw permanentFailure('Not you.', { status: 403 });
      case 'throwing':
        throw new Error('A defect.');
      case 'silent':
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(unknownOutcome('No answer.'));
          });
        });
        return;
      case 'slow':
        await new Promise<void>((resolve) => {
          this.world.clock.schedule(1_500, resolve);
        });
        this.told.push(call);
        return;
      default:
        this.told.push(call);
    }
  };
}

async function scene(crisis: object = {}, timeoutMs = 10_000) {
  const world = createWorld();
  const outside = new Outside(world);
  outside.timeoutMs = timeoutMs;
  const process = outside.boot(crisis);
  await world.clock.run(process.runtime.ready);
  return { world, outside, process, ...process };
}

async function callForHelp(
  world: World,
  { runtime }: Pick<Process, 'runtime'>,
  subject = 'user-42',
): Promise<string> {
  const { operationId, durable } = await runtime.crisis({ subject, payload: { said: 'help' } });
  await world.clock.run(durable);
  return operationId ?? '';
}

describe('CR-5 nobody is given up on', () => {
  test.each([1, 2, 3, 5, 60])(
    'CR-5 the line is away for %i minutes, the desk stays down: each step is told within 60 s of its return',
    async (minutes) => {
      const { world, outside, process } = await scene();
      outside.all('away');
      await callForHelp(world, process);
      await world.clock.advance(minutes * MINUTE_MS);
      expect(outside.told).toEqual([]);
      outside.all('up');
      const backAtMs = world.clock.now();
      await world.clock.advance(60_000);
      const first = outside.told.map(({ step }) => step);
      if (minutes === 1) expect(first).toContain('on-call');
      else expect(first.toSorted()).toEqual([...CHAIN].toSorted());
      for (const { atMs } of outside.told) expect(atMs - backAtMs).toBeLessThanOrEqual(60_000);
    },
  );

  test('CR-5 a crisis that escalates while a step is told of another of the person is told, too', async () => {
    const { world, outside, process } = await scene({ escalateAfterMs: 5_000 });
    outside.how['on-call'] = 'slow';
    const first = await callForHelp(world, process);
    await world.clock.advance(700);
    const second = await callForHelp(world, process);
    await world.clock.advance(2 * MINUTE_MS);
    const told = outside.told.filter(({ step }) => step === 'on-call');
    expect(told[0]?.operationIds).toEqual([first]);
    expect(told[1]?.operationIds.toSorted()).toEqual([first, second].toSorted());
  });

  test('CR-5 over a restart too: what is owed is told by the next process', async () => {
    const { world, outside, process } = await scene();
    outside.all('away');
    await callForHelp(world, process);
    await world.clock.advance(5 * MINUTE_MS);
    process.kill();
    await world.clock.advance(60 * MINUTE_MS);
    outside.all('up');
    const second = outside.boot();
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(60_000);
    expect(outside.steps().toSorted()).toEqual([...CHAIN].toSorted());
  });

  test('CR-5 a step that was not heard is called every 20 to 40 s, beside those after it', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'away';
    await callForHelp(world, process);
    await world.clock.advance(20 * MINUTE_MS);
    const calls = outside.calls.filter(({ step }) => step === 'on-call');
    const gaps = calls.slice(3).map(({ atMs }, at) => atMs - (calls[at + 2]?.atMs ?? 0));
    expect(gaps.length).toBeGreaterThan(20);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(20_000);
      expect(gap).toBeLessThanOrEqual(41_000);
    }
    expect(outside.steps()).toEqual(['clinician', 'emergency']);
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(calls.every(({ again }) => !again)).toBe(true);
    // Not everybody was told, so that it is not exhausted.
    expect(outside.facts.filter(({ kind }) => kind === 'crisis.exhausted')).toEqual([]);
    outside.all('up');
    await world.clock.advance(60_000);
    expect(outside.steps().at(-1)).toBe('on-call');
  });

  test('CR-5 one that may have been heard: under the same key, after 2 min growing to 5, and "again"', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'silent';
    await callForHelp(world, process);
    await world.clock.advance(30 * MINUTE_MS);
    const calls = outside.calls.filter(({ step }) => step === 'on-call');
    const gaps = calls.slice(1).map(({ atMs }, at) => atMs - (calls[at]?.atMs ?? 0) - 10_000);
    expect(gaps[0]).toBeGreaterThanOrEqual(119_000);
    expect(gaps[0]).toBeLessThanOrEqual(135_000);
    expect(Math.max(...gaps)).toBeGreaterThan(250_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(300_000);
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(calls.map(({ again }) => again)).toEqual(calls.map((_, at) => at > 0));
    expect(outside.calls[1]?.step).toBe('clinician');
  });

  test('CR-5 one that refuses makes way at once, is told of, and is called every 5 minutes', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'refusing';
    await callForHelp(world, process);
    while (outside.calls.length < 2) await world.clock.advance(100);
    const [one, two] = outside.calls;
    expect([one?.step, two?.step]).toEqual(['on-call', 'clinician']);
    expect((two?.atMs ?? 0) - (one?.atMs ?? 0)).toBeLessThan(1_000);
    expect(process.runtime.getHealthStatus().reasons.join()).toContain('on-call of');
    const message = expect.stringContaining('refuses to be told');
    expect(process.errors).toContainEqual(expect.objectContaining({ message }));
    await world.clock.advance(21 * MINUTE_MS);
    const calls = outside.calls.filter(({ step }) => step === 'on-call');
    expect(calls.length).toBe(5);
    outside.all('up');
    await world.clock.advance(5 * MINUTE_MS);
    expect(outside.steps()).toContain('on-call');
    expect(process.runtime.getHealthStatus().reasons.join()).not.toContain('refuses its');
  });

  test('CR-5 a callback that throws ten times in a row is one that refuses', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'throwing';
    await callForHelp(world, process);
    await world.clock.advance(30 * MINUTE_MS);
    const calls = outside.calls.filter(({ step }) => step === 'on-call');
    const gaps = calls.slice(1).map(({ atMs }, at) => atMs - (calls[at]?.atMs ?? 0));
    expect(gaps.slice(0, 9).every((gap) => gap < 45_000)).toBe(true);
    expect(gaps.slice(9).every((gap) => gap > 265_000)).toBe(true);
    expect(gaps.length).toBeGreaterThan(12);
  });

  test('CR-5 every step told and nobody has taken it on: after 30 minutes the chain begins anew, then every 2 hours', async () => {
    const { world, outside, process } = await scene();
    await callForHelp(world, process);
    await world.clock.advance(6 * 60 * MINUTE_MS);
    const begun = outside.told.filter(({ step }) => step === 'on-call');
    const gaps = begun.slice(1).map(({ atMs }, at) => (atMs - (begun[at]?.atMs ?? 0)) / MINUTE_MS);
    // Three steps of five minutes each come before.
    expect(gaps[0]).toBeCloseTo(45, 0);
    expect(gaps[1]).toBeCloseTo(135, 0);
    expect(begun.map(({ again }) => again)).toEqual([false, true, true, true]);
    const keys = begun.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).toBe(begun.length);
    outside.isUpstreamDown = false;
    await world.clock.advance(MINUTE_MS);
    const before = outside.calls.length;
    await world.clock.advance(24 * 60 * MINUTE_MS);
    expect([outside.deliveries, outside.calls.length]).toEqual([1, before]);
  });

  test('CR-5 a success wakes what is owed to the same step', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'refusing';
    await callForHelp(world, process, 'anna');
    await world.clock.advance(2 * MINUTE_MS);
    outside.all('up');
    await callForHelp(world, process, 'ben');
    // Ben's first call is heard; Anna's would be tried in up to 5 minutes.
    await world.clock.advance(70_000);
    expect(
      outside.told.filter(({ step }) => step === 'on-call').map(({ subject }) => subject),
    ).toEqual(['ben', 'anna']);
  });

  test('CR-5 the waits can be shortened, and none be longer', async () => {
    const { world, outside, process } = await scene({ pace: { notHeardMs: 2_000 } });
    outside.all('away');
    await callForHelp(world, process);
    await world.clock.advance(5 * MINUTE_MS);
    outside.all('up');
    await world.clock.advance(3_000);
    expect(outside.steps().toSorted()).toEqual([...CHAIN].toSorted());
    for (const pace of [{ notHeardMs: 40_001 }, { refusedMs: 999 }, { anew: 5_000 }]) {
      expect(() => outside.boot({ pace })).toThrow(
        expect.objectContaining({
          code: 'HF_OPTION_INVALID',
          field: `crisis.pace.${Object.keys(pace)[0]}`,
        }),
      );
    }
  });

  test('CR-5 nothing is owed by a step that is in the chain no more', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'away';
    await callForHelp(world, process);
    await world.clock.advance(2 * MINUTE_MS);
    process.kill();
    outside.all('up');
    const escalation = [
      {
        name: 'desk',
        notify: (notice: EscalationNotice) => outside.told.push({ ...notice, atMs: 0 }),
      },
    ];
    const second = outside.boot({ escalation });
    await world.clock.run(second.runtime.ready);
    await world.clock.advance(20 * MINUTE_MS);
    expect(outside.steps()).toEqual(['clinician', 'desk']);
  });
});

describe('CR-5 one call for one person', () => {
  test('CR-5 300 crises of one subject are a few calls, with a count that is refreshed', async () => {
    const { world, outside, process } = await scene();
    const ids: string[] = [];
    for (let one = 0; one < 300; one += 1) ids.push(await callForHelp(world, process));
    await world.clock.advance(4 * MINUTE_MS);
    expect(outside.calls.length).toBeLessThanOrEqual(5);
    expect(outside.steps()).toEqual(outside.calls.map(() => 'on-call'));
    const last = outside.told.at(-1);
    expect(last).toMatchObject({ count: 300, people: 1, subject: 'user-42' });
    expect(new Set(outside.told.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(
      outside.told.length,
    );
    for (const id of ids) {
      const { steps } = await world.clock.run(process.runtime.crises.show(id));
      expect(steps.map(({ name, outcome }) => [name, outcome])).toEqual([['on-call', 'told']]);
    }
    // The next step is told once of all of them.
    await world.clock.advance(6 * MINUTE_MS);
    const next = outside.told.filter(({ step }) => step === 'clinician');
    expect(next.length).toBeLessThanOrEqual(2);
    expect(next[0]).toMatchObject({ count: 300 });
  });

  test('CR-5 of 300 people the first 20 are told of one by one, the others by a digest', async () => {
    const { world, outside, process } = await scene();
    for (let one = 0; one < 300; one += 1) await callForHelp(world, process, `user-${one}`);
    await world.clock.advance(3 * MINUTE_MS);
    const digests = outside.told.filter(({ subject }) => subject === null);
    expect(outside.told.length - digests.length).toBe(20);
    expect(digests.length).toBeLessThanOrEqual(4);
    expect(digests.at(-1)).toMatchObject({ count: 300, people: 300 });
    const open = await world.clock.run(process.runtime.crises.list());
    expect(open.every(({ toldAtMs }) => toldAtMs !== null)).toBe(true);
  });

  test('CR-5 300 people behind a first step that hangs: step two is told of all within a minute', async () => {
    const { world, outside, process } = await scene();
    outside.how['on-call'] = 'silent';
    for (let one = 0; one < 300; one += 1) await callForHelp(world, process, `user-${one}`);
    const fromMs = world.clock.now();
    await world.clock.advance(110_000);
    const heard = outside.told.filter(({ step }) => step === 'clinician');
    expect(heard.at(-1)).toMatchObject({ people: 300 });
    const open = await world.clock.run(process.runtime.crises.list());
    const late = open.filter(({ toldAtMs }) => toldAtMs === null || toldAtMs - fromMs > 110_000);
    expect(late).toEqual([]);
  });
});

test('CR-5 a step that may hang for an hour holds up those alone whose call hangs', async () => {
  const { world, outside, process } = await scene({}, 3_600_000);
  outside.how['on-call'] = 'silent';
  for (let one = 0; one < 300; one += 1) await callForHelp(world, process, `user-${one}`);
  await world.clock.advance(180_000);
  const open = await world.clock.run(process.runtime.crises.list());
  // Those of the first twenty, and whoever came just when a digest went out.
  expect(open.filter(({ toldAtMs }) => toldAtMs === null).length).toBeLessThan(100);
});

const anyHow = fc.constantFrom<How>('up', 'away', 'silent', 'refusing', 'throwing');
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ step: fc.constantFrom(...CHAIN), how: anyHow }) },
  { weight: 3, arbitrary: fc.record({ waitMs: fc.integer({ min: 1_000, max: 900_000 }) }) },
  { weight: 1, arbitrary: fc.record({ downMs: fc.integer({ min: 0, max: 600_000 }) }) },
  { weight: 1, arbitrary: fc.record({ person: fc.constantFrom('anna', 'ben') }) },
);

test('CR-5 liveness: whatever came before, once all is well each step is told within 5 min, and somebody within 60 s where none refused or may have heard', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (history) => {
      const world = createWorld();
      const outside = new Outside(world);
      outside.all('away');
      let process = outside.boot();
      await world.clock.run(process.runtime.ready);
      await callForHelp(world, process, 'anna');
      let isDoubtful = false;
      for (const one of history) {
        if ('step' in one) outside.how[one.step] = one.how;
        if ('waitMs' in one) await world.clock.advance(one.waitMs);
        if ('person' in one) await callForHelp(world, process, one.person);
        if ('downMs' in one) {
          process.kill();
          await world.clock.advance(one.downMs);
          process = outside.boot();
          await world.clock.run(process.runtime.ready);
        }
        isDoubtful ||= Object.values(outside.how).some((how) => how !== 'up' && how !== 'away');
      }
      outside.all('up');
      await world.clock.advance(MINUTE_MS);
      const anna = (await world.clock.run(process.runtime.crises.list())).filter(
        ({ subject, escalatedAtMs }) => subject === 'anna' && escalatedAtMs !== null,
      );
      const isTold = anna.some(({ toldAtMs }) => toldAtMs !== null);
      if (!isDoubtful && anna.length > 0) expect(isTold).toBe(true);
      await world.clock.advance(5 * MINUTE_MS);
      const open = await world.clock.run(process.runtime.crises.list());
      for (const { toldAtMs, escalatedAtMs } of open) {
        expect([escalatedAtMs, toldAtMs]).not.toContain(null);
      }
    }),
    { numRuns: cases(10, 40) },
  );
});
