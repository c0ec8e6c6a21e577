import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import {
  conflictFailure,
  permanentFailure,
  transientFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createWorld, type Process, type World } from '../support/harness/engineHarness.ts';

const CANARY = 'canary';
const SECRET: SyncRequest = {
  type: 'payments.push',
  subject: 'canary-subject',
  tier: 'premium',
  payload: { note: 'canary-payload', list: ['canary-item'] },
  base: { version: 'canary-base' },
  entity: { type: 'account', id: 'canary-entity' },
  idempotencyKey: 'canary-key',
};

/** Everything a logger, a console or a reporter may print of `value`, in one text. */
function printed(value: unknown): string {
  const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null };
  const own = value instanceof Error ? [value.message, value.stack, value.toString()] : [];
  return [inspect(value, options), JSON.stringify(value), ...own].join('\n');
}

/** What of `seen` shows a secret; for the message of a failed test. */
function leaks(seen: readonly unknown[]): readonly string[] {
  return seen.map(printed).filter((text) => text.includes(CANARY));
}

/** A process whose every outlet is kept: frames, reports, refusals, outcomes, health. */
class Witness {
  readonly world: World = createWorld();
  readonly seen: unknown[] = [];
  readonly process: Process;

  constructor(run: () => unknown) {
    const handler = { upstream: 'default', run: async () => (await run()) as null };
    this.process = this.world.boot({
      handlers: { 'payments.push': handler, 'crisis.alert': handler },
      payloadBytesMax: 1_000,
      policies: { tiers: { premium: { retry: { attemptsMax: 2 } } } },
      inspect: (frame) => {
        this.seen.push(frame);
      },
      onError: (error) => {
        this.seen.push(error);
      },
    });
  }

  /** What `promise` is rejected with; a test that gets an answer here is wrong. */
  async refused(promise: Promise<unknown>): Promise<HoldfastError> {
    const thrown: unknown = await this.world.clock
      .run(promise)
      .then(() => null)
      .catch((error: unknown) => error);
    this.seen.push(thrown);
    if (thrown instanceof HoldfastError) return thrown;
    throw new Error(`Expected a refusal, got ${typeof thrown}.`);
  }

  lookAtHealth(): void {
    this.seen.push(this.process.runtime.getHealthStatus());
  }
}

describe('SE-5 no secret leaves by an outlet', () => {
  test.each([
    ['completes', () => ({ answer: 'canary-response' }), 'completed'],
    ['is refused', () => Promise.reject(permanentFailure('No.')), 'deadLettered'],
    ['fails to the end', () => Promise.reject(transientFailure('Down.')), 'deadLettered'],
  ] as const)('SE-5 AC-2 of an operation that %s', async (_, run, status) => {
    const witness = new Witness(run);
    const { world, process, seen } = witness;
    const operation = await world.clock.run(process.runtime.sync(SECRET));
    const outcome = await world.clock.run(operation.outcome);
    expect(outcome.status).toBe(status);
    if (outcome.status !== 'completed') seen.push(outcome.error);
    witness.lookAtHealth();
    await world.clock.run(process.runtime.close());
    expect(seen.length).toBeGreaterThan(5);
    expect(leaks(seen)).toEqual([]);
    // Control: the same search finds the person where their name may stand.
    expect(leaks([...seen, SECRET])).toHaveLength(1);
  });

  test('SE-5 of what a handler throws only the kind and the place are kept, never its text', async () => {
    const witness = new Witness(() => {
      throw Object.assign(new TypeError('canary-payload'), { body: 'canary-payload' });
    });
    const { world, process, seen } = witness;
    const operation = await world.clock.run(process.runtime.sync(SECRET));
    const outcome = await world.clock.run(operation.outcome);
    if (outcome.status === 'completed') throw new Error('It can not complete.');
    // What the handler threw itself is handed back as the cause, to the caller alone.
    expect(outcome.error.message).toContain('TypeError');
    seen.push(outcome.error.message, JSON.stringify(outcome.error));
    const { failure, history } = await world.clock.run(operation.view());
    seen.push(failure, history);
    witness.lookAtHealth();
    expect(leaks(seen)).toEqual([]);
  });

  const long = `${CANARY}-`.repeat(100);
  test.each<readonly [string, Partial<Record<keyof SyncRequest, unknown>>, string]>([
    ['type', { type: 'canary of no kind' }, 'HF_REQUEST_INVALID'],
    ['type', { type: 'canary.unknown' }, 'HF_HANDLER_UNKNOWN'],
    ['subject', { subject: long }, 'HF_REQUEST_INVALID'],
    ['entity.id', { entity: { type: 'a', id: long } }, 'HF_REQUEST_INVALID'],
    ['tier', { tier: CANARY }, 'HF_REQUEST_INVALID'],
    ['priority', { priority: CANARY }, 'HF_REQUEST_INVALID'],
    ['idempotencyKey', { idempotencyKey: `${CANARY}\n` }, 'HF_REQUEST_INVALID'],
    ['method', { method: CANARY }, 'HF_REQUEST_INVALID'],
    ['payload', { payload: { canary: () => CANARY } }, 'HF_REQUEST_INVALID'],
    ['payload', { payload: long.repeat(10) }, 'HF_PAYLOAD_TOO_LARGE'],
    ['payload', { payload: 'canary 4111 1111 1111 1111' }, 'HF_CARD_NUMBER_REFUSED'],
    ['expiresAtMs', { expiresAtMs: CANARY }, 'HF_REQUEST_INVALID'],
  ])(
    'SE-5 UX-2 a refusal names the field %s and nothing that is in it',
    async (field, bad, code) => {
      const witness = new Witness(() => null);
      const { world, process, seen } = witness;
      await world.clock.run(process.runtime.ready);
      const request = { ...SECRET, ...bad } as SyncRequest;
      expect(await witness.refused(process.runtime.sync(request))).toMatchObject({ code, field });
      if (code !== 'HF_HANDLER_UNKNOWN') {
        const answer = await process.runtime.crisis({ ...request });
        seen.push(answer.resources, answer.operationId);
        if (answer.operationId === null) await witness.refused(answer.durable);
      }
      expect(leaks(seen)).toEqual([]);
    },
  );

  test('SE-5 nor by what is refused later: another body, a sick disk, a slow one, the close', async () => {
    const witness = new Witness(() => Promise.reject(conflictFailure('Newer.')));
    const { world, process, seen } = witness;
    const { runtime, store } = process;
    await world.clock.run(runtime.sync(SECRET));
    const again = { ...SECRET, payload: 'canary-other' };
    const codes = [(await witness.refused(runtime.sync(again))).code];
    const other = { ...SECRET, idempotencyKey: 'canary-key-2' };
    store.faults.delayMs = () => 10_000;
    codes.push((await witness.refused(runtime.sync(other))).code);
    store.faults.delayMs = () => 0;
    await world.clock.advance(60_000);
    store.faults.fate = () => 'failsUnwritten';
    codes.push((await witness.refused(runtime.sync(other))).code);
    witness.lookAtHealth();
    const unknown = runtime.operations.get('canary-id');
    store.faults.fate = () => 'works';
    await world.clock.advance(60_000);
    codes.push((await witness.refused(unknown.view())).code);
    await world.clock.run(runtime.close());
    codes.push((await witness.refused(runtime.sync(other))).code);
    expect(codes).toEqual([
      'HF_IDEMPOTENCY_CONFLICT',
      'HF_STORE_STALLED',
      'HF_STORE_UNAVAILABLE',
      'HF_OPERATION_UNKNOWN',
      'HF_CLOSED',
    ]);
    expect(leaks(seen)).toEqual([]);
  });
});

describe('SE-5 control: the search finds what is planted', () => {
  const planted: readonly (readonly [string, () => unknown])[] = [
    ['in a message', () => new HoldfastError('HF_INTERNAL', 'It failed: canary.')],
    ['in a cause', () => new HoldfastError('HF_INTERNAL', 'No.', { cause: new Error(CANARY) })],
    ['in a field', () => new HoldfastError('HF_INTERNAL', 'No.', { field: CANARY })],
    ['in a hidden property', () => Object.defineProperty(new Error('No.'), 'x', { value: CANARY })],
    ['deep inside', () => ({ a: [{ b: { c: { d: { e: { f: new Map([[1, CANARY]]) } } } } }] })],
    ['far down a list', () => [...Array<string>(500).fill('nothing'), CANARY]],
  ];
  test.each(planted)('SE-5 control: %s', (_, plant) => {
    expect(leaks([{ harmless: true }, plant()])).toHaveLength(1);
  });

  test('SE-5 control: in what a handler says of its own failure, by onError and outcome', async () => {
    const witness = new Witness(() => Promise.reject(permanentFailure('Refused: canary.')));
    const { world, process, seen } = witness;
    const operation = await world.clock.run(process.runtime.sync(SECRET));
    const outcome = await world.clock.run(operation.outcome);
    if (outcome.status === 'completed') throw new Error('It can not complete.');
    expect(leaks(seen)).toEqual([]);
    expect(leaks([outcome.error])).toHaveLength(1);
  });
});
