import type { Engine } from '../actors/engine.ts';
import { type OperationView, type Outcome, toOutcome, toView } from '../actors/outcome.ts';
import { decodeSnapshot } from '../actors/snapshots.ts';
import {
  type Ending,
  type SyncOperationRef,
  syncOperationMachine,
} from '../machines/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { Store, StoredOperation } from '../persistence/store.ts';

/** A handle on an accepted operation. It costs nothing to keep and nothing to drop. */
export interface Operation {
  readonly id: string;
  /** True when `sync()` found an earlier operation with the same idempotency key. */
  readonly isDuplicate: boolean;
  /**
   * How it ended, once that is on disk. Never rejects but with `HF_STORE_…`, `HF_OPERATION_UNKNOWN`, or
   * `HF_CLOSED` when the runtime stops before it ends: then it goes on at the next start.
   */
  readonly outcome: Promise<Outcome>;
  /** The actor while it is in memory; a parked operation has none. */
  readonly actor: SyncOperationRef | undefined;
  /** Where it stands now. */
  view(): Promise<OperationView>;
  /** Tells of each change of state until the returned function is called. */
  subscribe(listener: (view: OperationView) => void): () => void;
  /** Ends it, aborting a running attempt. Does nothing to one that has ended. */
  cancel(): Promise<void>;
  /** Tries it again now, where it waits for a retry, a decision or a review. */
  retryNow(): Promise<void>;
}

/** The operations of one engine as its callers see them: in memory or on disk makes no difference. */
export class Operations {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #ready: () => Promise<void>;

  constructor(engine: Engine, store: Store, ready: () => Promise<void>) {
    this.#engine = engine;
    this.#store = store;
    this.#ready = ready;
  }

  handle(id: string, isDuplicate = false): Operation {
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
    return {
      id,
      isDuplicate,
      get outcome() {
        return outcomeOf();
      },
      get actor() {
        return pool.resident(id)?.actor;
      },
      view: () => this.view(id),
      subscribe: (listener) => pool.watchers.subscribe(id, listener),
      cancel: () => this.#tell(id, 'cancel.requested'),
      retryNow: () => this.#tell(id, 'retry.requested'),
    };
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

  async list(query: {
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<{ readonly views: readonly OperationView[]; readonly nextAfterSeq: number | null }> {
    const rows = await this.#store.list(query);
    return {
      // What is in memory is newer than its row.
      views: rows.flatMap((row) => this.#residentView(row.id) ?? viewIfReadable(row) ?? []),
      nextAfterSeq: rows.length < query.limit ? null : (rows.at(-1)?.seq ?? null),
    };
  }

  async #outcome(id: string): Promise<Outcome> {
    const { pool } = this.#engine;
    // Watch first, look second: it may settle between the two.
    const watched = pool.watchers.outcome(id);
    if (pool.resident(id) !== undefined) return await watched;
    const row = await this.#find(id);
    if (!hasEnded(row)) return await watched;
    const { snapshot, response } = decodeSnapshot(syncOperationMachine, row.state);
    pool.watchers.settled(toOutcome(snapshot.context, response, undefined));
    return await watched;
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
      if (!hasEnded(row)) pool.wake(row, type);
      break;
    }
    await pool.writesSettled();
  }

  async #find(id: string): Promise<StoredOperation> {
    await this.#ready();
    const row = await this.#store.find(id);
    if (row?.standing === 'quarantined') throw setAside();
    if (row !== null) return row;
    throw new HoldfastError(
      'HF_OPERATION_UNKNOWN',
      'There is no operation of that id in the store; it may have been purged.',
      { field: 'id' },
    );
  }
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

function setAside(): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_TAMPERED',
    'The record of this operation can not be opened and was set aside. See holdfast doctor.',
    { field: 'id' },
  );
}
