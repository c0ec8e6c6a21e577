/**
 * How a person's service calls (dead letters, quarantine) reach a store: through the journal of the
 * engine that runs on it, or directly while it is at rest.
 *
 * @module
 */

import { queuedPosition, type RowPosition, routeOf } from '../../machines/operation/position.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type {
  RecordStore,
  ReviewStore,
  Store,
  StoredOperation,
  Write,
  WriteResult,
} from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import { notAccepted } from '../operation/acceptance.ts';
import type { OperationPool } from '../work/operationPool.ts';
import { adoptHandler, findStrays, type RecoveryParts, sweepLanes } from './recovery.ts';

/** Facets of a store that service calls ask. */
type Reviewed = RecordStore & ReviewStore & Pick<Store, 'beside'>;

export interface ServiceAccess {
  readonly notes: AuditNotes;
  readonly store: Reviewed;
  /** Performs writes; resolves once they are durable, with a result for each. */
  commit(writes: readonly (() => Write)[]): Promise<readonly WriteResult[]>;
  /** Where an operation of this type waits to be run. */
  positionOf(type: string): RowPosition;
  /** Takes note that these have been brought back and are on disk. */
  broughtBack(operations: readonly SyncOperationContext[]): void;
  /** That of this id has left the quarantine: put back where it stood, as this row, or purged. */
  leftQuarantine(id: string, row: StoredOperation | null): Promise<void>;
  /** This row is the new head of its lane. */
  laneFreed(row: StoredOperation): void;
}

export interface LiveAccess extends ServiceAccess {
  /** Rejects all pending callers with HF_CLOSED: the runtime has stopped. */
  abandon(): void;
}

/** A store at rest: what is brought back waits for the next process to find it. */
export function accessAtRest(store: Reviewed, notes: AuditNotes): ServiceAccess {
  return {
    notes,
    store,
    commit: (writes) => store.commit(writes.map((build) => build())),
    // Nobody knows the handlers here: the next process finds out which types have none.
    positionOf: (type) => queuedPosition(routeOf(type), 0),
    broughtBack: () => undefined,
    leftQuarantine: () => Promise.resolve(),
    laneFreed: () => undefined,
  };
}

/** The store of a running engine. */
export function accessLive(
  parts: RecoveryParts & {
    readonly store: Reviewed;
    readonly notes: AuditNotes;
    readonly onLeftQuarantine: (id: string) => void;
    readonly onError: (error: unknown) => void;
    /** Work on this entity waits again. */
    readonly onBroughtBack: (entity: Entity | null) => void;
  },
): LiveAccess {
  const { store, steady, journal, pool, onLeftQuarantine, onBroughtBack } = parts;
  const { dispatcher } = pool;
  const waiting = new Set<() => void>();
  return {
    store,
    notes: parts.notes,
    async commit(writes) {
      // What nobody was promised yet is not left to wait for a sick disk.
      if (journal.failure !== null) throw notAccepted(journal.failure);
      const results = await Promise.all(
        writes.map(
          (build) =>
            new Promise<WriteResult>((resolve, reject) => {
              const forget = (): boolean => waiting.delete(refuse);
              const refuse = (): void => {
                forget();
                reject(notKnown());
              };
              waiting.add(refuse);
              const onDurable = (result: WriteResult): void => {
                forget();
                resolve(result);
              };
              journal.write({
                build,
                onDurable,
                onRefused: (error) => {
                  forget();
                  reject(error);
                },
              });
            }),
        ),
      );
      return results;
    },
    positionOf: (type) => queuedPosition(routeOf(type), steady.stamp()),
    broughtBack(operations) {
      for (const { expiresAtMs, entity } of operations) {
        onBroughtBack(entity);
        if (expiresAtMs !== null) dispatcher.noteInstant(expiresAtMs);
      }
      dispatcher.lookEverywhere();
      const isStray = operations.some(({ type }) => !pool.registered.byType.has(type));
      if (isStray) findStrays(parts).catch(parts.onError);
    },
    async leftQuarantine(id, row) {
      onLeftQuarantine(id);
      if (row === null) return;
      if (row.standing === 'inHand') takeOver(parts, row);
      const { chart, state, snapshot } = decodeWork(row);
      const { type } = snapshot.context;
      const watchedAtMs = chart.watchedAtMs(state, snapshot.context);
      if (watchedAtMs !== null) dispatcher.noteInstant(watchedAtMs);
      dispatcher.lookEverywhere();
      if (pool.registered.byType.has(type)) await adoptHandler(parts, type);
      await sweepLanes(parts);
    },
    laneFreed(row) {
      dispatcher.laneFreed(row);
    },
    abandon() {
      for (const refuse of waiting) refuse();
    },
  };
}

function notKnown(): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The runtime was closed before the disk confirmed the call, so it is not known whether it took effect. Make it again at the next runtime: what is done already is left alone.',
    { retry: 'later', withStack: false },
  );
}

/** An operation that was in flight when it was quarantined goes on as after a restart. */
function takeOver(
  { clock, pool }: { readonly clock: Clock; readonly pool: OperationPool },
  row: StoredOperation,
): void {
  const resident = pool.resident(row.id) === undefined ? pool.revive(row) : null;
  if (resident === null) return;
  const { state } = resident;
  // What was in quarantine had no part in the last crash: the first ones count, no later one.
  resident.actor.send({ type: 'process.restarted', atMs: clock.now(), wasAlone: false });
  if (resident.state === state) pool.dispatcher.goOn(resident);
}
