/**
 * The one place where rows change: whoever writes to the tables of a store asks for it here, reads that
 * set a row aside included. A test holds that no other file has such a statement, but for migrations.
 *
 * @module
 */

import type Database from 'better-sqlite3';
import { OPERATION_INDEXES } from '../schema/schemaV1.ts';
import type { ComponentRow, CrisisPlanRow, KeptRow, OperationColumns } from '../seals/rowSeals.ts';
import { MUTATIONS } from './statements.ts';

/** Changes of rows, to be asked for inside a transaction. */
export interface Mutations {
  /** Adds an operation; `false` where it met a row with its number, id or idempotency key. */
  insertOperation(row: OperationColumns, state: Uint8Array): boolean;
  /** Has an operation found by a tag, until it is taken away. @param tag its fingerprint */
  tagOperation(seq: number, tag: Uint8Array): void;
  /** Changes what an update changes; the lane and the rank only where the lane is left. */
  updateOperation(row: OperationColumns, state: Uint8Array, leavesLane: boolean): void;
  /** Gives an operation another rank; its state is sealed for it. */
  rankOperation(row: Pick<OperationColumns, 'seq' | 'urgency' | 'key_id'>, state: Uint8Array): void;
  /** Writes every column anew, whatever stands in them. */
  replaceOperation(row: OperationColumns, state: Uint8Array): void;
  /** Changes an operation that is at `fromSeq` now, and its number to that of the row. */
  moveOperation(fromSeq: number, row: OperationColumns, state: Uint8Array): void;
  /** Takes an operation away, with its payload and what was noted of it when it was quarantined. */
  deleteOperation(seq: number): void;
  putPayload(seq: number, envelope: Uint8Array): void;
  deletePayload(seq: number): void;
  /**
   * Clears the columns by which the row would be found or would block others; its bytes stay. `false`
   * where there is no such row.
   */
  quarantine(seq: number, code: string): boolean;
  /** Gives a quarantined row back the columns that it was cleared of. */
  putBack(seq: number): void;
  forgetQuarantine(seq: number): void;
  keepComponent(row: ComponentRow): void;
  keepCrisisPlan(row: CrisisPlanRow): void;
  /** @param subject its fingerprint */
  deleteCrisisPlan(subject: Uint8Array): void;
  insertKept(row: KeptRow): void;
  /** Changes what a later write changes; room and key stay. */
  updateKept(row: KeptRow): void;
  /** @param key its fingerprint */
  deleteKept(room: number, key: Uint8Array): void;
  /** @param storeId 16 bytes */
  insertMark(storeId: Uint8Array, keyId: number, seal: Uint8Array): void;
  updateMark(keyId: number, seal: Uint8Array): void;
  /** Puts a count of the tally right. */
  keepCount(kind: number, operations: number): void;
  /** Puts a count of what waits right; one that comes to nothing goes. */
  keepWaiting(row: {
    readonly route: Uint8Array;
    readonly urgency: number;
    readonly waits_for: number;
    readonly operations: number;
  }): void;
  /** Makes an index anew from its table; `unindexed` is called while there is none. */
  remakeIndex(name: string, unindexed: () => void): void;
}

export function createMutations(db: Database.Database): Mutations {
  const statement = (name: keyof typeof MUTATIONS): Database.Statement =>
    db.prepare(MUTATIONS[name]);
  const insertOperation = statement('insertOperation');
  const tagOperation = statement('tagOperation');
  const updateOperation = statement('updateOperation');
  const updateLeavingLane = statement('updateLeavingLane');
  const rankOperation = statement('rankOperation');
  const replaceOperation = statement('replaceOperation');
  const moveOperation = statement('moveOperation');
  const deleteOperation = statement('deleteOperation');
  const putPayload = statement('putPayload');
  const deletePayload = statement('deletePayload');
  const noteQuarantine = statement('noteQuarantine');
  const quarantine = statement('quarantine');
  const putBack = statement('putBack');
  const forgetQuarantine = statement('forgetQuarantine');
  const keepComponent = statement('keepComponent');
  const keepCrisisPlan = statement('keepCrisisPlan');
  const deleteCrisisPlan = statement('deleteCrisisPlan');
  const insertKept = statement('insertKept');
  const updateKept = statement('updateKept');
  const deleteKept = statement('deleteKept');
  const insertMark = statement('insertMark');
  const updateMark = statement('updateMark');
  const keepCount = statement('keepCount');
  const keepWaiting = statement('keepWaiting');
  return {
    insertOperation(row, state) {
      const { changes } = insertOperation.run(
        row.seq,
        row.id,
        row.revision,
        row.key_id,
        row.standing,
        row.due_at,
        row.expires_at,
        row.urgency,
        row.waits_for,
        row.route,
        row.subject,
        row.lane,
        row.idempotency,
        state,
      );
      return changes > 0;
    },
    tagOperation(seq, tag) {
      tagOperation.run(tag, seq);
    },
    updateOperation(row, state, leavesLane) {
      const { revision, key_id, standing, due_at, expires_at, waits_for, route } = row;
      const { urgency, seq } = row;
      const changed = [
        ...[revision, key_id, standing, due_at, expires_at, waits_for, route, state],
      ] as const;
      if (leavesLane) updateLeavingLane.run(...changed, urgency, seq);
      else updateOperation.run(...changed, seq);
    },
    rankOperation(row, state) {
      rankOperation.run(row.urgency, row.key_id, state, row.seq);
    },
    replaceOperation(row, state) {
      replaceOperation.run(
        row.revision,
        row.key_id,
        row.standing,
        row.due_at,
        row.expires_at,
        row.waits_for,
        row.route,
        state,
        row.id,
        row.urgency,
        row.subject,
        row.lane,
        row.idempotency,
        row.seq,
      );
    },
    moveOperation(fromSeq, row, state) {
      moveOperation.run(
        row.revision,
        row.key_id,
        row.standing,
        row.due_at,
        row.expires_at,
        row.waits_for,
        row.route,
        state,
        row.lane,
        row.seq,
        fromSeq,
      );
    },
    deleteOperation(seq) {
      deleteOperation.run(seq);
      deletePayload.run(seq);
      forgetQuarantine.run(seq);
    },
    putPayload(seq, envelope) {
      putPayload.run(seq, envelope);
    },
    deletePayload(seq) {
      deletePayload.run(seq);
    },
    quarantine(seq, code) {
      noteQuarantine.run(code, seq);
      return quarantine.run(seq).changes > 0;
    },
    putBack(seq) {
      putBack.run(seq);
      forgetQuarantine.run(seq);
    },
    forgetQuarantine(seq) {
      forgetQuarantine.run(seq);
    },
    keepComponent(row) {
      keepComponent.run(row.tag, row.revision, row.key_id, row.state);
    },
    keepCrisisPlan(row) {
      keepCrisisPlan.run(row.subject, row.revision, row.key_id, row.pinned, row.state);
    },
    deleteCrisisPlan(subject) {
      deleteCrisisPlan.run(subject);
    },
    insertKept({ seq, room, key, revision, key_id, is_open, keep_until, state }) {
      insertKept.run(seq, room, key, revision, key_id, is_open, keep_until, state);
    },
    updateKept({ seq, revision, key_id, is_open, keep_until, state }) {
      updateKept.run(revision, key_id, is_open, keep_until, state, seq);
    },
    deleteKept(room, key) {
      deleteKept.run(room, key);
    },
    insertMark(storeId, keyId, seal) {
      insertMark.run(storeId, keyId, seal);
    },
    updateMark(keyId, seal) {
      updateMark.run(keyId, seal);
    },
    keepCount(kind, operations) {
      keepCount.run(kind, operations);
    },
    keepWaiting({ route, urgency, waits_for, operations }) {
      keepWaiting.run(route, urgency, waits_for, operations);
    },
    remakeIndex(name, unindexed) {
      const definition = OPERATION_INDEXES.find((text) => text.includes(` INDEX ${name} ON `));
      // That of a UNIQUE column goes with its table.
      if (definition === undefined) {
        db.exec(`REINDEX ${name}`);
        return;
      }
      // Whole or not, also where the transaction goes on.
      db.transaction(() => {
        db.exec(`DROP INDEX ${name}`);
        unindexed();
        db.exec(definition);
      })();
    },
  };
}
