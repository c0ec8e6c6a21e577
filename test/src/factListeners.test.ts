import { describe, expect, test } from 'vitest';
import type { Fact, Operation } from '../../src/index.ts';
import { transientFailure } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-1', tier: 'premium' } as const;

describe('OB-5 a listener may call the runtime', () => {
  test('OB-5 CB-2 what it sends when a breaker is half open takes no probe that is never made', async () => {
    const world = createWorld();
    const { clock } = world;
    let fails = true;
    const { runtime } = world.boot({
      upstreams: {
        payments: { breaker: { consecutiveFailuresToOpen: 1 } },
      },
      handlers: {
        'payments.push': {
          upstream: 'payments',
          run: () => {
            if (fails) throw transientFailure('down');
            return null;
          },
        },
      },
    });
    await clock.run(runtime.ready);
    const sent: Promise<Operation>[] = [];
    runtime.subscribe((fact) => {
      if (fact.kind === 'breaker.changed' && fact.to === 'halfOpen') {
        fails = false;
        sent.push(runtime.sync(REQUEST));
      }
    });
    const first = await clock.run(runtime.sync(REQUEST));
    await clock.advance(5_000);
    expect(sent).toHaveLength(1);
    expect(runtime.upstream('payments').breaker).toBe('closed');
    for (const operation of [first, await sent[0]]) {
      expect((await operation?.view())?.state).toBe('completed');
    }
    await clock.run(runtime.close());
  });

  test('OB-5 OP-5 a crisis that it cancels at its first attempt is not delivered', async () => {
    const world = createWorld();
    const { clock } = world;
    const called: string[] = [];
    let finish = (): void => undefined;
    const { runtime } = world.boot({
      upstreams: { alerts: { crisisConcurrency: 1 } },
      handlers: {
        'crisis.alert': {
          upstream: 'alerts',
          run: async ({ operationId }) => {
            called.push(operationId);
            await new Promise<void>((resolve) => {
              finish = resolve;
            });
            return null;
          },
        },
      },
      crisis: { type: 'crisis.alert' },
    });
    await clock.run(runtime.ready);
    const facts: Fact[] = [];
    runtime.subscribe((fact) => facts.push(fact));
    const holder = await runtime.crisis({ subject: 'user-1', payload: {} });
    await clock.advance(10);
    const waiting = await runtime.crisis({ subject: 'user-2', payload: {} });
    const id = waiting.operationId ?? '';
    runtime.subscribe((fact) => {
      if (fact.kind === 'attempt.started' && fact.operationId === id) {
        void runtime.operations.get(id).cancel();
      }
    });
    await clock.advance(10);
    finish();
    await clock.advance(1_000);
    expect((await waiting.delivery).status).toBe('cancelled');
    expect(called).toEqual([holder.operationId]);
    const its = facts.flatMap((fact) =>
      'operationId' in fact && fact.operationId === id && fact.kind !== 'override.made'
        ? [fact.kind]
        : [],
    );
    expect(its).toEqual([
      'operation.accepted',
      'attempt.started',
      'crisis.calledOff',
      'attempt.aborted',
      'operation.ended',
    ]);
    await clock.run(runtime.close());
  });
});
