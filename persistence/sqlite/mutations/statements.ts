/**
 * Every statement that changes rows, those of migrations excepted. Only mutations.ts may use them, so that all changes
 * of rows can be observed from one place.
 *
 * @module
 */

import { STANDING_CODES, WAITS_FOR_CODES } from '../schema/schema.ts';

const COLUMNS =
  'seq, id, revision, key_id, standing, due_at, expires_at, urgency, waits_for, route, subject, lane, idempotency, state';
const CHANGING =
  'revision = ?, key_id = ?, standing = ?, due_at = ?, expires_at = ?, waits_for = ?, route = ?, state = ?';

/** The text of each statement, by its purpose. */
export const MUTATIONS = {
  insertOperation:
    `INSERT INTO operation (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ` +
    'ON CONFLICT DO NOTHING',
  tagOperation: 'INSERT INTO tagged (tag, seq) VALUES (?, ?) ON CONFLICT DO NOTHING',
  // Two statements, because naming the lane would rewrite its index entry every time.
  updateOperation: `UPDATE operation SET ${CHANGING} WHERE seq = ?`,
  updateLeavingLane: `UPDATE operation SET ${CHANGING}, lane = NULL, urgency = ? WHERE seq = ?`,
  rankOperation: 'UPDATE operation SET urgency = ?, key_id = ?, state = ? WHERE seq = ?',
  // Every column: of a row that does not open, none is kept.
  replaceOperation: `UPDATE operation SET ${CHANGING}, id = ?, urgency = ?, subject = ?, lane = ?, idempotency = ? WHERE seq = ?`,
  // Also to another seq, where it goes to the tail of its lane.
  moveOperation: `UPDATE operation SET ${CHANGING}, lane = ?, seq = ? WHERE seq = ?`,
  deleteOperation: 'DELETE FROM operation WHERE seq = ?',
  untagOperation: 'DELETE FROM tagged WHERE seq = ?',
  retagOperation: 'UPDATE tagged SET seq = ? WHERE seq = ?',
  // Replaces a stray payload: one under a new number is none of ours.
  putPayload: 'INSERT OR REPLACE INTO payload (seq, key_id, envelope) VALUES (?, ?, ?)',
  deletePayload: 'DELETE FROM payload WHERE seq = ?',
  noteQuarantine:
    // The writer has no clock; when something was quarantined is for people to read.
    'INSERT OR REPLACE INTO quarantine (seq, code, standing, due_at, expires_at, waits_for, lane, idempotency, set_aside_at) ' +
    'SELECT seq, ?, standing, due_at, expires_at, waits_for, lane, idempotency, ' +
    "CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM operation WHERE seq = ?",
  quarantine:
    `UPDATE operation SET standing = ${STANDING_CODES.quarantined}, due_at = NULL, expires_at = NULL, ` +
    `waits_for = ${WAITS_FOR_CODES.turn}, lane = NULL, idempotency = NULL WHERE seq = ?`,
  putBack:
    'UPDATE operation SET (standing, due_at, expires_at, waits_for, lane, idempotency) = ' +
    '(SELECT standing, due_at, expires_at, waits_for, lane, idempotency FROM quarantine WHERE quarantine.seq = operation.seq) ' +
    'WHERE seq = ?',
  forgetQuarantine: 'DELETE FROM quarantine WHERE seq = ?',
  keepComponent:
    'INSERT INTO component (tag, revision, key_id, state) VALUES (?, ?, ?, ?) ' +
    'ON CONFLICT (tag) DO UPDATE SET revision = excluded.revision, key_id = excluded.key_id, state = excluded.state',
  keepCrisisMode:
    'INSERT INTO crisis_mode (subject, revision, key_id, state) VALUES (?, ?, ?, ?) ' +
    'ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, key_id = excluded.key_id, state = excluded.state',
  deleteCrisisMode: 'DELETE FROM crisis_mode WHERE subject = ?',
  deleteCrisisModes: 'DELETE FROM crisis_mode',
  keepCrisisPlan:
    'INSERT INTO crisis_plan (subject, revision, key_id, pinned, state) VALUES (?, ?, ?, ?, ?) ' +
    'ON CONFLICT (subject) DO UPDATE SET revision = excluded.revision, key_id = excluded.key_id, pinned = excluded.pinned, state = excluded.state',
  deleteCrisisPlan: 'DELETE FROM crisis_plan WHERE subject = ?',
  insertKept:
    'INSERT INTO kept (seq, room, key, subject, revision, key_id, is_open, keep_until, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  updateKept:
    'UPDATE kept SET revision = ?, key_id = ?, is_open = ?, keep_until = ?, state = ? WHERE seq = ?',
  // Apart: naming it would rewrite its index entry every time.
  updateKeptSubject: 'UPDATE kept SET subject = ? WHERE seq = ?',
  deleteKept: 'DELETE FROM kept WHERE room = ? AND key = ?',
  insertMark: 'INSERT INTO meta (one, store_id, key_id, seal) VALUES (1, ?, ?, ?)',
  // Never below zero: a row whose columns were edited may have been under another count.
  addToCount: 'UPDATE tally SET operations = max(0, operations + ?) WHERE kind = ?',
  addToWaiting:
    'INSERT INTO waiting (route, urgency, waits_for, operations) VALUES (?, ?, ?, ?) ' +
    'ON CONFLICT (route, urgency, waits_for) DO UPDATE SET operations = operations + excluded.operations',
  takeFromWaiting:
    'UPDATE waiting SET operations = operations - ? WHERE route = ? AND urgency = ? AND waits_for = ?',
  // A count that reaches zero goes, so that types which are gone leave none.
  noneWaits:
    'DELETE FROM waiting WHERE route = ? AND urgency = ? AND waits_for = ? AND operations < 1',
  keepCount: 'INSERT OR REPLACE INTO tally (kind, operations) VALUES (?, ?)',
  keepWaiting:
    'INSERT INTO waiting (route, urgency, waits_for, operations) VALUES (?, ?, ?, ?) ' +
    'ON CONFLICT (route, urgency, waits_for) DO UPDATE SET operations = excluded.operations',
  updateMark: 'UPDATE meta SET key_id = ?, seal = ?',
  putNode:
    'INSERT INTO integrity (node, key_id, seal) VALUES (?, ?, ?) ' +
    'ON CONFLICT (node) DO UPDATE SET key_id = excluded.key_id, seal = excluded.seal',
  // An entry is never changed: a number that is taken is a fault.
  insertAudit: 'INSERT INTO audit (seq, key_id, seal) VALUES (?, ?, ?)',
  putAuditPerson:
    'INSERT INTO audit_person (tag, key_id, seal) VALUES (?, ?, ?) ' +
    'ON CONFLICT (tag) DO UPDATE SET key_id = excluded.key_id, seal = excluded.seal',
  deleteNode: 'DELETE FROM integrity WHERE node = ?',
} as const;
