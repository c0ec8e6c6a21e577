/**
 * What a restart takes up again: what was in hand when the process died, what waited for a handler
 * that is there now, and what a crash left without anybody to wake it (SV-3, OP-7).
 *
 * @module
 */

import { missingHandlerRoute } from '../../machines/operation/position.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { URGENCY_MAX } from '../../machines/vocabulary/urgency.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import {
  type AcceptWrite,
  NEVER_MS,
  type QueueStore,
  type StoredOperation,
} from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { inSlices, untilDone, whenWritten } from '../journal/background.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resident } from '../operation/resident.ts';
import { Slices } from '../platform/slices.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import { PAGE_ROWS } from '../upstream/claims.ts';
import type { OperationPool } from '../work/operationPool.ts';

/**
 * Rows in hand taken up at a time: each takes a tenth of a millisecond and more, and who asks for help
 * meanwhile is answered between two such pages (CR-1).
 */
const IN_HAND_ROWS = 32;

/** Held rows looked at between two requests of others: each costs two seeks. */
const SWEEP_ROWS = 256;

export interface RecoveryParts {
  readonly store: QueueStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  readonly pool: OperationPool;
}

export interface InHandOptions {
  /** Rows from here on are this process's own. */
  readonly seqBefore: number;
  readonly wanted: (row: StoredOperation) => boolean;
  /** Told once the most urgent of them have their places in the order, so that work may begin. */
  readonly onPlaced: () => void;
}

/** Whether a crisis was in flight when the process died: then nobody was alone (RT-4). */
async function wasCrisisInFlight(store: QueueStore, seqBefore: number): Promise<boolean> {
  let after: { readonly urgency: number; readonly seq: number } | null = null;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.inHand({ after, limit: IN_HAND_ROWS });
    const crises = rows.filter((row) => passesBy('flow', row));
    if (crises.some((row) => row.seq < seqBefore && isInFlight(row))) return true;
    const last = crises.at(-1);
    // A crisis that waits for its time is in hand and not in flight. The most urgent come first.
    if (last === undefined || crises.length < IN_HAND_ROWS) return false;
    after = { urgency: last.urgency, seq: last.seq };
  }
}

/** What can't be read may have been. */
function isInFlight(row: StoredOperation): boolean {
  try {
    const { chart, state } = decodeWork(row);
    return chart.waitReasonOf(state) === null;
  } catch {
    return true;
  }
}

/** Takes over what a dead process had in hand, most urgent first, as far as it is `wanted`. */
export async function recoverInHand(
  { store, clock, pool }: RecoveryParts,
  { seqBefore, wanted, onPlaced }: InHandOptions,
): Promise<void> {
  let after: { readonly urgency: number; readonly seq: number } | null = null;
  const failed = (error: unknown): never => {
    // New work must not wait for what can't be read.
    onPlaced();
    throw error;
  };
  const isInCompany = await wasCrisisInFlight(store, seqBefore).catch(failed);
  let placed = 0;
  for (;;) {
    const page: Parameters<QueueStore['inHand']>[0] = { after, limit: IN_HAND_ROWS };
    const { rows }: { readonly rows: readonly StoredOperation[] } = await pool.staleReads.each(
      clock,
      async () => ({ rows: await store.inHand(page).catch(failed) }),
      (row) => {
        // Rows of this process have their actors.
        if (row.seq >= seqBefore || !wanted(row)) return;
        faultPoint('recovery.beforeRevive');
        const resident = pool.resident(row.id) === undefined ? pool.revive(row) : null;
        if (resident === null) return;
        const { state } = resident;
        const wasAlone = !isInCompany && pool.dispatcher.alone.has(row.id);
        resident.actor.send({ type: 'process.restarted', atMs: clock.now(), wasAlone });
        // What was waiting in hand is no suspect; it goes on waiting, or on.
        if (resident.state === state) pool.dispatcher.goOn(resident);
      },
    );
    const last = rows.at(-1);
    if (last !== undefined) after = { urgency: last.urgency, seq: last.seq };
    placed += rows.length;
    const isLast = rows.length < IN_HAND_ROWS;
    if (isLast || placed >= PAGE_ROWS) onPlaced();
    if (isLast) break;
  }
  faultPoint('recovery.afterRevive');
}

/**
 * Has everything in memory that this type's handler is for begin its next attempt with the one that is
 * registered now, and lets go on what waited for one: before the store is open, and while it is held, that is crises.
 * Thousands may wait, so it goes in slices: who asks for help meanwhile is answered between two (CR-1).
 */
export async function adoptInMemory({ clock, pool }: RecoveryParts, type: string): Promise<void> {
  await Slices.of(clock).each(pool.residents, (resident) => {
    adoptResident({ clock, pool }, resident, type);
  });
}

function adoptResident(
  { clock, pool }: Pick<RecoveryParts, 'clock' | 'pool'>,
  resident: Resident,
  type: string,
): void {
  const { status, context } = resident.actor.getSnapshot();
  // It may have ended since the first of them was told, or everything was stopped.
  if (pool.resident(resident.id) !== resident || status !== 'active') return;
  if (!pool.registered.isOf(type, context)) return;
  // What runs, runs on, and is told when it comes to rest.
  if (resident.interrupt !== null) return;
  const { chart, state, handler } = resident;
  pool.renewHandler(resident);
  const isWaitingForIt = state !== null && chart.waitReasonOf(state) === 'handler';
  if (handler !== null && !isWaitingForIt) return;
  resident.actor.send({ type: 'handler.registered', atMs: clock.now() });
  // A crisis that came back waiting for its time, or its turn, had nobody to set out for.
  if (passesBy('flow', resident) && resident.state === state) {
    pool.dispatcher.resumeCrisis(resident);
  }
}

/**
 * Writes what an earlier process spilled and the database could not take when it was opened, once it
 * can; only then is it taken over, like all that was in hand (CR-4), however often reading it fails.
 */
export async function takeUpSpilled(
  parts: RecoveryParts,
  spilled: readonly AcceptWrite[],
  { seqBefore, wanted }: Pick<InHandOptions, 'seqBefore' | 'wanted'>,
  onError: (error: unknown) => void,
): Promise<void> {
  if (spilled.length === 0) return;
  const written = spilled.map(
    (write) =>
      new Promise<unknown>((onDurable) => {
        parts.journal.write({ build: () => write, onDurable });
      }),
  );
  await Promise.all(written);
  const ids = new Set(spilled.map(({ id }) => id));
  await untilDone(
    parts,
    async () => {
      await recoverInHand(parts, {
        seqBefore,
        wanted: (row) => ids.has(row.id) && wanted(row),
        onPlaced: () => undefined,
      });
    },
    onError,
  );
}

/**
 * The routes that have rows, of those that queues claim and where types wait for a handler: with ten
 * thousand idle upstreams, one question in place of a claim for each. All of them where that can't be read.
 */
export async function occupiedRoutes({ store, pool }: RecoveryParts): Promise<readonly string[]> {
  const waiting = [...pool.registered.byType.keys()].map(missingHandlerRoute);
  const routes = [...pool.dispatcher.routes.all, ...waiting];
  return await store.occupiedRoutes({ routes }).catch(() => routes);
}

/** Lets everything go on that waited for a handler that is registered now, as far as it has rows or is in memory. */
export async function adoptHandlers(
  parts: RecoveryParts,
  occupied: readonly string[],
): Promise<void> {
  const { residents, registered } = parts.pool;
  const inMemory = new Set(residents.map(({ actor }) => actor.getSnapshot().context.type));
  // Crises of types that nobody handles are in memory, too.
  inMemory.add(registered.crisisType);
  const onDisk = new Set(occupied);
  for (const type of registered.byType.keys()) {
    if (onDisk.has(missingHandlerRoute(type))) await adoptHandler(parts, type);
    else if (inMemory.has(type)) await adoptInMemory(parts, type);
  }
}

/** Lets everything go on that waited for a handler of this type. */
export async function adoptHandler(parts: RecoveryParts, type: string): Promise<void> {
  const { store, clock, pool } = parts;
  await adoptInMemory(parts, type);
  await forEachPage(
    parts,
    async () =>
      await store.claim({
        routes: [missingHandlerRoute(type)],
        urgencyMax: URGENCY_MAX,
        nowMs: NEVER_MS,
        limit: PAGE_ROWS,
        passOver: pool.left.passOver,
      }),
    (row) => {
      pool.dispatcher.wake(row, ({ actor }) => {
        actor.send({ type: 'handler.registered', atMs: clock.now() });
      });
    },
  );
}

/**
 * Finds work that no queue claims, or that a queue claims for its upstream alone: of types without a
 * handler, of upstreams that are no longer configured, of functions that ended with their process, and
 * what was written when routes were upstreams. And heads of lanes that nobody woke.
 */
export async function findStrays(parts: RecoveryParts): Promise<void> {
  const { store, clock, pool } = parts;
  const { dispatcher } = pool;
  const inPlace: number[] = [];
  await forEachPage(
    parts,
    async () => ({
      rows: await store.strays({
        routes: dispatcher.routes.ofTypes,
        limit: PAGE_ROWS,
        passOver: [...pool.left.passOver, ...inPlace],
      }),
    }),
    (row) => {
      // In memory it has its turn, or is on its way to where it belongs.
      if (pool.resident(row.id) !== undefined || pool.hasOwnHandler(row.id)) {
        inPlace.push(row.seq);
        return;
      }
      const resident = pool.revive(row);
      if (resident === null) return;
      if (resident.handler !== null) pool.reroute(resident, row.dueAtMs ?? 0);
      else resident.actor.send({ type: 'handler.missing', atMs: clock.now() });
    },
  );
  await sweepLanes(parts);
}

/** Wakes every operation that waits at the head of its lane: the one that should have done so is gone. */
export async function sweepLanes(parts: RecoveryParts): Promise<void> {
  const { store, pool } = parts;
  let afterSeq = 0;
  await inSlices(parts, async () => {
    const from = { afterSeq, limit: SWEEP_ROWS };
    let staleSeq: number | null = null;
    const { rows, nextAfterSeq } = await pool.staleReads.each(
      parts.clock,
      async () => await store.freedHeads(from),
      (row) => {
        pool.dispatcher.laneFreed(row);
      },
      ({ seq }) => {
        staleSeq ??= seq;
      },
    );
    // A page of heads is a page of actors, until each is on disk in its new place.
    if (rows.length > 0) await whenWritten(parts);
    // It may be the head of its lane all the same, as it is now.
    const next = staleSeq === null ? nextAfterSeq : staleSeq - 1;
    afterSeq = next ?? 0;
    return next !== null;
  });
}

/** Quarantining a row skips the handover of its lane: one sweep a little later wakes those behind. */
export class LaneSweep {
  readonly #parts: RecoveryParts;
  readonly #onError: (error: unknown) => void;
  #isPlanned = false;

  constructor(parts: RecoveryParts, onError: (error: unknown) => void) {
    this.#parts = parts;
    this.#onError = onError;
  }

  soon(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#parts.clock.defer(() => {
      this.#isPlanned = false;
      void untilDone(this.#parts, () => sweepLanes(this.#parts), this.#onError);
    });
  }
}

/**
 * Takes up what an index had hidden from the start, once that was rebuilt: what was in hand, above all crises, what is due,
 * and heads of lanes. One look for all that is rebuilt meanwhile, and another for what comes in between.
 */
export class HiddenWork {
  readonly #parts: RecoveryParts;
  readonly #onError: (error: unknown) => void;
  readonly #inHand: () => InHandOptions;
  #isLooking = false;
  #isMore = false;

  constructor(
    parts: RecoveryParts,
    inHand: () => InHandOptions,
    onError: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#inHand = inHand;
    this.#onError = onError;
  }

  soon(): void {
    this.#isMore = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#parts.clock.defer(() => {
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    while (this.#isMore) {
      this.#isMore = false;
      await untilDone(this.#parts, () => this.#takeUp(), this.#onError);
    }
    this.#isLooking = false;
  }

  async #takeUp(): Promise<void> {
    const { pool } = this.#parts;
    // A write that the index made fail is told of by then.
    await whenWritten(this.#parts);
    pool.left.mended();
    await recoverInHand(this.#parts, this.#inHand());
    pool.dispatcher.lookEverywhere();
    pool.waiting.refresh();
    await adoptHandlers(this.#parts, await occupiedRoutes(this.#parts));
    await findStrays(this.#parts);
  }
}

/** Each page must be on disk in its new place before the next is asked for, or it would come again. */
async function forEachPage(
  parts: RecoveryParts,
  next: () => Promise<{ readonly rows: readonly StoredOperation[] }>,
  take: (row: StoredOperation) => void,
): Promise<void> {
  const { clock, pool } = parts;
  let last: StoredOperation | undefined;
  for (;;) {
    const page = pool.staleReads.page();
    try {
      const { rows } = await next();
      const [first] = rows;
      // A row that was written and comes again nevertheless would come again without end.
      if (first === undefined || (first.id === last?.id && first.revision === last.revision))
        return;
      last = first;
      await Slices.of(clock).each(rows, (row) => {
        if (!page.isStale(row)) take(row);
      });
      await whenWritten(parts);
      if (rows.length < PAGE_ROWS) return;
    } finally {
      page.end();
    }
  }
}
