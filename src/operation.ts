/**
 * Operations as callers see them: handles, views and lists, in memory or on disk.
 *
 * @module
 */

import { decodeSnapshot, newerRecordIn } from '../actors/charts/snapshots.ts';
import type { Engine } from '../actors/engine.ts';
import { demandDurable } from '../actors/operation/acceptance.ts';
import { actorView } from '../actors/operation/actorView.ts';
import {
  type OperationView,
  type Outcome,
  quarantinedError,
  toOutcome,
  toView,
} from '../actors/operation/outcome.ts';
import {
  type Ending,
  type SyncOperationRef,
  syncOperationMachine,
} from '../machines/operation/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import { checkFields, checkId } from '../machines/vocabulary/optionFields.ts';
import { count } from '../machines/vocabulary/optionRules.ts';
import type { Store, StoredOperation } from '../persistence/port/store.ts';
import type { OperationPage } from './views/operationPage.ts';

/** A handle on an accepted operation. It costs nothing to keep and nothing to drop. */
export interface Operation {
  readonly id: string;
  /** True when `sync()` found an earlier operation with the same idempotency key. */
  readonly isDuplicate: boolean;
  /**
   * How it ended, once that is on disk. Never rejects but with `HF_STORE_…`, `HF_OPERATION_UNKNOWN`,
   * `HF_QUARANTINED` when its record was set aside, `HF_RECORD_NEWER` when it goes on in a later version, or `HF_CLOSED` when the runtime stops before it ends:
   * then it goes on at the next start.
   */
  readonly outcome: Promise<Outcome>;
  /**
   * The actor while it is in memory; a parked operation has none. To be looked at and subscribed to:
   * sent an event, started or stopped it throws `HF_ACTOR_READ_ONLY`, and what a subscriber throws goes
   * to `onError`.
   */
  readonly actor: SyncOperationRef | undefined;
  /** Where it stands now. */
  view(): Promise<OperationView>;
  /** Tells of each change of state until the returned function is called. */
  subscribe(listener: (view: OperationView) => void): () => void;
  /**
   * Ends it, aborting a running attempt. Does nothing to one that has ended. Resolves once that is on
   * disk; rejects with `HF_STORE_…` or `HF_CLOSED`, to be asked again later, where it may hold or not.
   */
  cancel(): Promise<void>;
  /**
   * Tries it again now, where it waits for a retry, a decision or a review. Resolves and rejects as
   * {@link cancel} does.
   */
  retryNow(): Promise<void>;
}

/** A page is built on the thread that answers crises. */
const LIST_ROWS_MAX = 1_000;

/** The operations of one engine as its callers see them: in memory or on disk makes no difference. */
export class Operations {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #ready: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  /** One for each actor that was asked for, so that it can be told from the next. */
  readonly #actorViews = new WeakMap<SyncOperationRef, SyncOperationRef>();

  constructor(parts: {
    readonly engine: Engine;
    readonly store: Store;
    readonly ready: () => Promise<void>;
    readonly onError: (error: unknown) => void;
  }) {
    this.#engine = parts.engine;
    this.#store = parts.store;
    this.#ready = parts.ready;
    this.#onError = parts.onError;
  }

  /** @throws HoldfastError `HF_OPTION_INVALID`. */
  handle(id: string, isDuplicate = false): Operation {
    checkId(id);
    let outcome: Promise<Outcome> | null = null;
    const { pool } = this.#engine;
    // Asking for the outcome is what registers a watcher, so it is not asked for before the caller does.
    const outcomeOf = (): Promise<Outcome> => {
      if (outcome === null) {
        outcome = this.#outcome(id);
        // Whoever only looked at it must not be brought down by a close.
        outcome.catch(() => undefined);
      }
      return outcome;
    };
    const actorOf = (actor: SyncOperationRef | undefined) => this.#actorView(actor);
    return {
      id,
      isDuplicate,
      get outcome() {
        return outcomeOf();
      },
      get actor() {
        return actorOf(pool.resident(id)?.actor);
      },
      view: () => this.view(id),
      subscribe: (listener) => {
        const leave = pool.watchers.subscribe(id, listener);
        void this.#forgetIfOver(id);
        return leave;
      },
      cancel: () => this.#tell(id, 'cancel.requested'),
      retryNow: () => this.#tell(id, 'retry.requested'),
    };
  }

  #actorView(actor: SyncOperationRef | undefined): SyncOperationRef | undefined {
    if (actor === undefined) return undefined;
    const view = this.#actorViews.get(actor) ?? actorView(actor, this.#onError);
    this.#actorViews.set(actor, view);
    return view;
  }

  /** @throws HoldfastError `HF_OPERATION_UNKNOWN`. */
  async view(id: string): Promise<OperationView> {
    return this.#residentView(id) ?? viewOf(await this.#find(id));
  }

  #residentView(id: string): OperationView | null {
    const resident = this.#engine.pool.resident(id);
    if (resident === undefined) return null;
    const { value, context } = resident.actor.getSnapshot();
    return toView(value, context);
  }

  /** @throws HoldfastError `HF_OPTION_INVALID`. */
  async list(query: {
    readonly afterSeq?: number | undefined;
    readonly limit?: number | undefined;
  }): Promise<OperationPage> {
    checkFields(query, { afterSeq: 'sequence', limit: count(1, LIST_ROWS_MAX) }, '');
    const { afterSeq = 0, limit = 100 } = query;
    await this.#ready();
    const rows = await this.#store.list({ afterSeq, limit });
    // What is in memory is newer than its row.
    const views = rows.flatMap((row) => this.#residentView(row.id) ?? viewIfReadable(row) ?? []);
    return {
      views,
      unreadable: rows.length - views.length,
      nextAfterSeq: rows.length < limit ? null : (rows.at(-1)?.seq ?? null),
    };
  }

  async #outcome(id: string): Promise<Outcome> {
    const { pool } = this.#engine;
    // Watch first, look second: it may settle between the two.
    const watched = pool.watchers.outcome(id);
    if (pool.resident(id) !== undefined) return await watched;
    const row = await this.#find(id).catch((error: unknown) => {
      if (isGone(error) && pool.resident(id) === undefined) pool.watchers.forget(id);
      throw error;
    });
    if (!hasEnded(row)) {
      const refusal = pool.left.refusalOf(row.seq);
      if (refusal !== undefined) pool.watchers.refused(id, refusal);
      return await watched;
    }
    const { snapshot, response } = decodeSnapshot(syncOperationMachine, row.state);
    pool.watchers.settled(toOutcome(snapshot.context, response, pool.exceptions.of(id)));
    return await watched;
  }

  /** Whoever listens to what has ended, or never was, must not take a place for ever. */
  async #forgetIfOver(id: string): Promise<void> {
    const { pool } = this.#engine;
    if (pool.resident(id) !== undefined) return;
    const departures = pool.departures.watch(id);
    const isOver = await this.#find(id).then(hasEnded, isGone).finally(departures.end);
    if (pool.resident(id) === undefined && !departures.hasLeft() && isOver) {
      pool.watchers.dismissListeners(id);
    }
  }

  async #tell(id: string, type: 'cancel.requested' | 'retry.requested'): Promise<void> {
    const { pool } = this.#engine;
    for (;;) {
      if (pool.resident(id) !== undefined) {
        pool.tell(id, type);
        break;
      }
      const departures = pool.departures.watch(id);
      const row = await this.#find(id).finally(departures.end);
      // If it has been in memory meanwhile, the row may be from before: look again.
      if (pool.resident(id) !== undefined || departures.hasLeft()) continue;
      if (hasEnded(row)) return;
      pool.wake(row, type);
      break;
    }
    // A crisis may be in memory before there is a store to write to.
    await this.#ready();
    await demandDurable(this.#engine.journal);
  }

  async #find(id: string): Promise<StoredOperation> {
    await this.#ready();
    const row = await this.#store.find(id);
    if (row?.standing === 'quarantined') throw quarantinedError();
    const newer = row === null ? null : newerRecordIn(syncOperationMachine, row.state);
    if (newer !== null) throw newer;
    if (row !== null) return row;
    throw new HoldfastError(
      'HF_OPERATION_UNKNOWN',
      'There is no operation of that id in the store; it may have been purged.',
      { field: 'id' },
    );
  }
}

/** Nobody here will ever settle it: there is no such operation, or its record can't be read. */
function isGone(error: unknown): boolean {
  if (!isHoldfastError(error)) return false;
  const { code } = error;
  return code === 'HF_OPERATION_UNKNOWN' || code === 'HF_QUARANTINED' || code === 'HF_RECORD_NEWER';
}

/** What may be shown of a row; `null` for one that can't be read: `holdfast doctor` counts those. */
export function viewIfReadable(row: StoredOperation): OperationView | null {
  if (row.standing === 'quarantined') return null;
  try {
    return viewOf(row);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

function viewOf(row: StoredOperation): OperationView {
  const { context, value } = decodeSnapshot(syncOperationMachine, row.state).snapshot;
  return toView(stateOf(row, value, context.ending), context);
}

/** A row keeps the state that wrote it; where it stands says what became of it since. */
function stateOf(
  row: StoredOperation,
  stored: OperationView['state'],
  ending: Ending | null,
): OperationView['state'] {
  if (hasEnded(row) && ending !== null) return ending;
  if (stored !== 'accepting') return stored;
  if (row.standing === 'due') return 'waiting';
  return row.standing === 'held' ? 'inLane' : stored;
}

function hasEnded({ standing }: StoredOperation): boolean {
  return standing === 'settled' || standing === 'deadLettered';
}
