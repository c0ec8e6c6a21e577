import { describe, expect, test } from 'vitest';
import type { Handler } from '../../actors/operation/handler.ts';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { holdWrite } from '../../persistence/port/review.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const UPSTREAMS: RuntimeOptions['upstreams'] = { care: {}, nights: {} };

/** Which state the last process left the crisis in. */
const LEFT = {
  backingOff: () => {
    throw transientFailure('Down.');
  },
  // An attempt that runs when its process ends: in flight at a kill, and interrupted by a stop.
  attempting: async ({ number }) => {
    if (number === 1) throw transientFailure('Down.');
    return await new Promise<never>(() => undefined);
  },
} as const satisfies Record<string, Handler['run']>;

/** A process that takes a crisis, leaves it as `left` says, and ends as `ended` says. */
async function leaveCrisis(
  { clock, boot }: World,
  { left, ended }: { readonly left: keyof typeof LEFT; readonly ended: 'killed' | 'closed' },
): Promise<string> {
  const handler: Handler = { upstream: 'care', run: LEFT[left] };
  const first = boot({ upstreams: UPSTREAMS, handlers: { 'crisis.alert': handler } });
  await clock.run(first.runtime.ready);
  const { operationId, durable } = await first.runtime.crisis({ subject: 'user-42' });
  await clock.run(durable);
  await clock.advance(1_000);
  await end(clock, first, ended);
  return operationId ?? '';
}

async function end(
  clock: World['clock'],
  process: Process,
  ended: 'killed' | 'closed',
): Promise<void> {
  if (ended === 'killed') process.kill();
  else await clock.run(process.runtime.close({ deadlineMs: 100 }));
}

describe('CR-4 OP-7 a crisis of an earlier process, whose handler comes after `ready`', () => {
  const cases = (['backingOff', 'attempting'] as const).flatMap((left) =>
    (['killed', 'closed'] as const).flatMap((ended) =>
      (['care', 'nights'] as const).map((upstream) => ({ left, ended, upstream })),
    ),
  );

  test.each(cases)(
    'CR-4 OP-7 left in $left by a process that was $ended, is delivered through $upstream',
    async ({ left, ended, upstream }) => {
      const world = createWorld();
      const { clock, boot } = world;
      const id = await leaveCrisis(world, { left, ended });
      const { runtime } = boot({ upstreams: UPSTREAMS });
      await clock.run(runtime.ready);
      await clock.advance(3_600_000);
      const delivered: string[] = [];
      const run: Handler['run'] = ({ operationId }) => {
        delivered.push(operationId);
        return null;
      };
      await clock.run(runtime.handle('crisis.alert', { upstream, run }));
      await clock.advance(60_000);
      expect(delivered).toEqual([id]);
      expect((await clock.run(runtime.operations.get(id).view())).state).toBe('delivered');
    },
  );

  test('CR-4 OP-7 handed in again, a handler repeats no delivery that is under way or has its time', async () => {
    const world = createWorld();
    const { clock, boot } = world;
    await leaveCrisis(world, { left: 'backingOff', ended: 'killed' });
    const begunAtMs: number[] = [];
    const { runtime } = boot({ upstreams: UPSTREAMS });
    await clock.run(runtime.ready);
    const handler: Handler = {
      upstream: 'care',
      run: () => {
        begunAtMs.push(clock.monotonic());
        throw transientFailure('Down.');
      },
    };
    for (let given = 0; given < 5; given += 1) {
      await clock.run(runtime.handle('crisis.alert', handler));
    }
    await clock.advance(3_600_000);
    expect(begunAtMs.length).toBeGreaterThan(100);
    expect(new Set(begunAtMs).size).toBe(begunAtMs.length);
  });

  test.each(['is held', 'can not be opened'] as const)(
    'CR-4 OP-7 one taken while the store %s goes once its handler comes',
    async (how) => {
      const { clock, disk, boot } = createWorld();
      await disk.open();
      await disk.commit([holdWrite({ reason: 'restored', sinceAtMs: 7, seqMax: 0 })]);
      await disk.close();
      const { runtime, store } = boot({ upstreams: UPSTREAMS });
      if (how === 'can not be opened') store.open = () => Promise.reject(new Error('No.'));
      await clock.run(runtime.ready.catch(() => null));
      const { delivery } = await runtime.crisis({ subject: 'user-42' });
      await clock.advance(10);
      await clock.run(runtime.handle('crisis.alert', { upstream: 'nights', run: () => null }));
      expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    },
  );
});

describe('CR-2 OP-7 a crisis of a type that nobody handles, nor the one of crises', () => {
  const fall = { subject: 'user-42', type: 'crisis.fall' } as const;
  const handlerOf = (delivered: string[]): Handler => ({
    upstream: 'care',
    run: ({ operationId, type }) => {
      delivered.push(`${operationId} ${type}`);
      return null;
    },
  });

  test.each([
    ['in the same process', 'handle', null],
    ['after a restart', 'handle', 'killed'],
    ['after a stop', 'handle', 'closed'],
    ['with the options of the next process', 'options', 'killed'],
  ] as const)('CR-2 OP-7 goes once that of crises comes, %s', async (_, how, ended) => {
    const { clock, boot } = createWorld();
    const first = boot({ upstreams: UPSTREAMS });
    await clock.run(first.runtime.ready);
    const { operationId, durable } = await first.runtime.crisis(fall);
    await clock.run(durable);
    await clock.advance(60_000);
    const delivered: string[] = [];
    const handlers = { 'crisis.alert': handlerOf(delivered) };
    let { runtime } = first;
    if (ended !== null) {
      await end(clock, first, ended);
      ({ runtime } = boot({ upstreams: UPSTREAMS, ...(how === 'options' ? { handlers } : {}) }));
      await clock.run(runtime.ready);
    }
    if (how === 'handle') await clock.run(runtime.handle('crisis.alert', handlers['crisis.alert']));
    await clock.advance(60_000);
    expect(delivered).toEqual([`${operationId ?? ''} crisis.fall`]);
    const { state } = await clock.run(runtime.operations.get(operationId ?? '').view());
    expect(state).toBe('delivered');
  });

  test('CR-2 OP-7 its own handler comes first, and other work waits for its own', async () => {
    const { clock, boot } = createWorld();
    const [own, ofCrises]: [string[], string[]] = [[], []];
    const { runtime } = boot({
      upstreams: UPSTREAMS,
      handlers: { 'crisis.fall': handlerOf(own), 'crisis.alert': handlerOf(ofCrises) },
    });
    await clock.run(runtime.ready);
    const { delivery } = await runtime.crisis(fall);
    await clock.run(delivery);
    expect([own.length, ofCrises.length]).toEqual([1, 0]);
  });
});
