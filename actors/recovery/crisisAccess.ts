/**
 * Crises as people look at them and decide about them (CR-5), under a running engine or in a store at rest:
 * which are not over, who was told of each, and that somebody takes one on or calls it off.
 *
 * @module
 */

import { decidedAtRest, type KeptCrisis } from '../../machines/crisis/crisisDecided.ts';
import type {
  CrisisDecision,
  EscalationCause,
  ToldStep,
} from '../../machines/crisis/crisisEscalation.ts';
import type {
  CrisisDeliveryState,
  CrisisEscalationState,
  CrisisEvent,
} from '../../machines/crisis/crisisMachine.ts';
import { routeOf } from '../../machines/operation/position.ts';
import { passesBy } from '../../machines/policy/crisis/passes.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Tier } from '../../machines/vocabulary/urgency.ts';
import type { Store, StoredOperation, WriteResult } from '../../persistence/port/store.ts';
import { crisisChart } from '../charts/chartOfWork.ts';
import { decodeWork, encodeWork } from '../charts/workRecord.ts';
import type { Journal } from '../journal/journal.ts';
import { operationUnknown } from '../operation/outcome.ts';
import type { OperationPool } from '../pool/operationPool.ts';

/** A crisis as it is shown to people: whose, how far it is, who was told, who decided. No payload. */
export interface CrisisView {
  readonly id: string;
  /** `null`, as are subject and tier, of one that can't be read. */
  readonly type: string | null;
  readonly subject: string | null;
  readonly tier: Tier | null;
  /** Where it goes; `null` where no handler of its type is registered, and for a store that nobody runs on. */
  readonly upstream: string | null;
  /** How far its delivery is; `unreadable`: its record is damaged, and it may have been delivered or not. */
  readonly delivery: CrisisDeliveryState | 'unreadable';
  /** How far people were told that it is not delivered. */
  readonly escalation: CrisisEscalationState;
  /** The number of its latest delivery, from 1. */
  readonly attempt: number;
  /** What the last one failed with; `null` where none has failed. */
  readonly failure: ErrorCode | null;
  /** In milliseconds since the epoch, as are the others. */
  readonly acceptedAtMs: number;
  readonly escalatedAtMs: number | null;
  readonly cause: EscalationCause | 'unreadable' | null;
  /** The steps that were told, or could not be, in order. */
  readonly told: readonly ToldStep[];
  /** Who took it on or called it off, in order. */
  readonly decisions: readonly CrisisDecision[];
  readonly settledAtMs: number | null;
}

/** What became of a decision: in force, and whether that is on disk yet. */
export interface CrisisDecided {
  readonly crisis: CrisisView;
  /** False while the disk fails: it is written as soon as it can be, and a restart before that forgets it. */
  readonly isDurable: boolean;
}

/** What a person decides about a crisis. */
interface CrisisOrder extends Pick<CrisisDecision, 'by' | 'note'> {
  readonly what: 'acknowledge' | 'callOff';
}

export interface CrisisAccess {
  /** Those that are not over, in order of acceptance. */
  open(): Promise<readonly CrisisView[]>;
  /** One, over or not. @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER` for what is none. */
  find(id: string): Promise<CrisisView>;
  /**
   * A person takes it on, or calls it off.
   *
   * @throws HoldfastError `HF_OPERATION_UNKNOWN`; `HF_CRISIS_OVER` where it is over, or is none;
   * `HF_STORE_HELD` for one of a held store; `HF_STORE_…`.
   */
  decide(id: string, decision: CrisisOrder): Promise<CrisisDecided>;
}

type Rows = Pick<Store, 'find' | 'inHand'>;

const PAGE_ROWS = 256;
/** How often a row is looked for in memory that a start is about to take over. */
const TRIES_MAX = 50;
const TRY_AGAIN_MS = 100;

/** The crises of a running engine: what is in memory is known whatever the disk does. */
export function crisisAccessLive(parts: {
  readonly store: Rows;
  /** Its hold is there while nothing but crises since then runs. */
  readonly core: {
    readonly pool: OperationPool;
    readonly journal: Journal;
    readonly hold: object | null;
  };
  readonly clock: Clock;
  readonly ready: () => Promise<void>;
}): CrisisAccess {
  const { store, core, clock, ready } = parts;
  const { pool, journal } = core;
  const isHeld = (): boolean => core.hold !== null;
  const inMemory = (id: string): KeptCrisis | null => {
    const resident = pool.resident(id);
    return resident?.chart === crisisChart
      ? (resident.actor.getSnapshot() as unknown as KeptCrisis)
      : null;
  };
  const upstreamOf = (id: string): string | null => pool.resident(id)?.handler?.upstream ?? null;
  return {
    async open() {
      const views = pool.residents.flatMap(({ id }) => {
        const its = inMemory(id);
        return its === null ? [] : [viewOf(its, upstreamOf(id))];
      });
      // Of a store that is held, what came before is on disk alone.
      const resting = isHeld() && !journal.isHanging ? await openRows(store) : [];
      const known = new Set(views.map(({ id }) => id));
      return inOrder([...views, ...resting.filter(({ id }) => !known.has(id))]);
    },
    async find(id) {
      const its = inMemory(id);
      if (its !== null) return viewOf(its, upstreamOf(id));
      await ready();
      return viewOf(crisisOfRow(await store.find(id)));
    },
    async decide(id, decision) {
      for (let tries = 1; ; tries += 1) {
        const resident = pool.resident(id);
        const its = inMemory(id);
        if (resident !== undefined && its !== null) {
          const event = eventOf(decision, clock.now());
          if (!resident.actor.getSnapshot().can(event)) throw over();
          resident.actor.send(event);
          const crisis = viewOf(
            resident.actor.getSnapshot() as unknown as KeptCrisis,
            upstreamOf(id),
          );
          return { crisis, isDurable: resident.isKept && (await journal.written()) };
        }
        await ready();
        const row = crisisOfRow(await store.find(id));
        if (row.context.ending !== null) throw over();
        if (isHeld()) throw held();
        if (tries >= TRIES_MAX) throw notTakenOver();
        // The start is about to take it over.
        await new Promise<void>((resolve) => {
          clock.schedule(TRY_AGAIN_MS, resolve);
        });
      }
    },
  };
}

/** The crises of a store at rest. What is decided is kept; one that is called off ends when a process next runs. */
export function crisisAccessAtRest(store: Store, clock: Pick<Clock, 'now'>): CrisisAccess {
  return {
    open: async () => inOrder(await openRows(store)),
    find: async (id) => viewOf(crisisOfRow(await store.find(id))),
    async decide(id, decision) {
      const row = await store.find(id);
      const its = decidedAtRest(crisisOfRow(row), eventOf(decision, clock.now()));
      if (its === null || row === null) throw over();
      const [result] = await store.commit([
        {
          kind: 'update',
          seq: row.seq,
          id,
          urgency: row.urgency,
          expiresAtMs: null,
          subject: its.context.subject,
          revision: row.revision + 1,
          ...crisisChart.restingPosition(
            its.value.delivery,
            its.context,
            routeOf(its.context.type),
            0,
          ),
          state: encodeWork(crisisChart, { ...its, context: its.context }),
          leavesLane: false,
          payload: row.payload,
        },
      ]);
      if (!isWritten(result)) throw over();
      return { crisis: viewOf(its), isDurable: true };
    },
  };
}

function isWritten(result: WriteResult | undefined): boolean {
  return result?.kind === 'updated';
}

async function openRows(store: Rows): Promise<readonly CrisisView[]> {
  const views: CrisisView[] = [];
  let after: { readonly urgency: number; readonly seq: number } | null = null;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.inHand({ after, limit: PAGE_ROWS });
    const crises = rows.filter((row) => passesBy('flow', row));
    for (const row of crises) {
      const its = crisisIfReadable(row);
      if (its !== null) views.push(viewOf(its));
    }
    const last = crises.at(-1);
    // The most urgent come first.
    if (last === undefined || crises.length < PAGE_ROWS) return views;
    after = { urgency: last.urgency, seq: last.seq };
  }
}

function inOrder(views: readonly CrisisView[]): readonly CrisisView[] {
  return views.toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
}

/** @throws HoldfastError `HF_OPERATION_UNKNOWN`, `HF_CRISIS_OVER`, `HF_RECORD_…`. */
function crisisOfRow(row: StoredOperation | null): KeptCrisis {
  if (row === null) {
    throw operationUnknown();
  }
  const { chart, snapshot } = decodeWork(row);
  if (chart !== crisisChart) throw over();
  return snapshot as unknown as KeptCrisis;
}

/** One that can't be read hides no other; `holdfast doctor` counts those. */
function crisisIfReadable(row: StoredOperation): KeptCrisis | null {
  try {
    return crisisOfRow(row);
  } catch {
    return null;
  }
}

function eventOf(
  { what, by, note }: CrisisOrder,
  atMs: number,
): Extract<CrisisEvent, { readonly type: 'acknowledgement.given' | 'callOff.requested' }> {
  return what === 'acknowledge'
    ? { type: 'acknowledgement.given', atMs, by, note }
    : { type: 'callOff.requested', atMs, by, note };
}

function viewOf({ value, context }: KeptCrisis, upstream: string | null = null): CrisisView {
  const { id, type, subject, tier, attempt, failure, acceptedAtMs, settledAtMs } = context;
  const { sinceAtMs, cause, told, decisions } = context.escalation;
  return {
    ...{ id, type, subject, tier, attempt, acceptedAtMs, settledAtMs, cause, told, decisions },
    upstream,
    delivery: value.delivery,
    escalation: value.escalation,
    failure: failure?.code ?? null,
    escalatedAtMs: sinceAtMs,
  };
}

function over(): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_OVER',
    'The operation of that id is no crisis, or one that is over. Nothing was changed.',
    { field: 'id' },
  );
}

function held(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HELD',
    'The store is held, and this crisis is from before that: release the store first (holdfast release).',
    { retry: 'later' },
  );
}

function notTakenOver(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    'The crisis is on disk and was not taken over yet. Ask again in a moment.',
    { retry: 'later' },
  );
}
