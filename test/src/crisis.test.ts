import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { HELP_LINES } from '../../src/crisis/helpLines.ts';
import { createRuntime, rawKey } from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { CrisisRequest, Runtime } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PERSON: CrisisRequest = { subject: 'user-42' };

/** A handler for crises, and for everyday work of the same upstream. */
function withRun(run: (attempt: Attempt) => unknown): Partial<RuntimeOptions> {
  const handler = {
    upstream: 'default',
    run: async (attempt: Attempt) => (await run(attempt)) as null,
  };
  return { handlers: { 'crisis.alert': handler, 'payments.push': handler } };
}

async function heldWork(runtime: Runtime): Promise<{ id: string }> {
  return await runtime.sync({ type: 'payments.push', subject: 'user-42', tier: 'premium' });
}

describe('CR-1 a crisis is answered whatever state the runtime is in', () => {
  test('CR-1 SE-4 it is answered and delivered though the key opens no store', async () => {
    const store = tempFolder();
    const first = createRuntime({ store, key: rawKey(Buffer.alloc(32, 1)) });
    await first.ready;
    await first.close();

    let delivered = 0;
    const wrong = createRuntime({
      store,
      key: rawKey(Buffer.alloc(32, 2)),
      ...withRun(() => {
        delivered += 1;
        return null;
      }),
    });
    await expect(wrong.ready).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    const answer = await wrong.crisis(PERSON);
    expect(answer).toMatchObject({ source: 'local', resources: HELP_LINES });
    expect(await answer.delivery).toMatchObject({ status: 'completed' });
    expect(delivered).toBe(1);
    // Control: other work is refused, so the store is really shut.
    await expect(heldWork(wrong)).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    await wrong.close();
  });

  test('CR-1 it is answered in the first moment of the process, and written once the store is open', async () => {
    const { clock, disk, boot } = createWorld();
    const { runtime } = boot(withRun(() => null));
    expect(runtime.getHealthStatus().phase).toBe('starting');
    const answer = await runtime.crisis(PERSON);
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0 });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    await clock.run(answer.durable);
    expect((await disk.find(answer.operationId ?? ''))?.urgency).toBe(0);
  });

  test('CR-1 CR-2 SV-4 after close() it is answered and delivered from memory, and says that it is not kept', async () => {
    const { clock, boot } = createWorld();
    const attempts: number[] = [];
    const { runtime, errors } = boot(
      withRun(({ number, subject }) => {
        expect(subject).toBe(PERSON.subject);
        attempts.push(number);
        if (number < 4) throw new Error('Not yet.');
      }),
    );
    await clock.run(runtime.ready);
    await clock.run(runtime.close());
    const answer = await runtime.crisis(PERSON);
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0, resources: HELP_LINES });
    await expect(answer.durable).rejects.toMatchObject({ code: 'HF_CLOSED' });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed', attempts: 4 });
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(runtime.getHealthStatus().crises).toMatchObject({ unkept: 1, refused: 0 });
    expect(errors.map((error) => String(error))).not.toContainEqual(
      expect.stringContaining('HF_CRISIS_REFUSED'),
    );
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    const next = boot(withRun(() => null)).runtime;
    expect((await clock.run(next.operations.page())).views).toEqual([]);
  });

  test.each([
    ['nothing handles it', {}, 0],
    ['its upstream never takes it', { fails: true }, 10],
  ])(
    'CR-2 SV-4 after close(), where %s, that is told and the process may end',
    async (_, how, tries) => {
      const { clock, boot } = createWorld();
      let calls = 0;
      const run = (): never => {
        calls += 1;
        throw new Error('Down.');
      };
      const { runtime, errors } = boot('fails' in how ? withRun(run) : {});
      await clock.run(runtime.ready);
      await clock.run(runtime.close());
      const { delivery } = await runtime.crisis(PERSON);
      await expect(clock.run(delivery)).rejects.toMatchObject({ code: 'HF_CLOSED' });
      expect(calls).toBe(tries);
      expect(errors.at(-1)).toMatchObject({
        code: 'HF_CRISIS_REFUSED',
        cause: { code: 'HF_CLOSED' },
      });
      await clock.advance(60_000);
      expect(clock.pending).toBe(0);
    },
  );

  test('CR-2 SV-4 while the runtime stops it is delivered, or left on disk for the next', async () => {
    const { clock, boot } = createWorld();
    const delivered: unknown[] = [];
    const hang = withRun(({ payload, priority }) => {
      if (priority !== 'crisis') return new Promise<never>(() => undefined);
      if (payload === 'hangs') return new Promise<never>(() => undefined);
      delivered.push(payload);
      return null;
    });
    const { runtime } = boot(hang);
    await clock.run(runtime.ready);
    await clock.run(heldWork(runtime));
    const closed = runtime.close({ deadlineMs: 1_000 });
    await clock.advance(10);
    expect(runtime.getHealthStatus().phase).toBe('draining');
    const { delivery } = await runtime.crisis({ ...PERSON, payload: 'goes' });
    const { durable } = await runtime.crisis({ ...PERSON, payload: 'hangs' });
    expect(await clock.run(delivery)).toMatchObject({ status: 'completed' });
    await clock.run(durable);
    await clock.run(closed);
    expect(delivered).toEqual(['goes']);
    const next = boot(withRun(({ payload }) => delivered.push(payload))).runtime;
    await clock.run(next.ready);
    await clock.advance(60_000);
    expect(delivered).toContain('hangs');
  });

  test('CR-1 a priority slipped into it does not make it less than a crisis', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot(withRun(() => null));
    await clock.run(runtime.ready);
    runtime.upstream('default').forceOpen('maintenance');
    const answer = await runtime.crisis({ ...PERSON, priority: 'low' } as CrisisRequest);
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
  });

  test('CR-1 SV-2 a handler begins after the answer is given, so one that blocks holds up nobody', async () => {
    const { clock, boot } = createWorld();
    const order: string[] = [];
    const { runtime } = boot(
      withRun(() => {
        order.push('handler');
        return null;
      }),
    );
    await clock.run(runtime.ready);
    const answer = await runtime.crisis(PERSON);
    order.push('answer');
    await clock.run(answer.delivery);
    expect(order).toEqual(['answer', 'handler']);
  });

  test('CR-1 SV-2 a handler that throws within the call breaks no answer', async () => {
    const { clock, boot } = createWorld();
    let calls = 0;
    const { runtime } = boot({
      handlers: {
        'crisis.alert': {
          upstream: 'default',
          run: () => {
            calls += 1;
            if (calls < 3) throw new TypeError('a defect');
            return null;
          },
        },
      },
    });
    await clock.run(runtime.ready);
    const answer = await runtime.crisis(PERSON);
    expect(answer).toMatchObject({ source: 'local', elapsedMs: 0 });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed', attempts: 3 });
  });
});

describe('CR-4 a crisis is durable in the end', () => {
  test('CR-4 while the disk fails it is answered, delivered and held, and written once it is well', async () => {
    const { clock, disk, boot } = createWorld();
    const { runtime, store } = boot(withRun(() => null));
    await clock.run(runtime.ready);
    store.faults.fate = () => 'failsUnwritten';
    const answer = await runtime.crisis(PERSON);
    let isDurable = false;
    void answer.durable.then(() => {
      isDurable = true;
    });
    expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
    await clock.advance(60_000);
    // Kept beside the database.
    expect(isDurable).toBe(true);
    expect(await disk.list({ afterSeq: 0, limit: 10 })).toEqual([]);
    // Control: anything else is refused by then.
    await expect(clock.run(heldWork(runtime))).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
    });

    store.faults.fate = () => 'works';
    await clock.run(answer.durable);
    await clock.advance(10_000);
    expect(await disk.find(answer.operationId ?? '')).toMatchObject({ standing: 'settled' });
  });

  test('CR-1 CR-4 a disk that stalls delays neither the answer nor the delivery', async () => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot(withRun(() => null));
    await clock.run(runtime.ready);
    store.faults.delayMs = () => 60_000;
    const startedAtMs = clock.monotonic();
    const answer = await runtime.crisis(PERSON);
    expect(answer.elapsedMs).toBe(0);
    await clock.run(answer.delivery);
    expect(clock.monotonic() - startedAtMs).toBeLessThan(1_000);
    await clock.run(answer.durable);
    expect(clock.monotonic() - startedAtMs).toBeGreaterThanOrEqual(60_000);
  });
});
