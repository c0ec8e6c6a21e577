/**
 * What a restart takes up again: what was in hand when the process died, what waited for a handler
 * that is there now, and what a crash left without anybody to wake it (SV-3, OP-7).
 *
 * @module
 */

import type { Clock } from '../machines/vocabulary/clock.ts';
import { URGENCY_MAX } from '../machines/vocabulary/urgency.ts';
import { faultPoint } from '../persistence/faultPoints.ts';
import { NEVER_MS, type Store, type StoredOperation } from '../persistence/store.ts';
import type { OperationPool } from './operationPool.ts';
import { missingHandlerRoute } from './resident.ts';
import { PAGE_ROWS } from './upstreamQueue.ts';

export interface RecoveryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly pool: OperationPool;
}

/**
 * Takes over what a dead process had in hand before `seqBefore`, most urgent first, as far as it is
 * `wanted`.
 */
export async function recoverInHand(
  { store, clock, pool }: RecoveryParts,
  seqBefore: number,
  wanted: (row: StoredOperation) => boolean,
): Promise<void> {
  let after: { readonly urgency: number; readonly seq: number } | null = null;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.inHand({ after, limit: PAGE_ROWS });
    for (const row of rows) {
      after = { urgency: row.urgency, seq: row.seq };
      // This process's own: it may have ended since the page was read.
      if (row.seq >= seqBefore || !wanted(row)) continue;
      faultPoint('recovery.beforeRevive');
      const resident = pool.resident(row.id) === undefined ? pool.revive(row) : null;
      if (resident === null) continue;
      const { state } = resident;
      resident.actor.send({ type: 'process.restarted', atMs: clock.now() });
      // A crisis that was waiting in hand is no suspect; it goes on waiting, or on.
      if (resident.state === state) pool.dispatcher.rouseCrisis(resident);
    }
    if (rows.length < PAGE_ROWS) break;
  }
  faultPoint('recovery.afterRevive');
}

/** Lets everything go on that waited for a handler of this type. */
export async function adoptHandler(parts: RecoveryParts, type: string): Promise<void> {
  const { store, clock, pool } = parts;
  for (const resident of pool.residents) {
    if (resident.actor.getSnapshot().context.type !== type) continue;
    // Whatever it waits for: it must know its handler when its turn comes.
    resident.handler ??= pool.handlers.get(type) ?? null;
    resident.actor.send({ type: 'handler.registered', atMs: clock.now() });
  }
  await forEachPage(
    parts,
    async () =>
      await store.claim({
        route: missingHandlerRoute(type),
        urgencyMax: URGENCY_MAX,
        nowMs: NEVER_MS,
        limit: PAGE_ROWS,
      }),
    (row) => {
      pool.dispatcher.wake(row, ({ actor }) => {
        actor.send({ type: 'handler.registered', atMs: clock.now() });
      });
    },
  );
}

/** Finds work of upstreams that are no longer configured, and heads of lanes that nobody woke. */
export async function findStrays(parts: RecoveryParts): Promise<void> {
  const { store, clock, pool } = parts;
  const { dispatcher } = pool;
  await forEachPage(
    parts,
    async () => ({
      rows: await store.strays({ routes: dispatcher.upstreams, limit: PAGE_ROWS }),
    }),
    (row) => {
      dispatcher.wake(row, ({ actor, handler }) => {
        actor.send({ type: 'handler.missing', atMs: clock.now() });
        // Its type has moved to another upstream: it goes there.
        if (handler !== null) actor.send({ type: 'handler.registered', atMs: clock.now() });
      });
    },
  );
  await sweepLanes(parts);
}

/** Wakes every operation that waits at the head of its lane: whoever should have done so is gone. */
export async function sweepLanes({ store, pool }: RecoveryParts): Promise<void> {
  let afterSeq = 0;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.freedHeads({ afterSeq, limit: PAGE_ROWS });
    for (const row of rows) {
      afterSeq = row.seq;
      pool.dispatcher.laneFreed(row);
    }
    if (rows.length < PAGE_ROWS) return;
  }
}

/** Each page must be on disk in its new place before the next is asked for, or it would come again. */
async function forEachPage(
  { pool }: RecoveryParts,
  next: () => Promise<{ readonly rows: readonly StoredOperation[] }>,
  take: (row: StoredOperation) => void,
): Promise<void> {
  for (;;) {
    const { rows } = await next();
    for (const row of rows) take(row);
    if (rows.length === 0) return;
    await pool.writesSettled();
    if (rows.length < PAGE_ROWS) return;
  }
}
