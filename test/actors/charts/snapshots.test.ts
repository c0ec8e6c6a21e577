import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor, setup } from 'xstate';
import {
  decodeSnapshot,
  encodeSnapshot,
  type SnapshotMigrations,
} from '../../../actors/charts/snapshots.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import {
  newOperation,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { idOf } from '../../persistence/contract/writes.ts';
import { TEST_PACING } from '../../support/harness/breakerHarness.ts';

function openBreaker() {
  const actor = createActor(circuitBreakerMachine, {
    input: { upstream: 'payments', policy: TEST_PACING },
  }).start();
  actor.send({
    type: 'outage.detected',
    generation: 1,
    cause: 'surprise',
    firstFailureAtMs: 900,
    probes: 1,
    atMs: 1_000,
    draw: 0,
  });
  return actor.getSnapshot();
}

const KEPT = encodeSnapshot(circuitBreakerMachine, openBreaker());

/** The kept text with some fields replaced. */
function keptWith(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(KEPT) as object), ...fields });
}

function codeOf(text: string): string | null {
  try {
    decodeSnapshot(circuitBreakerMachine, text);
    return null;
  } catch (error) {
    return error instanceof HoldfastError ? error.code : `not a HoldfastError: ${String(error)}`;
  }
}

describe('PS-3 an operation is only run with a context of its own shape', () => {
  const context = newOperation({
    id: idOf(1),
    type: 'payments.push',
    subject: 'user-42',
    entity: { type: 'subscription', id: 'sub-1' },
    tier: 'basic',
    priority: 'normal',
    idempotencyKey: 'key',
    fingerprint: null,
    method: null,
    path: null,
    acceptedAtMs: 1,
    expiresAtMs: null,
    attemptsMax: 3,
  });
  const decoded = (given: object): unknown =>
    decodeSnapshot(
      syncOperationMachine,
      encodeSnapshot(syncOperationMachine, { value: 'waiting', context: given }),
    ).snapshot.context;

  test.each(Object.keys(context))('PS-3 one without a %s that fits is refused', (field) => {
    expect(() => decoded({ ...context, [field]: { of: 'another shape' } })).toThrow(
      expect.objectContaining({ code: 'HF_RECORD_MALFORMED' }),
    );
  });

  test('PS-3 control: the context of a new operation is taken', () => {
    expect(decoded(context)).toEqual(context);
  });
});

describe('PS-3 snapshots carry the id and the version of their machine', () => {
  test('PS-3 CB-4 what was encoded is decoded, and a chart goes on from it', () => {
    const { snapshot } = decodeSnapshot(circuitBreakerMachine, KEPT);
    expect(snapshot.value).toBe('open');
    expect(snapshot.context).toEqual(openBreaker().context);
    const actor = createActor(circuitBreakerMachine, {
      snapshot,
      input: { upstream: 'payments', policy: TEST_PACING },
    }).start();
    const dueAtMs = snapshot.context.openUntilAtMs ?? 0;
    actor.send({ type: 'cooldown.due', atMs: dueAtMs - 1 });
    expect(actor.getSnapshot().value).toBe('open');
    actor.send({ type: 'cooldown.due', atMs: dueAtMs });
    expect(actor.getSnapshot().value).toBe('halfOpen');
  });

  test('PS-3 the state to wake up in and what the upstream said are kept with it', () => {
    const response = { paid: [1, null, 'ü'] };
    const woken = { value: 'halfOpen', context: openBreaker().context };
    const answer = { status: 402, headers: { etag: '"v7"' }, body: { code: 'declined' } };
    const text = encodeSnapshot(circuitBreakerMachine, woken, { response, answer });
    const kept = decodeSnapshot(circuitBreakerMachine, text);
    expect(kept.snapshot.value).toBe('halfOpen');
    expect(kept.said).toEqual({ response, answer });
    expect(decodeSnapshot(circuitBreakerMachine, KEPT).said).toEqual({});
  });

  test('PS-3 a snapshot of another machine is refused', () => {
    // Even where its state is one that this machine has too.
    const { context } = openBreaker();
    const alike = encodeSnapshot(circuitBreakerMachine, { value: 'normal', context });
    expect(Object.keys(degradationMachine.states)).toContain('normal');
    expect(() => decodeSnapshot(degradationMachine, alike)).toThrow(
      expect.objectContaining({ code: 'HF_RECORD_UNSUPPORTED' }),
    );
  });

  test.each([
    { title: 'an earlier version that nothing leads from', fields: { version: '0' } },
    { title: 'no version', fields: { version: undefined } },
    { title: 'a version that is no number', fields: { version: 'next' } },
    { title: 'no state', fields: { value: undefined } },
    { title: 'a number for a state', fields: { value: 7 } },
    { title: 'null for a state', fields: { value: null } },
    { title: 'a state inside a state', fields: { value: { open: 'wide' } } },
  ])('PS-3 a snapshot with $title is refused as unsupported', ({ fields }) => {
    expect(codeOf(keptWith(fields))).toBe('HF_RECORD_UNSUPPORTED');
  });

  test.each([
    { title: 'a later version', fields: { version: '3' } },
    { title: 'a much later version', fields: { version: '999', value: { all: 'new' } } },
    { title: 'a state that is not there', fields: { value: 'ajar' } },
    { title: 'the name of something every object has', fields: { value: 'constructor' } },
  ])('PS-3 a snapshot with $title is known as of a later program', ({ fields }) => {
    expect(codeOf(keptWith(fields))).toBe('HF_RECORD_NEWER');
  });

  test('PS-3 what this chart can not run with is of another build where its hash says so, else damage', () => {
    const shut = { value: { open: 'wide' } };
    expect(codeOf(keptWith(shut))).toBe('HF_RECORD_UNSUPPORTED');
    expect(codeOf(keptWith({ ...shut, chart: '00000000' }))).toBe('HF_RECORD_NEWER');
    // What it can run with is taken, whatever build wrote it.
    expect(codeOf(keptWith({ chart: '00000000' }))).toBeNull();
  });

  test('PS-3 the hash is of what a chart does, and not of its words', () => {
    const hashOf = (change: object): unknown => {
      const shut = { on: { opened: 'open' }, ...change };
      const config = { id: 'door', version: '1', initial: 'shut', states: { shut, open: {} } };
      const machine = setup({}).createMachine(config as never) as unknown as AnyStateMachine;
      const text = encodeSnapshot(machine, { value: 'shut', context: {} });
      return (JSON.parse(text) as { readonly chart?: unknown }).chart;
    };
    expect(hashOf({})).toMatch(/^[0-9a-f]{8}$/);
    expect(hashOf({ description: 'It is shut.' })).toBe(hashOf({}));
    expect(hashOf({ on: { opened: { target: 'open', reenter: true } } })).not.toBe(hashOf({}));
  });

  test.each([
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"machine":7,"context":{}}',
    KEPT.slice(0, -1),
    keptWith({ context: undefined }),
    keptWith({ context: null }),
    keptWith({ context: 'text' }),
  ])('PS-3 what is no snapshot is malformed: %s', (text) => {
    expect(codeOf(text)).toBe('HF_RECORD_MALFORMED');
  });

  test('PS-3 garbage of any kind is refused with a code, and its content is not told', () => {
    const refused = expect.stringMatching(/^HF_RECORD_(MALFORMED|UNSUPPORTED|NEWER)$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(codeOf(text)).toEqual(refused);
      }),
    );
    const secret = 'secret-4711';
    expect(() => decodeSnapshot(circuitBreakerMachine, keptWith({ value: secret }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) as string }),
    );
  });
});

describe('PS-3 what an earlier version kept is brought up to date', () => {
  const machine = setup({}).createMachine({
    id: 'door',
    version: '3',
    initial: 'shut',
    states: { shut: {}, ajar: {} },
  });
  const door = (version: string, value: string, context: object): string =>
    JSON.stringify({ machine: 'door', version, value, context, response: 7 });
  const migrations: SnapshotMigrations = {
    door: [
      {
        from: '1',
        to: '2',
        migrate: ({ value, context }) => ({
          value,
          context: { ...(context as object), opened: 0 },
        }),
      },
      {
        from: '2',
        to: '3',
        migrate: ({ value, context }) => {
          if (value === 'broken') throw new Error('can not be mended');
          return { value: value === 'open' ? 'ajar' : value, context };
        },
      },
    ],
  };

  test.each([
    ['1', 'open', { a: 1 }, 'ajar', { a: 1, opened: 0 }],
    ['2', 'shut', { opened: 4 }, 'shut', { opened: 4 }],
    ['3', 'ajar', { opened: 5 }, 'ajar', { opened: 5 }],
  ])('from version %s, step by step', (version, value, context, newValue, newContext) => {
    const kept = decodeSnapshot(machine, door(version, value, context), migrations);
    expect(kept.snapshot).toMatchObject({ value: newValue, context: newContext });
    expect(kept.said.response).toBe(7);
  });

  test.each([
    ['a version from which nothing leads here', door('0', 'shut', {})],
    ['a state that its step can not read', door('2', 'broken', {})],
  ])('but not %s, which is set aside', (_, text) => {
    expect(() => decodeSnapshot(machine, text, migrations)).toThrow(
      expect.objectContaining({ code: 'HF_RECORD_UNSUPPORTED' }),
    );
  });
});
