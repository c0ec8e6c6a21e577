import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import type { CrisisResource } from '../../actors/port.ts';
import { UNDER_WAY_MAX } from '../../machines/policy/crisis/crisisSlotShares.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HELP_LINES } from '../../src/crisis/helpLines.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { CrisisRequest } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const PERSON: CrisisRequest = { subject: 'user-42' };
const WORK: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };

function withRun(run: (attempt: Attempt) => unknown): Partial<RuntimeOptions> {
  const handler = {
    upstream: 'default',
    run: async (attempt: Attempt) => (await run(attempt)) as null,
  };
  return { handlers: { 'crisis.alert': handler, 'payments.push': handler } };
}

async function pass(clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.schedule(ms, resolve);
  });
}

describe('CB-3 deliveries and the breaker', () => {
  test.each(['crisis', 'call'])(
    'CB-3 B13 what was sent before an outage and is answered in it proves nothing: %s',
    async (how) => {
      const { clock, boot } = createWorld();
      const { runtime } = boot(
        withRun(async ({ priority }) => {
          if (priority !== 'crisis') throw transientFailure('Down.', { status: 500 });
          await pass(clock, 8_000);
        }),
      );
      await clock.run(runtime.ready);
      const upstream = runtime.upstream('default');
      const closedBy: string[] = [];
      runtime.subscribe((fact) => {
        if (fact.kind === 'breaker.changed' && fact.to === 'closed') closedBy.push(fact.why);
      });
      const early: Promise<unknown> =
        how === 'crisis'
          ? (await runtime.crisis(PERSON)).delivery
          : runtime.call('default', async () => pass(clock, 8_000), { priority: 'crisis' });
      await clock.advance(10);
      const work = await clock.run(
        Promise.all(Array.from({ length: 8 }, () => runtime.sync(WORK))),
      );
      expect(work).toHaveLength(8);
      await clock.advance(6_000);
      expect(upstream.breaker).not.toBe('closed');
      await clock.run(early);
      expect(upstream.breaker).not.toBe('closed');
      expect(closedBy).toEqual([]);
      const late = await runtime.crisis(PERSON);
      await clock.run(late.delivery);
      // The other work still fails, and may have opened it again by now.
      expect(closedBy).toEqual(['crisisDelivered']);
    },
  );
});

describe('CR-2 deliveries', () => {
  // The last row is the control: with a place for each, the measure shows more than the others allow.
  test.each([
    [undefined, 16],
    [3, 3],
    [40, 40],
  ])(
    'CR-2 with crisisConcurrency %s of 40 at most %i are in flight, and all arrive',
    async (crisisConcurrency, peakExpected) => {
      const { clock, boot } = createWorld();
      let inFlight = 0;
      let peak = 0;
      const arrived = new Set<string>();
      const { runtime } = boot({
        ...withRun(async ({ operationId }) => {
          inFlight += 1;
          peak = Math.max(peak, inFlight);
          await pass(clock, 100);
          inFlight -= 1;
          arrived.add(operationId);
        }),
        upstreams: { default: { crisisConcurrency } },
      });
      await clock.run(runtime.ready);
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, at) => runtime.crisis({ subject: `user-${at}` })),
      );
      expect(answers.every(({ elapsedMs }) => elapsedMs === 0)).toBe(true);
      await clock.run(Promise.all(answers.map(({ delivery }) => delivery)));
      expect(peak).toBe(peakExpected);
      expect(arrived.size).toBe(40);
    },
  );

  test('CR-2 OP-4 crises of one entity go one by one in order, and one that fails lets the next go', async () => {
    const { clock, boot } = createWorld();
    const steps: string[] = [];
    const { runtime } = boot(
      withRun(async ({ payload, number }) => {
        steps.push(`${Number(payload)} begins`);
        // The first takes longest: only waiting for it keeps the order.
        await pass(clock, 40 - 10 * Number(payload));
        steps.push(`${Number(payload)} ends`);
        if (payload === 0 && number < 3) throw transientFailure('Busy.');
      }),
    );
    await clock.run(runtime.ready);
    const entity = { type: 'account', id: 'a1' };
    const answers = await Promise.all(
      [0, 1, 2].map((payload) => runtime.crisis({ ...PERSON, entity, payload })),
    );
    await clock.run(Promise.all(answers.map(({ delivery }) => delivery)));
    const once = (payload: number): readonly string[] => [`${payload} begins`, `${payload} ends`];
    expect(steps).toEqual([0, 1, 2, 0, 0].flatMap(once));
  });

  // The last row is the control: of the subject that hangs, the next one waits for its share.
  test.each([
    ['another subject', 'user-43', 0],
    ['another subject, and what hangs was tried before', 'user-43', 60_000],
    ['the subject that hangs', 'user-42', 0],
  ])('CR-2 B22 hundreds of hanging deliveries: one of %s', async (who, subject, afterMs) => {
    const { clock, boot } = createWorld();
    const begunAtMs = new Map<unknown, number>();
    const { runtime } = boot(
      withRun(async ({ payload }) => {
        if (!begunAtMs.has(payload)) begunAtMs.set(payload, clock.monotonic());
        if (typeof payload === 'number') await new Promise<never>(() => undefined);
      }),
    );
    await clock.run(runtime.ready);
    for (let number = 0; number < 400; number += 1) {
      await runtime.crisis({ ...PERSON, payload: number });
    }
    await clock.advance(afterMs + 500);
    const askedAtMs = clock.monotonic();
    const { delivery } = await runtime.crisis({ subject, payload: 'new' });
    await clock.run(delivery);
    const waitedMs = (begunAtMs.get('new') ?? 0) - askedAtMs;
    if (who === 'the subject that hangs') expect(waitedMs).toBeGreaterThan(400);
    else expect(waitedMs).toBe(0);
  });

  test('CR-2 hanging deliveries of many subjects give their slots back after a second, and are bounded', async () => {
    const { clock, boot } = createWorld();
    let inFlight = 0;
    let peak = 0;
    const { runtime } = boot(
      withRun(async ({ payload, signal }) => {
        if (payload === 'new') return;
        inFlight += 1;
        peak = Math.max(peak, inFlight);
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
        inFlight -= 1;
        throw transientFailure('Hung.');
      }),
    );
    await clock.run(runtime.ready);
    for (let number = 0; number < 700; number += 1) {
      await runtime.crisis({ subject: `user-${number}`, payload: number });
    }
    const { delivery } = await runtime.crisis({ subject: 'user-new', payload: 'new' });
    const askedAtMs = clock.monotonic();
    await clock.run(delivery);
    // More hang than may be under way at once: it waits until one of those has had its time.
    expect(clock.monotonic() - askedAtMs).toBeLessThanOrEqual(30_000);
    await clock.advance(300_000);
    expect(peak).toBeGreaterThan(400);
    expect(peak).toBeLessThanOrEqual(UNDER_WAY_MAX);
  });

  test('CR-2 deliveries take no place of other work', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      ...withRun(({ priority }) => (priority === 'crisis' ? pass(clock, 5_000) : null)),
      upstreams: { default: { concurrency: 1 } },
    });
    await clock.run(runtime.ready);
    const answer = await runtime.crisis(PERSON);
    await clock.advance(10);
    expect(runtime.getHealthStatus().operations.attemptsRunning).toBe(1);
    const work = await clock.run(runtime.sync(WORK));
    await clock.advance(10);
    expect((await clock.run(work.view())).state).toBe('completed');
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });

  test('CR-2 it passes an open breaker, level offline and a busy lane', async () => {
    const { clock, boot } = createWorld();
    const entity = { type: 'account', id: 'a1' };
    const { runtime } = boot(
      withRun(({ priority }) => {
        if (priority !== 'crisis') throw transientFailure('Down.');
      }),
    );
    await clock.run(runtime.ready);
    const head = await clock.run(runtime.sync({ ...WORK, entity }));
    const work = Array.from({ length: 60 }, () => runtime.sync(WORK));
    await clock.run(Promise.all(work));
    await clock.advanceUntil(() => runtime.upstream('default').breaker === 'open');
    expect(runtime.upstream('default').level).toBe('offline');
    expect(['backingOff', 'waiting']).toContain((await clock.run(head.view())).state);
    // Control: work of the same lane waits.
    const next = await clock.run(runtime.sync({ ...WORK, entity }));
    const answer = await runtime.crisis({ ...PERSON, entity });
    await clock.advance(0);
    expect(await answer.delivery).toMatchObject({ status: 'completed', attempts: 1 });
    expect((await clock.run(next.view())).state).toBe('inLane');
    expect(runtime.upstream('default').breaker).toBe('open');
  });
});

describe('CR-3 resources', () => {
  test.each([
    ['none', []],
    ['one of its own', [{ kind: 'contact', name: 'Dr. Example', regions: ['*'], phone: '1' }]],
  ] as const)('CR-3 the built-in help lines follow when an app gives %s', async (_, given) => {
    const own: CrisisResource[] = [...given];
    const { boot } = createWorld();
    const { runtime } = boot({ crisis: { resources: own } });
    own.length = 0;
    const { resources } = await runtime.crisis(PERSON);
    expect(resources).toEqual([
      ...given.map((resource) => ({ ...resource, from: 'app' })),
      ...HELP_LINES.map((line) => ({ ...line, from: 'builtIn' })),
    ]);
  });

  test('CR-3 nobody who was given an answer can take a help line out of the next', async () => {
    const { boot } = createWorld();
    const { runtime } = boot();
    const { resources } = await runtime.crisis(PERSON);
    expect(() => (resources as unknown as CrisisResource[]).pop()).toThrow(TypeError);
    expect(() => Object.assign(resources[0] ?? {}, { phone: '' })).toThrow(TypeError);
    expect((await runtime.crisis(PERSON)).resources).toMatchObject(HELP_LINES);
    expect(HELP_LINES.length).toBeGreaterThan(0);
  });

  test.each([
    ['in time', 100, 'upstream', 100],
    ['late', 500, 'local', 150],
  ] as const)(
    'CR-1 with localAfterMs an upstream that answers %s',
    async (_, takesMs, source, elapsedMs) => {
      const { clock, boot } = createWorld();
      const { runtime } = boot({
        ...withRun(() => pass(clock, takesMs)),
        crisis: { localAfterMs: 150 },
      });
      await clock.run(runtime.ready);
      const answer = await clock.run(runtime.crisis(PERSON));
      expect(answer).toMatchObject({ source, elapsedMs, resources: HELP_LINES });
      expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    },
  );

  test('CR-1 with localAfterMs an upstream that refuses leaves the local answer', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      ...withRun(() => {
        throw permanentFailure('No.');
      }),
      crisis: { localAfterMs: 150 },
    });
    await clock.run(runtime.ready);
    const answer = await clock.run(runtime.crisis(PERSON));
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 150 });
  });

  test('CR-1 with localAfterMs one that is cancelled meanwhile was not answered by the upstream', async () => {
    const { clock, boot } = createWorld();
    let id = '';
    const { runtime } = boot({
      ...withRun(async ({ operationId }) => {
        id = operationId;
        await pass(clock, 10_000);
      }),
      crisis: { localAfterMs: 150 },
    });
    await clock.run(runtime.ready);
    const answering = runtime.crisis(PERSON);
    await clock.advance(50);
    await clock.run(runtime.operations.get(id).cancel());
    const answer = await clock.run(answering);
    expect(answer).toMatchObject({ source: 'local', resources: HELP_LINES });
    // Its handler was at work, and did it all the same.
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });
});

describe('CR-4 it is retried without end', () => {
  test.each([
    ['refuses it (400)', () => permanentFailure('No.', { status: 400 }), 'deadLettered'],
    ['finds a conflict (409)', () => conflictFailure('Newer.', { status: 409 }), 'conflicted'],
    ['leaves the outcome unknown', () => unknownOutcome('Cut off.'), 'inReview'],
    ['is down', () => transientFailure('Down.'), 'deadLettered'],
  ] as const)('CR-4 RT-2 an upstream that %s does not end it', async (_, failure, other) => {
    const { clock, boot } = createWorld();
    let isWell = false;
    let crises = 0;
    const handler = {
      upstream: 'default',
      honoursIdempotencyKey: false,
      run: ({ priority }: Attempt) => {
        if (priority === 'crisis') crises += 1;
        if (!isWell) throw failure();
        return null;
      },
    };
    const { runtime } = boot({ handlers: { 'crisis.alert': handler, 'payments.push': handler } });
    await clock.run(runtime.ready);
    runtime.upstream('default').disable();
    const answer = await runtime.crisis(PERSON);
    // Control: anything else is given up or left to a person. A breaker that is switched off tells of
    // no outage, so that each failure is the operation's own.
    const work = await clock.run(runtime.sync({ ...WORK, tier: 'trial' }));
    await clock.advance(3_600_000);
    expect((await clock.run(work.view())).state).toBe(other);
    expect(crises).toBeGreaterThan(100);
    const crisis = runtime.operations.get(answer.operationId ?? '');
    expect((await clock.run(crisis.view())).state).toBe('pacing');
    isWell = true;
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });

  test('CR-4 RT-2 Retry-After does not push it beyond 30 s', async () => {
    const { clock, boot } = createWorld();
    const begunAtMs = { crisis: [] as number[], work: [] as number[] };
    const { runtime } = boot(
      withRun(({ priority }) => {
        begunAtMs[priority === 'crisis' ? 'crisis' : 'work'].push(clock.monotonic());
        throw transientFailure('Later.', { status: 429, retryAfterMs: 3_600_000 });
      }),
    );
    await clock.run(runtime.ready);
    runtime.upstream('default').disable();
    await runtime.crisis(PERSON);
    await clock.run(runtime.sync(WORK));
    await clock.advance(600_000);
    const gapsMs = begunAtMs.crisis
      .slice(1)
      .map((at, index) => at - (begunAtMs.crisis[index] ?? 0));
    expect(gapsMs.length).toBeGreaterThanOrEqual(19);
    expect(Math.max(...gapsMs)).toBeLessThanOrEqual(30_000);
    // Control: other work does as it was asked.
    expect(begunAtMs.work).toHaveLength(1);
  });
});

describe('CR-2 what is set for other work', () => {
  test('CR-2 where attempts may take half a second, an upstream that takes 4 s has its crises', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      ...withRun(() => pass(clock, 4_000)),
      policies: { defaults: { attemptTimeoutMs: 500 } },
    });
    await clock.run(runtime.ready);
    const { delivery } = await runtime.crisis(PERSON);
    expect((await clock.run(delivery)).attempts).toBe(1);
  });
});
