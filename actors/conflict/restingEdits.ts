/**
 * The edits that rest for a conflict, in memory or on disk, which makes no difference to who works on one: reads what
 * it is, and tells it what came of the conflict, unless it has moved on meanwhile (CF-8).
 *
 * @module
 */

import type { SyncOperationEvent } from '../../machines/operation/syncOperationMachine.ts';
import type { RecordStore, StoredOperation } from '../../persistence/port/store.ts';
import { operationChart, type WorkContext } from '../charts/chartOfWork.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { isEditBy } from '../operation/acceptance.ts';
import type { Handler, TakenRecord } from '../operation/handler.ts';
import { giveBody, type Resident } from '../operation/resident.ts';
import type { OperationPool } from '../work/operationPool.ts';

/** An edit that rests for a conflict, as it was when it was read. */
export interface ConflictedEdit {
  readonly id: string;
  /** Revision of the row: another one once anything has happened to the edit. */
  readonly revision: number;
  /** Rank of the edit now. */
  readonly urgency: number;
  readonly context: WorkContext;
  readonly body: string;
  /** `null` where nobody handles it here, or not as an edit. */
  readonly handler: Handler | null;
}

/** Handler of an edit, with its upstream. */
interface Handled {
  readonly context: WorkContext;
  /** `null` where nobody handles it here, or not as an edit. */
  readonly handler: Handler | null;
}

/** What a conflict has come to, for its edit. */
export interface ConflictEnd {
  readonly event: Extract<
    SyncOperationEvent,
    {
      type:
        | 'conflict.merged'
        | 'conflict.applied'
        | 'conflict.pending'
        | 'conflict.refused'
        | 'handler.merges';
    }
  >;
  /** What it is sent as from now on; absent where that is as it was. */
  readonly body?: string | undefined;
  /** What the upstream holds, where it has taken it. */
  readonly taken?: TakenRecord | undefined;
}

export interface RestingEditsParts {
  readonly store: RecordStore;
  readonly pool: () => OperationPool;
}

export class RestingEdits {
  readonly #parts: RestingEditsParts;

  constructor(parts: RestingEditsParts) {
    this.#parts = parts;
  }

  /** What a row says; `null` for one that does not rest for a conflict, or is no edit. */
  ofRow(row: StoredOperation): Handled | null {
    try {
      const { chart, state, snapshot } = decodeWork(row);
      if (chart !== operationChart || chart.waitReasonOf(state) !== 'conflict') return null;
      return this.#handled(snapshot.context);
    } catch {
      // The check of the store finds it, and puts it into quarantine.
      return null;
    }
  }

  /** What rests of it in memory; `null` where it does not rest for a conflict, or is no edit. */
  ofResident({ chart, state, actor }: Resident): Handled | null {
    if (state === null || chart.waitReasonOf(state) !== 'conflict') return null;
    return this.#handled(actor.getSnapshot().context);
  }

  /** Reads one as it rests; `null` where it does not, or is no edit. */
  async read(id: string): Promise<ConflictedEdit | null> {
    const found = await this.#find(id);
    if (found === null) return null;
    const { revision, body } = found;
    const handled = 'resident' in found ? this.ofResident(found.resident) : this.ofRow(found.row);
    if (handled === null || body === null) return null;
    const { urgency } = 'resident' in found ? found.resident : found.row;
    return { id, revision, body, urgency, ...handled };
  }

  /**
   * Tells an edit what its conflict has come to. False where it takes no notice: it has moved on since it was read,
   * or does not rest for a conflict.
   *
   * @param revision of its row when it was read; `null`: whatever has happened to it since
   */
  async tell(
    id: string,
    revision: number | null,
    endOf: (edit: Resident) => ConflictEnd,
  ): Promise<boolean> {
    const found = await this.#find(id);
    if (found === null || (revision !== null && found.revision !== revision)) return false;
    const { dispatcher } = this.#parts.pool();
    if ('resident' in found) return applyTo(found.resident, endOf(found.resident));
    return dispatcher.wake(found.row, (resident) => applyTo(resident, endOf(resident)));
  }

  #handled(context: WorkContext): Handled | null {
    const handler = this.#parts.pool().registered.of(context);
    const isByEdit = isEditBy(handler, context);
    // One that was accepted before its handler merged records is an edit by now.
    if (context.isEdit !== true && !isByEdit) return null;
    return { context, handler: isByEdit ? handler : null };
  }

  /** In memory, or else its row as it is now. */
  async #find(id: string): Promise<Found | null> {
    const pool = this.#parts.pool();
    for (;;) {
      const resident = pool.resident(id);
      if (resident !== undefined)
        return { resident, revision: resident.revision, body: resident.body };
      const staleReads = pool.staleReads.watch(id);
      const row = await this.#parts.store.find(id).finally(staleReads.end);
      // If it has been in memory meanwhile, the row may be from before: look again.
      if (pool.resident(id) !== undefined || staleReads.hasLeft()) continue;
      return row === null || row.standing === 'quarantined'
        ? null
        : { row, revision: row.revision, body: row.payload };
    }
  }
}

/** An edit in memory, or on disk. */
type Found = { readonly revision: number; readonly body: string | null } & (
  | { readonly resident: Resident }
  | { readonly row: StoredOperation }
);

/** Gives the edit its body, then tells it: what it orders then is written with that body. */
function applyTo(resident: Resident, { event, body, taken }: ConflictEnd): boolean {
  if (!resident.actor.getSnapshot().can(event)) return false;
  if (body !== undefined) giveBody(resident, body);
  if (taken !== undefined) resident.taken = taken;
  resident.actor.send(event);
  return true;
}
