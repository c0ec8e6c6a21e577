/**
 * Fills a store with operations that wait, through the store's own code: sealed rows, real lanes,
 * real fingerprints. Only the engine is left out, so that a million take a minute or two.
 *
 * @module
 */

import { encodeSnapshot } from '../actors/charts/snapshots.ts';
import { operationId } from '../actors/platform/operationId.ts';
import { systemClock, systemRandom } from '../actors/platform/systemClock.ts';
import { missingHandlerRoute, routeOf } from '../machines/operation/position.ts';
import {
  newOperation,
  type SyncOperationContext,
  syncOperationMachine,
} from '../machines/operation/syncOperationMachine.ts';
import { PRIORITIES, TIERS, urgencyOf } from '../machines/vocabulary/urgency.ts';
import { openStore } from '../persistence/openStore.ts';
import type {
  AcceptWrite,
  Standing,
  Store,
  UpdateWrite,
  Write,
} from '../persistence/port/store.ts';
import { NEVER_MS } from '../persistence/port/store.ts';
import { BENCH_KEY } from './support.ts';

/** How many operations of each sort a store gets. */
export interface Filling {
  /** Due in an hour, of the type of work that runs. */
  readonly later?: number;
  /** Due now, of the type of work that runs. */
  readonly due?: number;
  /** Due now, at an upstream whose breaker is held open. */
  readonly blocked?: number;
  /** Behind another of their entity, ten to a lane. */
  readonly inLanes?: number;
  /** In flight when their process died. */
  readonly inHand?: number;
  readonly settled?: number;
  readonly deadLettered?: number;
  /** Their type has no handler. */
  readonly handlerless?: number;
}

export const WORK = 'bench.work';
export const WORK_UPSTREAM = 'bench';
export const BLOCKED = 'bench.blocked';
export const BLOCKED_UPSTREAM = 'blocked';

const HOUR_MS = 3_600_000;
const NOTE = 'x'.repeat(180);
const COMMIT_WRITES = 1_000;
const COMMITS_UNDER_WAY_MAX = 4;
const LANE_LENGTH = 10;

/** Adds operations to a store, made first where there is none. */
export async function fillStore(folder: string, filling: Filling): Promise<void> {
  const store = openStore({ folder, key: BENCH_KEY });
  await store.open();
  try {
    await writeAll(store, writesOf(store, filling));
  } finally {
    await store.close();
  }
}

async function writeAll(store: Store, writes: Iterable<Write>): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  let batch: Write[] = [];
  const post = async (): Promise<void> => {
    const commit = store.commit(batch);
    batch = [];
    underWay.add(commit);
    void commit.finally(() => underWay.delete(commit)).catch(() => undefined);
    if (underWay.size >= COMMITS_UNDER_WAY_MAX) await Promise.race(underWay);
  };
  for (const write of writes) {
    batch.push(write);
    if (batch.length >= COMMIT_WRITES) await post();
  }
  if (batch.length > 0) await post();
  await Promise.all(underWay);
}

function* writesOf(store: Store, filling: Filling): Generator<Write> {
  const nowMs = systemClock.now();
  const make = (its: Partial<Row>): AcceptWrite => acceptOf(store, nowMs, its);
  // A lane has to be busy before the next in it, and the crash is the last thing that happened.
  for (let n = 0; n < (filling.settled ?? 0); n += 1) yield* ended(make({}), nowMs, 'completed');
  for (let n = 0; n < (filling.deadLettered ?? 0); n += 1) {
    yield* ended(make({}), nowMs, 'deadLettered');
  }
  for (let n = 0; n < (filling.later ?? 0); n += 1) {
    yield make({ standing: 'due', dueAtMs: nowMs + HOUR_MS + (n % HOUR_MS), state: 'backingOff' });
  }
  for (let n = 0; n < (filling.blocked ?? 0); n += 1) {
    yield make({ standing: 'due', dueAtMs: nowMs, type: BLOCKED });
  }
  for (let n = 0; n < (filling.handlerless ?? 0); n += 1) {
    const type = 'bench.forgotten';
    const route = missingHandlerRoute(type);
    yield make({ standing: 'due', dueAtMs: NEVER_MS, type, route, state: 'handlerMissing' });
  }
  let lane = '';
  for (let n = 0; n < (filling.inLanes ?? 0); n += 1) {
    if (n % LANE_LENGTH === 0) {
      lane = operationId(systemClock.now(), systemRandom);
      yield make({ standing: 'due', dueAtMs: nowMs + HOUR_MS, state: 'backingOff', lane });
    }
    yield make({ standing: 'due', dueAtMs: nowMs, lane });
  }
  for (let n = 0; n < (filling.due ?? 0); n += 1) yield make({ standing: 'due', dueAtMs: nowMs });
  for (let n = 0; n < (filling.inHand ?? 0); n += 1) yield make({ standing: 'inHand' });
}

interface Row {
  readonly standing: Standing;
  readonly dueAtMs: number | null;
  readonly type: string;
  readonly route: string;
  readonly lane: string | null;
  readonly state: 'waiting' | 'backingOff' | 'handlerMissing';
}

function acceptOf(store: Store, nowMs: number, its: Partial<Row>): AcceptWrite {
  const id = operationId(systemClock.now(), systemRandom);
  const seq = store.nextSeq();
  const { type = WORK, standing = 'inHand', dueAtMs = null } = its;
  const route = its.route ?? routeOf(type);
  const entityId = its.lane ?? id;
  const subject = `user-${seq % 1_000}`;
  const priority = PRIORITIES[1 + (seq % 3)] ?? 'normal';
  const tier = TIERS[seq % TIERS.length] ?? 'basic';
  const context = newOperation({
    id,
    type,
    subject,
    entity: { type: 'subscription', id: entityId },
    tier,
    priority,
    idempotencyKey: `key-${seq}`,
    fingerprint: id.padEnd(64, '0'),
    method: null,
    path: null,
    acceptedAtMs: nowMs,
    expiresAtMs: null,
    attemptsMax: 7,
  });
  return {
    kind: 'accept',
    seq,
    id,
    urgency: urgencyOf(priority, tier),
    standing,
    dueAtMs,
    route,
    subject,
    lane: `subscription\0${entityId}`,
    idempotencyKey: `${type}\0${subject}\0key-${seq}`,
    expiresAtMs: null,
    state: stateText(its.state ?? (standing === 'inHand' ? 'ordering' : 'waiting'), {
      ...context,
      wakeAtMs: dueAtMs ?? nowMs,
    }),
    payload: JSON.stringify({ payload: { amount: seq, note: NOTE } }),
  };
}

function stateText(value: string, context: SyncOperationContext): string {
  return encodeSnapshot(syncOperationMachine, { value, context });
}

/** Accepted and settled in the same breath. */
function ended(
  accept: AcceptWrite,
  nowMs: number,
  ending: 'completed' | 'deadLettered',
): [AcceptWrite, UpdateWrite] {
  const kept = JSON.parse(accept.state) as { readonly context: SyncOperationContext };
  const context = { ...kept.context, ending, settledAtMs: nowMs };
  const settlement: UpdateWrite = {
    kind: 'update',
    seq: accept.seq,
    id: accept.id,
    urgency: accept.urgency,
    expiresAtMs: accept.expiresAtMs,
    subject: accept.subject,
    revision: 2,
    standing: ending === 'completed' ? 'settled' : 'deadLettered',
    dueAtMs: ending === 'completed' ? nowMs + 30 * 24 * HOUR_MS : null,
    waitsFor: 'turn',
    route: WORK_UPSTREAM,
    state: stateText('settling', context),
    leavesLane: true,
    payload: ending === 'completed' ? null : accept.payload,
  };
  return [accept, settlement];
}
