import { describe, expect, test } from 'vitest';
import type { Fact } from '../../src/index.ts';
import { conflictFailure, permanentFailure, transientFailure } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

/** What nobody may find in a fact: whose it is, what it holds, what failed in whose words. */
const CANARIES = {
  subject: 'canary-subject',
  entity: 'canary-entity',
  payload: 'canary-payload',
  response: 'canary-response',
  key: 'canary-key',
  thrown: 'canary-thrown',
  failure: 'canary-failure',
  reason: 'canary-reason',
  field: 'canary-field',
} as const;

const request = (type: string, of: string) =>
  ({
    type,
    subject: CANARIES.subject,
    entity: { type: 'account', id: `${CANARIES.entity}-${of}` },
    tier: 'basic',
    payload: { note: CANARIES.payload },
    idempotencyKey: `${CANARIES.key}-${of}`,
  }) as const;

function leaksOf(facts: readonly unknown[]): readonly string[] {
  const text = JSON.stringify(facts);
  return Object.values(CANARIES).filter((canary) => text.includes(canary));
}

/** A life with nearly everything in it, in two processes on one store. */
async function lived(): Promise<{ readonly facts: readonly Fact[]; readonly late: unknown[] }> {
  const world = createWorld();
  const facts: Fact[] = [];
  const late: unknown[] = [];
  const retry = { initialDelayMs: 10, delayMsMax: 10, jitterMsMax: 0, attemptsMax: 2 };
  const policies = { tiers: { basic: { retry } } };
  const handlers = {
    'a.completes': { upstream: 'default', run: () => ({ said: CANARIES.response }) },
    'a.throws': {
      upstream: 'default',
      run: () => {
        throw new TypeError(CANARIES.thrown);
      },
    },
    'a.fails': {
      upstream: 'default',
      run: () => {
        throw permanentFailure(CANARIES.failure);
      },
    },
    'a.retries': {
      upstream: 'default',
      run: () => {
        throw transientFailure(CANARIES.failure);
      },
    },
    'a.conflicts': {
      upstream: 'default',
      run: () => {
        throw conflictFailure(CANARIES.failure);
      },
    },
    'a.hangs': { upstream: 'default', run: () => new Promise<never>(() => undefined) },
  };
  const first = world.boot({ handlers, policies });
  first.runtime.subscribe((fact) => facts.push(fact));
  for (const type of Object.keys(handlers)) {
    const operation = await world.clock.run(first.runtime.sync(request(type, type)));
    void operation.outcome.then(({ operationId }) => {
      late.push(
        facts.some((fact) => fact.kind === 'operation.ended' && fact.operationId === operationId),
      );
    });
  }
  await world.clock.run(first.runtime.sync(request('a.completes', 'a.completes')));
  const { entity } = request('a.hangs', 'a.hangs');
  const behind = { ...request('a.completes', 'behind'), entity };
  const inLane = await world.clock.run(first.runtime.sync(behind));
  await world.clock.advance(5_000);
  await world.clock.run(inLane.cancel());
  first.runtime.upstream('default').forceOpen(CANARIES.reason);
  await world.clock.run(first.runtime.sync(request('a.completes', 'parked')));
  first.runtime.upstream('default').release();
  await first.runtime.crisis({ subject: CANARIES.subject, payload: { said: CANARIES.payload } });
  await first.runtime.crisis({
    subject: CANARIES.subject,
    [CANARIES.field]: CANARIES.payload,
  } as never);
  await world.clock.advance(1_000);
  first.kill();
  const second = world.boot({ handlers, policies });
  second.runtime.subscribe((fact) => facts.push(fact));
  await world.clock.run(second.runtime.ready);
  await world.clock.advance(60_000);
  await world.clock.run(second.runtime.close());
  await second.runtime.crisis({ subject: CANARIES.subject });
  return { facts, late };
}

describe('OB-5 runtime.subscribe', () => {
  test('OB-5 SE-5 a whole life is told, and nothing of whose it was or what it held', async () => {
    const { facts, late } = await lived();
    const kinds = new Set(facts.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(
      expect.arrayContaining([
        'attempt.failed',
        'attempt.started',
        'attempt.succeeded',
        'breaker.changed',
        'crisis.mended',
        'crisis.refused',
        'handler.threw',
        'level.changed',
        'operation.accepted',
        'operation.duplicated',
        'operation.ended',
        'operation.parked',
        'operation.suspected',
        'override.made',
        'runtime.started',
        'runtime.stopped',
      ]),
    );
    expect(leaksOf(facts)).toEqual([]);
    // Whoever awaits an outcome finds that it was told already.
    expect(late).not.toContain(false);
    for (const fact of facts) expect(Object.isFrozen(fact)).toBe(true);
    const reasons = facts.flatMap((fact) =>
      fact.kind === 'operation.parked' ? [fact.reason] : [],
    );
    expect(reasons).toEqual(
      expect.arrayContaining(['backoff', 'operator', 'conflict', 'handler', 'lane']),
    );
  });

  test('OB-5 SE-5 control: a fact that held one of them would be found', () => {
    expect(leaksOf([{ kind: 'attempt.failed', message: CANARIES.failure }])).toEqual([
      CANARIES.failure,
    ]);
  });

  test('UX-2 what is no function is refused, and whoever left hears nothing more', async () => {
    const world = createWorld();
    const { runtime } = world.boot();
    expect(() => runtime.subscribe(42 as never)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'listener' }),
    );
    const facts: Fact[] = [];
    const leave = runtime.subscribe((fact) => facts.push(fact));
    await world.clock.run(runtime.ready);
    expect(facts).toContainEqual(expect.objectContaining({ kind: 'runtime.started' }));
    const told = facts.length;
    leave();
    await world.clock.run(runtime.close());
    expect(facts).toHaveLength(told);
  });
});
