import { describe, expect, expectTypeOf, test } from 'vitest';
import { createRuntime, defineHandler, type FactOf, type Runtime } from '../../../src/index.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

describe('OB-5 UX-1 runtime.on', () => {
  test('OB-5 UX-1 tells of the facts of one kind, in order, until it is left', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({
      handlers: { 'payments.push': { upstream: 'default', run: () => null } },
    });
    const told: string[] = [];
    const leave = runtime.subscribe('operation.ended', ({ operationId, ending }) => {
      told.push(`${operationId} ${ending}`);
    });
    const first = await clock.run(runtime.sync(REQUEST));
    await clock.run(first.outcome);
    await clock.advance(10);
    expect(told).toEqual([`${first.id} completed`]);
    leave();
    leave();
    await clock.run((await clock.run(runtime.sync(REQUEST))).outcome);
    expect(told).toHaveLength(1);
    await clock.run(runtime.close());
  });

  test('SV-2 OB-5 a listener that throws harms nothing, and onError is told once', async () => {
    const { clock, boot } = createWorld();
    const { runtime, errors } = boot({
      handlers: { 'payments.push': { upstream: 'default', run: () => null } },
    });
    const told: string[] = [];
    runtime.subscribe('operation.accepted', () => {
      throw new Error('A defect of a listener.');
    });
    runtime.subscribe('operation.accepted', ({ operationId }) => told.push(operationId));
    for (let n = 0; n < 3; n += 1) await clock.run(runtime.sync(REQUEST));
    await clock.advance(10);
    expect(told).toHaveLength(3);
    expect(errors.map((error) => (error as Error).message)).toEqual(['A defect of a listener.']);
    await clock.run(runtime.close());
  });

  test('UX-2 OB-5 a kind that there is not is refused, and so is what is no function', () => {
    const { runtime } = createWorld().boot();
    expect(() =>
      runtime.subscribe('operation.deadLettred' as 'operation.ended', () => null),
    ).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'kind' }));
    expect(() => runtime.subscribe('operation.ended', 'tell' as never)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'listener' }),
    );
  });
});

/** Is never called: the compiler reads it. */
export function typed(plain: Runtime): void {
  const push = defineHandler<{ cents: number }, string>()({ upstream: 'payments', run: () => '' });
  const runtime = createRuntime({
    store: ':memory:',
    upstreams: { payments: {} },
    handlers: { 'payments.push': push },
  });
  runtime.subscribe('breaker.changed', (fact) => {
    expectTypeOf(fact.upstream).toEqualTypeOf<'payments' | 'default'>();
    expectTypeOf(fact.to).toEqualTypeOf<FactOf<'breaker.changed'>['to']>();
    // @ts-expect-error: no such upstream
    return fact.upstream === 'payment';
  });
  runtime.subscribe('attempt.failed', ({ upstream, type, status }) => {
    expectTypeOf(upstream).toEqualTypeOf<'payments' | 'default' | null>();
    // A type is offered, and may be another.
    expectTypeOf<'payments.push'>().toExtend<typeof type>();
    expectTypeOf<string>().toExtend<typeof type>();
    expectTypeOf(status).toEqualTypeOf<number | null>();
  });
  runtime.subscribe((fact) => {
    if (fact.kind === 'level.changed') {
      expectTypeOf(fact.upstream).toEqualTypeOf<'payments' | 'default' | null>();
    }
    if (fact.kind === 'crisis.refused') expectTypeOf(fact.code).not.toBeAny();
  });
  // @ts-expect-error: no such kind
  runtime.subscribe('operation.finished', () => null);
  plain.subscribe('breaker.changed', (fact) => {
    expectTypeOf(fact).toEqualTypeOf<FactOf<'breaker.changed'>>();
  });
  // A runtime whose types are known is one.
  const any: Runtime = runtime;
  void any;
}
