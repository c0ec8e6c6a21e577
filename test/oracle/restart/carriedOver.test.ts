/**
 * What a restart takes over: breakers, due times, work without a handler, crises.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { decodeSnapshot } from '../../../actors/charts/snapshots.ts';
import {
  breakerDue,
  circuitBreakerMachine,
} from '../../../machines/breaker/circuitBreakerMachine.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { LedgerTask } from '../../support/process/ledgerServer.ts';
import { type Child, RestartScene } from './restartScene.ts';

/** Longer than the restarts of a test take on a busy machine. */
const WAIT_MS = 5_000;

function request(task: LedgerTask, more: Partial<SyncRequest> = {}): SyncRequest {
  return {
    type: 'ledger.put',
    subject: 'subject-1',
    tier: 'premium',
    idempotencyKey: `key-${task.number}`,
    payload: { ...task },
    ...more,
  };
}

/** Hands in a request; resolves with its id once it is accepted, and with it every earlier write. */
async function submit(child: Child, given: SyncRequest): Promise<string> {
  child.order({ order: 'submit', requests: [given], inFlightMax: 1 });
  return (await child.until('accepted', ({ key }) => key === given.idempotencyKey)).id;
}

async function breakerState(child: Child, number: number): Promise<string> {
  child.order({ order: 'breaker' });
  await child.until('breaker', () => child.events.filter(isBreaker).length >= number);
  return child.events.filter(isBreaker).at(-1)?.state ?? '';
}

function isBreaker(event: Child['events'][number]) {
  return event.event === 'breaker';
}

/** Finds the one key under which it came, before and after the kill. */
function keyOf({ ledger }: RestartScene, number: number): string {
  const keys = new Set(ledger.requests.flatMap((one) => (one.number === number ? [one.key] : [])));
  expect(keys.size).toBe(1);
  return [...keys][0] ?? '';
}

test('CB-4 an open breaker is still open after kill -9, for the rest of its time', async () => {
  const breaker = { consecutiveFailuresToOpen: 3 };
  const options = { upstreams: { ledger: { breaker, flow: { probeMsMin: WAIT_MS } } } };
  const scene = await RestartScene.open();
  const endsAtMs = async (): Promise<number | undefined> => {
    const kept = await scene.componentAtRest('breaker:ledger');
    return breakerDue(decodeSnapshot(circuitBreakerMachine, kept).snapshot)?.atMs;
  };

  const first = scene.start({ options });
  scene.ledger.isDown = true;
  const id = await submit(first, request({ number: 1 }));
  let asked = 0;
  do asked += 1;
  while ((await breakerState(first, asked)) !== 'open');
  await submit(first, request({ number: 2 }));
  await first.kill();
  scene.ledger.isDown = false;
  const before = scene.ledger.requests.length;
  const dueAtMs = (await endsAtMs()) ?? 0;

  const second = scene.start({ options });
  await second.until('ready');
  expect(await breakerState(second, 1)).toBe('open');
  await submit(second, request({ number: 3 }));
  await second.kill();
  expect(await endsAtMs()).toBe(dueAtMs);

  const third = scene.start({ options });
  third.order({ order: 'watch', ids: [id] });
  const { outcome } = await third.until('outcome');
  expect(outcome.status).toBe('completed');
  const later = scene.ledger.requests.slice(before);
  expect(later.every(({ atMs }) => atMs >= dueAtMs)).toBe(true);
});

test('RT-4 SV-3 a pending retry is neither reset nor shortened nor lengthened by restarts', async () => {
  const premium = { initialDelayMs: WAIT_MS, delayMsMax: WAIT_MS, jitterMsMax: 0 };
  const options = { policies: { tiers: { premium: { retry: premium } } } };
  const scene = await RestartScene.open();
  const first = scene.start({ options });
  const id = await submit(first, request({ number: 1, busyUpTo: 1 }));
  await first.untilState(id, 'backingOff');
  await submit(first, request({ number: 2 }));
  await first.kill();
  const { row, context } = await scene.rowAtRest(id);
  expect(row.standing).toBe('due');
  // Two clocks that began together differ by the time that the disk took.
  expect(Math.abs((row.dueAtMs ?? 0) - context.wakeAtMs)).toBeLessThan(WAIT_MS / 2);
  expect(context).toMatchObject({ attempt: 1, isSpent: true, crashes: 0 });

  const second = scene.start({ options });
  await submit(second, request({ number: 3 }));
  await second.kill();
  expect((await scene.rowAtRest(id)).row).toEqual(row);

  const third = scene.start({ options });
  third.order({ order: 'watch', ids: [id] });
  const { outcome } = await third.until('outcome');
  expect(outcome).toMatchObject({ status: 'completed', attempts: 2 });
  const attempts = scene.ledger.requests.filter(({ number }) => number === 1);
  expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(attempts[1]?.atMs).toBeGreaterThanOrEqual(row.dueAtMs ?? Number.POSITIVE_INFINITY);
});

test('OP-7 without its handler work of every state waits after a restart, and registering the handler revives it', async () => {
  const type = 'ledger.old';
  const lane = { type, entity: { type: 'account', id: '1' } };
  const options = {
    policies: { tiers: { premium: { retry: { initialDelayMs: 1_000, delayMsMax: 1_000 } } } },
  };
  const scene = await RestartScene.open();
  const first = scene.start({ options, types: [type] });
  const backingOff = await submit(first, request({ number: 1, busyUpTo: 1 }, { type }));
  const inFlight = await submit(first, request({ number: 2, latencyMs: 60_000 }, lane));
  const inLane = await submit(first, request({ number: 3 }, lane));
  await first.untilState(backingOff, 'backingOff');
  await first.while(scene.ledger.request(({ number }) => number === 2));
  await submit(first, request({ number: 4 }, { type }));
  await first.kill();

  // Two rounds make sure that its wait is on disk, too.
  for (const _ of ['first', 'second']) {
    const child = scene.start({ options });
    await child.untilState(backingOff, 'handlerMissing');
    await child.untilState(inFlight, 'handlerMissing');
    await child.untilState(inLane, 'inLane');
    await submit(child, request({ number: child.events.length + 100 }));
    await child.kill();
  }

  const last = scene.start({ options });
  await last.until('ready');
  scene.ledger.hurry();
  last.order({ order: 'handle', type });
  last.order({ order: 'watch', ids: [backingOff, inFlight, inLane] });
  for (const [id, attempts] of [
    [backingOff, 2],
    [inFlight, 1],
    [inLane, 1],
  ] as const) {
    const { outcome } = await last.until('outcome', (event) => event.id === id);
    expect(outcome).toMatchObject({ status: 'completed', attempts });
  }
});

test('CR-4 a crisis that was on disk just before the kill is delivered after it, past an open breaker', async () => {
  const breaker = { consecutiveFailuresToOpen: 1 };
  const options = { upstreams: { ledger: { breaker, flow: { probeMsMin: 60_000 } } } };
  const scene = await RestartScene.open();
  scene.ledger.isDown = true;
  const first = scene.start({ options });
  // A failed crisis opens no breaker.
  await submit(first, request({ number: 2 }));
  let asked = 0;
  do asked += 1;
  while ((await breakerState(first, asked)) !== 'open');
  const crisis = { type: 'ledger.put', subject: 'subject-1', payload: { number: 1 } };
  first.order({ order: 'crisis', request: { ...crisis, idempotencyKey: 'crisis-1' } });
  const { id } = await first.until('durable');
  await first.kill();
  scene.ledger.isDown = false;

  const second = scene.start({ options });
  second.order({ order: 'watch', ids: [id] });
  const { outcome } = await second.until('outcome');
  expect(outcome.status).toBe('completed');
  expect(scene.ledger.effects).toEqual([{ key: keyOf(scene, 1), number: 1 }]);
});

test('CR-4 OP-7 a crisis that waits for its next attempt at the kill is delivered once its handler is registered', async () => {
  // The second wait is longer than the kill, the restart and the late handler take.
  const retry = { initialDelayMs: 200, multiplier: 50, delayMsMax: 4_000, jitterMsMax: 0 };
  const options = { policies: { tiers: { crisis: { retry } } } };
  const scene = await RestartScene.open();
  const first = scene.start({ options });
  const crisis = { type: 'ledger.put', subject: 'subject-1', payload: { number: 1, busyUpTo: 2 } };
  first.order({ order: 'crisis', request: { ...crisis, idempotencyKey: 'crisis-1' } });
  const { id } = await first.until('durable');
  await first.while(scene.ledger.request(({ attempt }) => attempt === 2));
  await first.untilState(id, 'fastBackoff');
  await submit(first, request({ number: 2 }));
  await first.kill();
  expect(await scene.rowAtRest(id)).toMatchObject({
    state: 'fastBackoff',
    row: { standing: 'inHand' },
  });

  const second = scene.start({ options, types: [] });
  await second.until('ready');
  second.order({ order: 'watch', ids: [id] });
  second.order({ order: 'handle', type: 'ledger.put' });
  const { outcome } = await second.until('outcome');
  expect(outcome).toMatchObject({ status: 'completed', attempts: 3 });
  expect(scene.ledger.effects).toContainEqual({ key: keyOf(scene, 1), number: 1 });
});
