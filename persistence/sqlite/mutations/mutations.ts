/**
 * The one place where rows change: all code that writes to the tables of a store asks for it here, reads that quarantine
 * a row included. A test holds that no other file has such a statement, migrations excepted.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import type { WaitingRow } from '../schema/schema.ts';
import { OPERATION_INDEXES } from '../schema/schemaV1.ts';
import { type NodeStatements, type RecordSet, THE_MARK } from '../seals/recordSet.ts';
import type {
  ComponentRow,
  CrisisModeRow,
  CrisisPlanRow,
  KeptRow,
  OperationColumns,
} from '../seals/rowSeals.ts';
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

/** The columns of a note in the quarantine, and the tags of an operation. */
const NOTE =
  'SELECT code, standing, due_at, expires_at, waits_for, lane, idempotency, set_aside_at FROM quarantine WHERE seq = ?';
const TAGS = 'SELECT tag FROM tagged WHERE seq = ? ORDER BY tag';
const STATE = 'SELECT state FROM operation WHERE seq = ?';

/** Prepares every statement. @param set the set of records, which each change changes */
export function createMutations(db: Database.Database, set: RecordSet) {
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
  const stateOf = db.prepare<[seq: number], Uint8Array>(STATE).pluck();
  const note = db.prepare<[seq: number], unknown[]>(NOTE).raw();
  const tags = db.prepare<[seq: number], Uint8Array>(TAGS).pluck();
  const noteText = (seq: number): string | null => {
    const columns = note.get(seq);
    return columns === undefined ? null : textOf(columns);
  };
  const tagsText = (seq: number): string => textOf(tags.all(seq));
  const forgetQuarantine = (seq: number): void => {
    run.forgetQuarantine.run(seq);
    set.remove('quarantine', seq);
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
      if (changes === 0) return false;
      counts.added(row);
      set.put('operation', seq, state);
      return true;
    },
    /** Adds tags to an operation, kept until the operation is deleted. @param newTags their fingerprints */
    tagOperation: (seq: number, newTags: readonly Uint8Array[]): void => {
      if (newTags.length === 0) return;
      for (const tag of newTags) run.tagOperation.run(tag, seq);
      set.putText('tagged', seq, tagsText(seq));
    },
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
      set.put('operation', row.seq, state);
      if (leavesLane) run.updateLeavingLane.run(...changed(row, state), row.urgency, row.seq);
      else run.updateOperation.run(...changed(row, state), row.seq);
    },
    /** Gives an operation another rank; its state is sealed for it. */
    rankOperation: (before: CountedColumns, row: OperationColumns, state: Uint8Array): void => {
      counts.moved(before, row);
      set.put('operation', row.seq, state);
      run.rankOperation.run(row.urgency, row.key_id, state, row.seq);
    },
    /** Writes every column anew, whatever was in them. */
    replaceOperation: (row: OperationColumns, state: Uint8Array): void => {
      const { id, urgency, subject, lane, idempotency, seq } = row;
      const others = [id, urgency, subject, lane, idempotency];
      set.put('operation', seq, state);
      recounted(seq, seq, () => run.replaceOperation.run(...changed(row, state), ...others, seq));
    },
    /** Changes the operation that is at `fromSeq` now, and its number to that of the row. */
    moveOperation: (fromSeq: number, row: OperationColumns, state: Uint8Array): void => {
      const { lane, seq } = row;
      recounted(fromSeq, seq, () =>
        run.moveOperation.run(...changed(row, state), lane, seq, fromSeq),
      );
      set.put('operation', seq, state);
      if (seq === fromSeq) return;
      set.remove('operation', fromSeq);
      run.retagOperation.run(seq, fromSeq);
      if (!set.has('tagged', fromSeq)) return;
      set.remove('tagged', fromSeq);
      set.putText('tagged', seq, tagsText(seq));
    },
    /** Deletes an operation, its tags, its payload and the note of its quarantine. */
    deleteOperation: (seq: number): void => {
      recounted(seq, seq, () => run.deleteOperation.run(seq));
      run.untagOperation.run(seq);
      run.deletePayload.run(seq);
      run.forgetQuarantine.run(seq);
      for (const space of ['operation', 'tagged', 'quarantine'] as const) set.remove(space, seq);
    },
    putPayload: (seq: number, keyId: number, envelope: Uint8Array): void =>
      void run.putPayload.run(seq, keyId, envelope),
    deletePayload: (seq: number): void => void run.deletePayload.run(seq),
    /**
     * Clears the columns by which the row would be found or would block others; its bytes stay. `false` where there is
     * no such row.
     */
    quarantine: (seq: number, code: string): boolean => {
      run.noteQuarantine.run(code, seq);
      const text = noteText(seq);
      if (text !== null) set.putText('quarantine', seq, text);
      return recounted(seq, seq, () => run.quarantine.run(seq).changes > 0);
    },
    /**
     * Gives a quarantined row back the columns that it was cleared of. An earlier copy, which the set did not hold, is the
     * record from then on.
     */
    putBack: (seq: number): void => {
      recounted(seq, seq, () => run.putBack.run(seq));
      forgetQuarantine(seq);
      const envelope = stateOf.get(seq);
      if (envelope !== undefined) set.put('operation', seq, envelope);
    },
    forgetQuarantine,
    /** True if the tags of an operation, and the note of its quarantine, are those that the set holds. */
    areNotesKept: (seq: number): boolean => {
      const tagged = tags.all(seq);
      const noted = noteText(seq);
      const hasTags =
        tagged.length === 0
          ? !set.has('tagged', seq)
          : set.holdsText('tagged', seq, textOf(tagged));
      return (
        hasTags &&
        (noted === null ? !set.has('quarantine', seq) : set.holdsText('quarantine', seq, noted))
      );
    },
    keepComponent: (row: ComponentRow): void => {
      run.keepComponent.run(row.tag, row.revision, row.key_id, row.state);
      set.put('component', row.tag, row.state);
    },
    keepCrisisMode: (row: CrisisModeRow): void => {
      run.keepCrisisMode.run(row.subject, row.revision, row.key_id, row.state);
      set.put('crisisMode', row.subject, row.state);
    },
    /** @param subject its fingerprint */
    deleteCrisisMode: (subject: Uint8Array): void => {
      run.deleteCrisisMode.run(subject);
      set.remove('crisisMode', subject);
    },
    /** Deletes all, and what is noted of those that are missing. */
    deleteCrisisModes: (): void => {
      run.deleteCrisisModes.run();
      set.clear('crisisMode');
    },
    keepCrisisPlan: (row: CrisisPlanRow): void => {
      run.keepCrisisPlan.run(row.subject, row.revision, row.key_id, row.pinned, row.state);
      set.put('crisisPlan', row.subject, row.state);
    },
    /** @param subject its fingerprint */
    deleteCrisisPlan: (subject: Uint8Array): void => {
      run.deleteCrisisPlan.run(subject);
      set.remove('crisisPlan', subject);
    },
    insertKept: (row: KeptRow): void => {
      const { seq, room, key, subject, revision, key_id, is_open, keep_until } = row;
      const columns = [seq, room, key, subject, revision, key_id, is_open, keep_until];
      run.insertKept.run(...columns, row.state);
      set.put('kept', key, row.state);
    },
    /** Writes a later text; room and key stay, and the subject unless it is another now. */
    updateKept: (row: KeptRow, isOfAnother: boolean): void => {
      const { seq, key, subject, revision, key_id, is_open, keep_until } = row;
      run.updateKept.run(revision, key_id, is_open, keep_until, row.state, seq);
      if (isOfAnother) run.updateKeptSubject.run(subject, seq);
      set.put('kept', key, row.state);
    },
    /** @param key its fingerprint */
    deleteKept: (room: number, key: Uint8Array): void => {
      run.deleteKept.run(room, key);
      set.remove('kept', key);
    },
    insertAudit: (seq: number, keyId: number, seal: Uint8Array): void => {
      run.insertAudit.run(seq, keyId, seal);
    },
    /** @param tag the fingerprint of the person */
    putAuditPerson: (tag: Uint8Array, keyId: number, seal: Uint8Array): void => {
      run.putAuditPerson.run(tag, keyId, seal);
    },
    /** @param storeId 16 bytes */
    insertMark: (storeId: Uint8Array, keyId: number, seal: Uint8Array): void => {
      run.insertMark.run(storeId, keyId, seal);
      set.put('mark', THE_MARK, seal);
    },
    updateMark: (keyId: number, seal: Uint8Array): void => {
      run.updateMark.run(keyId, seal);
      set.put('mark', THE_MARK, seal);
    },
    /** Begins the set of records of an empty store. */
    beginSet: (): void => {
      set.begin(run);
    },
    /** Writes the set of records as the transaction leaves it; to be called before its commit. */
    writeSet: (): void => {
      set.write(run);
    },
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
      const undo = [counts.mark(), set.mark()];
      try {
        // A savepoint: whole or not at all, also where the transaction goes on.
        db.transaction(() => {
          db.exec(`DROP INDEX ${name}`);
          unindexed();
          db.exec(definition);
        })();
      } catch (error) {
        for (const step of undo) step();
        throw error;
      }
    },
  };
}

/** The statements that write the nodes of the set, for a migration. */
export function nodeStatements(db: Database.Database): NodeStatements {
  return { putNode: db.prepare(MUTATIONS.putNode), deleteNode: db.prepare(MUTATIONS.deleteNode) };
}

/** One text for these columns, which no other columns have. */
function textOf(columns: readonly unknown[]): string {
  return JSON.stringify(
    columns.map((column) =>
      column instanceof Uint8Array ? Buffer.from(column).toString('hex') : column,
    ),
  );
}
