/**
 * The one place where rows change: all code that writes to the tables of a store asks for it here, reads that quarantine
 * a row included. A test holds that no other file has such a statement, migrations excepted.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import type { WaitingRow } from '../schema/schema.ts';
import { OPERATION_INDEXES } from '../schema/schemaV1.ts';
import type { ComponentRow, CrisisPlanRow, KeptRow, OperationColumns } from '../seals/rowSeals.ts';
import { CountChanges, type CountedColumns } from './counts.ts';
import { MUTATIONS } from './statements.ts';

/** Changes of rows, to be made inside a transaction. */
export type Mutations = ReturnType<typeof createMutations>;

/** The columns by which a row is counted, as they are in the file. */
const COUNTED = 'SELECT standing, waits_for, route, urgency FROM operation WHERE seq = ?';

/** The columns that each new state writes, in the order of the statements. */
const changed = (row: OperationColumns, state: Uint8Array): readonly unknown[] => [
  row.revision,
  row.key_id,
  row.standing,
  row.due_at,
  row.expires_at,
  row.waits_for,
  row.route,
  state,
];

/** Prepares every statement. */
export function createMutations(db: Database.Database) {
  const names = Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[];
  const run = Object.fromEntries(
    names.map((name) => [name, db.prepare(MUTATIONS[name])]),
  ) as Readonly<Record<keyof typeof MUTATIONS, Database.Statement>>;
  const counts = new CountChanges(run);
  const counted = db.prepare<[seq: number], CountedColumns>(COUNTED);
  /** Makes a change of a row that is counted by what the file says of it before and after. */
  const recounted = <Result>(fromSeq: number, toSeq: number, change: () => Result): Result => {
    const before = counted.get(fromSeq);
    const result = change();
    const after = counted.get(toSeq);
    if (before !== undefined) counts.removed(before);
    if (after !== undefined) counts.added(after);
    return result;
  };
  return {
    /** Adds an operation; `false` where it meets a row with its number, id or idempotency key. */
    insertOperation: (row: OperationColumns, state: Uint8Array): boolean => {
      const { seq, id, revision, key_id, standing, due_at, expires_at, urgency } = row;
      const { waits_for, route, subject, lane, idempotency } = row;
      const { changes } = run.insertOperation.run(
        ...[seq, id, revision, key_id, standing, due_at, expires_at, urgency],
        ...[waits_for, route, subject, lane, idempotency, state],
      );
      if (changes > 0) counts.added(row);
      return changes > 0;
    },
    /** Adds a tag to an operation, kept until the operation is deleted. @param tag its fingerprint */
    tagOperation: (seq: number, tag: Uint8Array): void => void run.tagOperation.run(tag, seq),
    /**
     * Writes a new state; the lane and the rank only where the operation leaves its lane. @param before the columns of
     * the row, which a seal or this process has proved
     */
    updateOperation: (
      before: CountedColumns,
      row: OperationColumns,
      state: Uint8Array,
      leavesLane: boolean,
    ): void => {
      counts.moved(before, row);
      if (leavesLane) run.updateLeavingLane.run(...changed(row, state), row.urgency, row.seq);
      else run.updateOperation.run(...changed(row, state), row.seq);
    },
    /** Gives an operation another rank; its state is sealed for it. */
    rankOperation: (before: CountedColumns, row: OperationColumns, state: Uint8Array): void => {
      counts.moved(before, row);
      run.rankOperation.run(row.urgency, row.key_id, state, row.seq);
    },
    /** Writes every column anew, whatever was in them. */
    replaceOperation: (row: OperationColumns, state: Uint8Array): void => {
      const { id, urgency, subject, lane, idempotency, seq } = row;
      const others = [id, urgency, subject, lane, idempotency];
      recounted(seq, seq, () => run.replaceOperation.run(...changed(row, state), ...others, seq));
    },
    /** Changes the operation that is at `fromSeq` now, and its number to that of the row. */
    moveOperation: (fromSeq: number, row: OperationColumns, state: Uint8Array): void => {
      const { lane, seq } = row;
      recounted(fromSeq, seq, () =>
        run.moveOperation.run(...changed(row, state), lane, seq, fromSeq),
      );
      if (seq !== fromSeq) run.retagOperation.run(seq, fromSeq);
    },
    /** Deletes an operation, its tags, its payload and the note of its quarantine. */
    deleteOperation: (seq: number): void => {
      recounted(seq, seq, () => run.deleteOperation.run(seq));
      run.untagOperation.run(seq);
      run.deletePayload.run(seq);
      run.forgetQuarantine.run(seq);
    },
    putPayload: (seq: number, envelope: Uint8Array): void => void run.putPayload.run(seq, envelope),
    deletePayload: (seq: number): void => void run.deletePayload.run(seq),
    /**
     * Clears the columns by which the row would be found or would block others; its bytes stay. `false` where there is
     * no such row.
     */
    quarantine: (seq: number, code: string): boolean => {
      run.noteQuarantine.run(code, seq);
      return recounted(seq, seq, () => run.quarantine.run(seq).changes > 0);
    },
    /** Gives a quarantined row back the columns that it was cleared of. */
    putBack: (seq: number): void => {
      recounted(seq, seq, () => run.putBack.run(seq));
      run.forgetQuarantine.run(seq);
    },
    forgetQuarantine: (seq: number): void => void run.forgetQuarantine.run(seq),
    keepComponent: (row: ComponentRow): void =>
      void run.keepComponent.run(row.tag, row.revision, row.key_id, row.state),
    keepCrisisPlan: (row: CrisisPlanRow): void =>
      void run.keepCrisisPlan.run(row.subject, row.revision, row.key_id, row.pinned, row.state),
    /** @param subject its fingerprint */
    deleteCrisisPlan: (subject: Uint8Array): void => void run.deleteCrisisPlan.run(subject),
    insertKept: ({ seq, room, key, revision, key_id, is_open, keep_until, state }: KeptRow): void =>
      void run.insertKept.run(seq, room, key, revision, key_id, is_open, keep_until, state),
    /** Writes a later text; room and key stay. */
    updateKept: ({ seq, revision, key_id, is_open, keep_until, state }: KeptRow): void =>
      void run.updateKept.run(revision, key_id, is_open, keep_until, state, seq),
    /** @param key its fingerprint */
    deleteKept: (room: number, key: Uint8Array): void => void run.deleteKept.run(room, key),
    /** @param storeId 16 bytes */
    insertMark: (storeId: Uint8Array, keyId: number, seal: Uint8Array): void =>
      void run.insertMark.run(storeId, keyId, seal),
    updateMark: (keyId: number, seal: Uint8Array): void => void run.updateMark.run(keyId, seal),
    /** Writes what the transaction has changed in the counts; to be called before its commit, and before a count is read. */
    writeCounts: (): void => {
      // Outside of one there may be sums of one that failed.
      if (db.inTransaction) counts.write();
    },
    /** Forgets what a transaction that came to nothing has changed in the counts. */
    forgetCounts: (): void => {
      counts.forget();
    },
    /** Corrects a count of the tally. */
    keepCount: (kind: number, operations: number): void => void run.keepCount.run(kind, operations),
    /** Corrects a count of what waits; a count of zero is deleted. */
    keepWaiting: ({ route, urgency, waits_for, operations }: WaitingRow): void => {
      run.keepWaiting.run(route, urgency, waits_for, operations);
      run.noneWaits.run(route, urgency, waits_for);
    },
    /** Rebuilds an index from its table; `unindexed` is called while there is none. */
    remakeIndex: (name: string, unindexed: () => void): void => {
      const definition = OPERATION_INDEXES.find((text) => text.includes(` INDEX ${name} ON `));
      // The index of a UNIQUE column can't be dropped: it goes with its table.
      if (definition === undefined) {
        db.exec(`REINDEX ${name}`);
        return;
      }
      const undo = counts.mark();
      try {
        // A savepoint: whole or not at all, also where the transaction goes on.
        db.transaction(() => {
          db.exec(`DROP INDEX ${name}`);
          unindexed();
          db.exec(definition);
        })();
      } catch (error) {
        undo();
        throw error;
      }
    },
  };
}
