import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor } from 'xstate';
import { decodeSnapshot } from '../../../actors/charts/snapshots.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import { isCrisisContext } from '../../../machines/crisis/crisisShape.ts';
import { crisisModeMachine } from '../../../machines/crisisMode/crisisModeMachine.ts';
import { degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { checkDegradationPolicy } from '../../../machines/policy/service/degradationPolicy.ts';
import { schedulerMachine } from '../../../machines/scheduler/schedulerMachine.ts';
import type { Standing } from '../../../machines/vocabulary/standing.ts';
import { TEST_PACING } from '../../support/harness/breakerHarness.ts';
import { CRISIS_INPUT } from '../../support/harness/crisisHarness.ts';

const FOLDER = new URL('../../fixtures/snapshots/', import.meta.url);

/** The charts whose snapshots are kept, each with an input to begin from. */
const KEPT: readonly (readonly [machine: AnyStateMachine, input: unknown])[] = [
  [
    syncOperationMachine,
    {
      id: 'id',
      type: 'payments.push',
      subject: 'user-1',
      entity: { type: 'subscription', id: 's-1' },
      tier: 'basic',
      priority: 'normal',
      idempotencyKey: 'key',
      fingerprint: 'f',
      method: null,
      path: null,
      acceptedAtMs: 1,
      expiresAtMs: null,
      attemptsMax: 5,
    },
  ],
  [crisisMachine, CRISIS_INPUT],
  [crisisModeMachine, { scope: 'subject' }],
  [circuitBreakerMachine, { upstream: 'payments', policy: TEST_PACING }],
  [schedulerMachine, { upstream: 'payments' }],
  [degradationMachine, { scope: 'payments', policy: checkDegradationPolicy(undefined, 'policy') }],
];

const fixtures = readdirSync(FOLDER)
  .filter((name) => /^\w+\.\d+\.json$/.test(name))
  .flatMap((name) => {
    const [id = '', version = ''] = name.split('.');
    const texts = readJson(name) as Record<string, string>;
    return Object.entries(texts).map(([what, text]) => ({ id, version, what, text }));
  });

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}

function machineOf(id: string): AnyStateMachine {
  const found = KEPT.find(([machine]) => machine.id === id);
  if (found === undefined) throw new Error(`no chart ${id}`);
  return found[0];
}

/** What kind of value stands where in a context. */
function shapeOf(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object') return typeof value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, shapeOf(field)]),
  );
}

/** What version 1 of an operation kept as accepted: where its row stood, and what that is today. */
const ACCEPTED: Readonly<Record<string, { readonly standing: Standing; readonly value: string }>> =
  {
    afterStrict: { standing: 'held', value: 'inLane' },
    inHand: { standing: 'inHand', value: 'ordering' },
    inLane: { standing: 'held', value: 'inLane' },
    waiting: { standing: 'due', value: 'waiting' },
  };

test.each(fixtures)(
  'PS-3 $what, kept by $id $version, goes on today',
  ({ id, version, what, text }) => {
    const machine = machineOf(id);
    const stored = JSON.parse(text) as { value: unknown; context: object };
    const accepted = stored.value === 'accepting' ? ACCEPTED[what] : undefined;
    const { snapshot } = decodeSnapshot(machine, text, { standing: accepted?.standing });
    // A version of the crisis's chart with fewer regions has a test of its own.
    if (id !== crisisMachine.id || version === machine.version) {
      expect(snapshot.value).toEqual(accepted?.value ?? stored.value);
    }
    // What a later version keeps otherwise is tested with its migration.
    const isOwn = version === machine.version || id === syncOperationMachine.id;
    if (isOwn) expect(snapshot.context).toMatchObject(stored.context);
    const actor = createActor(machine, { snapshot, input: undefined });
    expect(() => actor.start()).not.toThrow();
    expect(actor.getSnapshot().status).not.toBe('error');
    actor.stop();
  },
);

test.each(['1', '2'])(
  'PS-3 CB-4 an order that version %s of the breaker kept holds, beside others, until it is let go',
  (version) => {
    const texts = readJson(`circuitBreaker.${version}.json`) as Record<string, string>;
    const { snapshot } = decodeSnapshot(circuitBreakerMachine, texts['breaker:shaky'] ?? '');
    const actor = createActor(circuitBreakerMachine, { snapshot, input: undefined as never });
    actor.start();
    const orders = [
      { type: 'operator.disabled', by: 'ben' },
      { type: 'operator.released', by: 'ben' },
      // It is another's.
      { type: 'operator.released', by: 'ben', of: 'ben' },
      { type: 'operator.released' },
    ] as const;
    const states = orders.map((order) => {
      actor.send({ ...order, atMs: 1 });
      return actor.getSnapshot().value;
    });
    expect(states).toEqual(['forcedOpen', 'forcedOpen', 'forcedOpen', 'halfOpen']);
  },
);

describe('PS-3 CR-5 a crisis that version 1 kept', () => {
  const texts = readJson('crisis.1.json') as Record<string, string>;

  test.each([
    ['sent', 'awaitingPlace', 'quiet', null],
    ['withoutHandler', 'awaitingHandler', 'quiet', null],
    ['backingOff', 'fastBackoff', 'quiet', null],
    ['escalating', 'pacing', 'notifyDue', 1_000_000],
    ['pacing', 'pacing', 'notifyDue', 1_000_000],
    ['callingOff', 'callingOff', 'ended', null],
    ['delivered', 'delivered', 'ended', null],
    ['calledOff', 'calledOff', 'ended', null],
  ] as const)(
    'PS-3 CR-5 %s: its chain begins where nobody was told yet',
    (what, delivery, escalation, sinceAtMs) => {
      const { snapshot } = decodeSnapshot(crisisMachine, texts[what] ?? '');
      expect(snapshot.value).toEqual({ record: 'durable', delivery, escalation });
      expect(snapshot.context.escalation).toMatchObject({ sinceAtMs, steps: [], decisions: [] });
      expect(isCrisisContext(snapshot.context)).toBe(true);
      expect(snapshot.context).not.toHaveProperty('escalatedAtMs');
    },
  );
});

describe('PS-3 an accepted operation of version 1 is read by where its row stands', () => {
  const texts = readJson('syncOperation.1.json') as Record<string, string>;
  const read = (standing?: Standing) =>
    decodeSnapshot(syncOperationMachine, texts['waiting'] ?? '', { standing }).snapshot.value;

  test.each([
    ['inHand', 'ordering'],
    ['due', 'waiting'],
    ['held', 'inLane'],
  ] as const)('%s: %s', (standing, value) => {
    expect(read(standing)).toBe(value);
  });

  test.each([undefined, 'settled', 'deadLettered', 'quarantined'] as const)(
    'control: %s, it is refused, not guessed',
    (standing) => {
      expect(() => read(standing)).toThrow(
        expect.objectContaining({ code: 'HF_RECORD_UNSUPPORTED' }),
      );
    },
  );
});

describe('PS-3 what is kept of a chart changes only with its version', () => {
  const recorded = readJson('shapes.json') as Record<string, unknown>;

  test.each(KEPT.map(([machine, input]) => ({ id: machine.id, machine, input })))(
    '$id',
    ({ machine, input }) => {
      const { context } = createActor(machine, { input }).getSnapshot() as { context: unknown };
      // Where this fails: a state that is new may be added to the record. For anything else, give the
      // chart its next version, write a step in actors/charts/snapshotMigrations.ts, and keep fixtures of both.
      expect({
        version: machine.version,
        states: Object.keys(machine.states).toSorted(),
        context: shapeOf(context),
      }).toEqual(recorded[machine.id]);
    },
  );

  test('there are snapshots of every version of each', () => {
    for (const [machine] of KEPT) {
      for (let version = 1; version <= Number(machine.version); version += 1) {
        const found = fixtures.filter(
          (fixture) => fixture.id === machine.id && fixture.version === String(version),
        );
        expect([machine.id, version, found.length > 0]).toEqual([machine.id, version, true]);
      }
    }
  });
});
