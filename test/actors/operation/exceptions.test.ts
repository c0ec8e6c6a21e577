import { describe, expect, test } from 'vitest';
import { raiseAlerts } from '../../../actors/facts/alerts.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { Exceptions } from '../../../actors/operation/exceptions.ts';
import { stackLocation } from '../../../actors/platform/operationId.ts';
import {
  newOperation,
  type SyncOperationInput,
} from '../../../machines/operation/syncOperationMachine.ts';
import { failureOf, transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const RETRY = { initialDelayMs: 10, delayMsMax: 10, jitterMsMax: 0, attemptsMax: 2 };
const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'basic' } as const;
const DIAGNOSIS = 'depression';
const PLACE = /^TypeError at test\/actors\/operation\/exceptions\.test\.ts:\d+$/;

function begin(run: () => null, options: Partial<RuntimeOptions> = {}) {
  const world = createWorld();
  const told: unknown[] = [];
  const { runtime } = world.boot({
    handlers: { 'payments.push': { upstream: 'default', run } },
    policies: { tiers: { basic: { retry: RETRY } } },
    onError: (error) => told.push(error),
    ...options,
  });
  return { world, runtime, told };
}

/** A defect of a handler, whose message holds what nobody may see. */
function failing(): never {
  throw new TypeError(`Can't read ${DIAGNOSIS}\n    at secret (/${DIAGNOSIS}.js:1:1)`);
}

/** What is told of exceptions that are noted one by one. */
function noting() {
  const clock = new VirtualClock();
  const told: HoldfastError[] = [];
  const facts = new FactStream(clock);
  raiseAlerts({ facts, clock, onAlert: (error) => told.push(error as HoldfastError) });
  const exceptions = new Exceptions({ facts });
  const handler = { upstream: 'default', run: () => null };
  const note = (id: string, thrown: Error): void => {
    const context = { ...newOperation({} as SyncOperationInput), id, type: 'payments.push' };
    exceptions.note({ context, handler }, failureOf(thrown), thrown);
  };
  return { clock, exceptions, told, note };
}

function defect(): Error {
  return new TypeError('x');
}

describe("OP-3 a handler's own exception is never lost", () => {
  test('OP-3 SE-5 that of a headers function is told of too, once a minute', async () => {
    const { world, runtime, told } = begin(() => null, {
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: httpHandler({ baseUrl: 'http://127.0.0.1:65000', headers: failing }),
        },
      },
      policies: {
        tiers: { basic: { retry: { ...RETRY, initialDelayMs: 1_000, delayMsMax: 1_000 } } },
      },
    });
    const { id } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(59_000);
    expect(told).toHaveLength(1);
    const [error] = told as [HoldfastError];
    expect(error).toMatchObject({ code: 'HF_ATTEMPT_FAILED', retry: 'later' });
    expect(error.message).toMatch(/^The handler of payments\.push failed with TypeError at test\//);
    expect(error.cause).toBeInstanceOf(TypeError);
    const view = await world.clock.run(runtime.operations.get(id).view());
    expect(view?.failure?.message).toMatch(/^The headers function failed with TypeError at test\//);
    await world.clock.advance(10_000);
    expect(told).toHaveLength(2);
    expect(JSON.stringify([told, view])).not.toContain(DIAGNOSIS);
    await world.clock.run(runtime.close());
  });

  test('OP-3 SE-5 onError is told where it came from, though nobody awaits', async () => {
    const { world, runtime, told } = begin(failing);
    const { id } = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(60_000);
    expect(told).toHaveLength(1);
    const [error] = told as [HoldfastError];
    expect(error).toMatchObject({ code: 'HF_ATTEMPT_FAILED', retry: 'later' });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.message).toContain('The handler of payments.push failed with TypeError at test/');
    expect(error.message).toContain(id);
    expect(error.message).not.toContain(DIAGNOSIS);
  });

  test('OP-3 SE-5 history, view and outcome say class and place, and no message', async () => {
    const { world, runtime } = begin(failing);
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const outcome = await world.clock.run(operation.outcome);
    const view = await world.clock.run(operation.view());
    expect(view.history).toMatchObject([
      { what: 'failed', attempt: 1, exception: expect.stringMatching(PLACE) as string },
      { what: 'failed', attempt: 2, exception: expect.stringMatching(PLACE) as string },
    ]);
    expect(view.failure?.message).toMatch(/^The handler failed with TypeError at test\/.*:\d+\.$/);
    expect(outcome).toMatchObject({ status: 'deadLettered' });
    expect(JSON.stringify([view, outcome])).not.toContain(DIAGNOSIS);
  });

  test('OP-3 the exception is the cause of the outcome, also when it is asked for afterwards', async () => {
    const { world, runtime } = begin(failing);
    const operation = await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(60_000);
    const outcome = await world.clock.run(runtime.operations.get(operation.id).outcome);
    expect(outcome).toMatchObject({
      status: 'deadLettered',
      error: { code: 'HF_ATTEMPTS_EXHAUSTED', cause: expect.any(TypeError) as TypeError },
    });
  });

  test('OP-3 ten thousand that fail alike are told of once a minute, with their number', async () => {
    const { clock, told, note } = noting();
    for (let failed = 0; failed < 10_000; failed += 1) note(`id-${failed}`, defect());
    expect(told).toHaveLength(1);
    await clock.advance(59_000);
    note('late', defect());
    expect(told).toHaveLength(1);
    await clock.advance(1_000);
    note('later', defect());
    expect(told).toHaveLength(2);
    expect(told[1]?.message).toContain('It did so 10000 times since this was last told.');
  });

  test('OP-3 any number of kinds, and of operations, takes bounded memory', () => {
    const { exceptions, told, note } = noting();
    for (let failed = 0; failed < 10_000; failed += 1) {
      const letters = String(failed).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
      note(`id-${failed}`, Object.assign(new Error('x'), { name: `${letters}Error` }));
    }
    expect(told).toHaveLength(201);
    const kept = Array.from({ length: 10_000 }, (_, at) => exceptions.of(`id-${at}`));
    const first = kept.findIndex((thrown) => thrown !== undefined);
    expect(10_000 - first).toBeGreaterThanOrEqual(1_000);
    expect(10_000 - first).toBeLessThanOrEqual(2_000);
    expect(kept.slice(first)).not.toContain(undefined);
  });

  test('OP-3 a failure that the handler classifies is no exception (control)', async () => {
    const { world, runtime, told } = begin(() => {
      throw transientFailure('Busy.');
    });
    const operation = await world.clock.run(runtime.sync(REQUEST));
    const outcome = await world.clock.run(operation.outcome);
    expect(told).toEqual([]);
    expect(outcome).toMatchObject({ error: { cause: { message: 'Busy.' } } });
    const { history } = await world.clock.run(operation.view());
    for (const entry of history) expect(entry).not.toHaveProperty('exception');
  });
});

describe('OP-3 SE-5 the place of an error', () => {
  function withStack(message: string, stack: unknown): Error {
    return Object.assign(new Error(message), { stack });
  }
  const cwd = process.cwd();

  test.each([
    ['a file of the program', `Error: m\n    at f (file://${cwd}/src/a.js:1:2)`, 'src/a.js:1'],
    ['without a function', `Error: m\n    at ${cwd}/src/a.js:1:2`, 'src/a.js:1'],
    ['with a query', `Error: m\n    at async f (file://${cwd}/a.js?t=12:3:2)`, 'a.js:3'],
    ['a package', 'Error: m\n    at f (/srv/me/x/node_modules/pg/lib/c.js:7:2)', 'pg/lib/c.js:7'],
    ['elsewhere', 'Error: m\n    at f (/srv/me/secret/a.js:7:2)', 'a.js:7'],
    ['Windows', 'Error: m\n    at f (C:\\Users\\me\\a.js:7:2)', 'a.js:7'],
    [
      'beneath Node',
      `Error: m\n    at node:fs:1:2\n    at f (node:fs:9:9)\n    at ${cwd}/a.js:7:2`,
      'a.js:7',
    ],
    ['no frame', 'Error: m', null],
    ['a message that was changed', 'Error: other\n    at f (/a.js:1:2)', null],
    ['no text', 7, null],
  ])('%s', (_, stack, place) => {
    expect(stackLocation(withStack('m', stack))).toBe(place);
  });

  test('OP-3 a message that looks like a frame is not taken for one', () => {
    const message = `m\n    at ${DIAGNOSIS} (/${DIAGNOSIS}.js:1:2)`;
    expect(stackLocation(withStack(message, `Error: ${message}\n    at f (/b.js:3:4)`))).toBe(
      'b.js:3',
    );
    for (const odd of [null, undefined, 1, 'text', {}, Object.create(null)]) {
      expect(stackLocation(odd)).toBe(null);
    }
  });
});
