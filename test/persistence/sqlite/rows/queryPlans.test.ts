import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MUTATIONS } from '../../../../persistence/sqlite/mutations/statements.ts';
import { createSearchStatements } from '../../../../persistence/sqlite/rows/searchStatements.ts';
import type { StatementName } from '../../../../persistence/sqlite/rows/statements.ts';
import { SQL } from '../../../../persistence/sqlite/rows/statements.ts';
import { createSchema, IS_ASKING, IS_HELD } from '../../../../persistence/sqlite/schema/schema.ts';

let db: Database.Database;

beforeAll(() => {
  db = new Database(':memory:');
  createSchema(db);
});
afterAll(() => {
  db.close();
});

function planOf(sql: string): string[] {
  const parameters = Array.from({ length: sql.split('?').length - 1 }, () => null);
  return db
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...parameters)
    .map(({ detail }) => detail);
}

/** A step that reads rows one after the other, or sorts them. */
function isSlow(detail: string): boolean {
  return detail.startsWith('SCAN') || detail.includes('TEMP B-TREE');
}

describe('SC-1 what is asked while operations run costs an index seek, whatever the queue', () => {
  test.each<[StatementName | keyof typeof MUTATIONS, string]>([
    ['due', 'INDEX operation_due (route=? AND urgency=? AND due_at<?)'],
    ['dueSeqs', 'COVERING INDEX operation_due (route=? AND urgency=? AND due_at<?)'],
    ['firstDueAfter', 'COVERING INDEX operation_due (route=? AND urgency>?)'],
    ['dueHeads', 'COVERING INDEX operation_due (route=? AND urgency=? AND due_at>?)'],
    ['nextDueRoute', 'COVERING INDEX operation_due (route>?)'],
    ['oldestWaiting', 'INDEX operation_waiting (route=? AND urgency=?)'],
    ['inHand', 'INDEX operation_in_hand (urgency=? AND seq>?)'],
    ['inHandSeqs', 'COVERING INDEX operation_in_hand (urgency=? AND seq>?)'],
    ['nextInHandUrgency', 'COVERING INDEX operation_in_hand (urgency>?)'],
    ['anotherInLane', 'COVERING INDEX operation_lane (lane=?)'],
    ['inLaneSeqs', 'COVERING INDEX operation_lane (lane=? AND seq>?)'],
    ['inLaneSeqs', 'COVERING INDEX operation_lane_in_hand (lane=? AND seq>?)'],
    ['laneHead', 'INDEX operation_lane (lane=?)'],
    ['laneHead', 'INDEX operation_lane_in_hand (lane=?)'],
    ['moreUrgentInLane', 'INDEX operation_lane_rank (lane=? AND urgency<?)'],
    ['headOfLane', 'INDEX operation_lane (lane=?)'],
    ['headOfLane', 'INDEX operation_lane_in_hand (lane=?)'],
    ['heldStretchEnd', 'COVERING INDEX operation_held (seq>?)'],
    ['stretchSeqs', 'COVERING INDEX operation_held (seq>? AND seq<?)'],
    ['freedHeads', 'INDEX operation_held (seq>? AND seq<?)'],
    ['check', 'INTEGER PRIMARY KEY (rowid>?)'],
    ['nextExpiryAt', 'INDEX operation_expiry (expires_at>?)'],
    ['expiredSeqs', 'INDEX operation_expiry (expires_at>? AND expires_at<?)'],
    ['expired', 'INDEX operation_expiry (expires_at>? AND expires_at<?)'],
    ['byIdempotency', 'INDEX operation_idempotency (idempotency=?)'],
    ['byId', 'INDEX sqlite_autoindex_operation_1 (id=?)'],
    ['bySeq', 'INTEGER PRIMARY KEY (rowid=?)'],
    ['list', 'INTEGER PRIMARY KEY (rowid>?)'],
    ['listSettled', 'INTEGER PRIMARY KEY (rowid>?)'],
    ['listHeld', 'INDEX operation_held (seq>?)'],
    ['listQuarantined', 'INDEX operation_quarantined (seq>?)'],
    ['purgeable', 'INDEX operation_settled (due_at<?)'],
    ['nextPurgeAt', 'COVERING INDEX operation_settled (due_at>?)'],
    ['listDeadLettered', 'INDEX operation_dead_lettered (seq>?)'],
    ['deadLettersNewest', 'INDEX operation_dead_lettered (seq<?)'],
    ['quarantined', 'INDEX operation_quarantined (seq>?)'],
    ['kept', 'INDEX sqlite_autoindex_kept_1 (room=? AND key=?)'],
    ['keptBySeq', 'INTEGER PRIMARY KEY (rowid=?)'],
    ['nextKeptSeq', 'INTEGER PRIMARY KEY (rowid<?)'],
    ['keptEntitiesNewest', 'COVERING INDEX kept_entity (seq>? AND seq<?)'],
    ['keptEntitiesOldest', 'COVERING INDEX kept_entity (seq>? AND seq<?)'],
    ['keptConflictsNewest', 'COVERING INDEX kept_conflict (seq>? AND seq<?)'],
    ['keptConflictsOldest', 'COVERING INDEX kept_conflict (seq>? AND seq<?)'],
    ['keptOpenNewest', 'COVERING INDEX kept_open (room=? AND seq>? AND seq<?)'],
    ['keptOpenOldest', 'COVERING INDEX kept_open (room=? AND seq>? AND seq<?)'],
    [
      'keptOfSubjectNewest',
      'COVERING INDEX kept_subject (subject=? AND room=? AND rowid>? AND rowid<?)',
    ],
    [
      'keptOfSubjectOldest',
      'COVERING INDEX kept_subject (subject=? AND room=? AND rowid>? AND rowid<?)',
    ],
    ['keptHasSubject', 'COVERING INDEX kept_subject (subject=? AND room=? AND rowid=?)'],
    ['keptOpenCount', 'COVERING INDEX kept_open (room=?)'],
    ['deleteKept', 'INDEX sqlite_autoindex_kept_1 (room=? AND key=?)'],
    ['updateOperation', 'INTEGER PRIMARY KEY (rowid=?)'],
    ['deletePayload', 'INTEGER PRIMARY KEY (rowid=?)'],
  ])('%s uses %s', (name, index) => {
    const plan = planOf({ ...SQL, ...MUTATIONS }[name]);
    expect(plan.join('\n')).toContain(index);
    expect(plan.filter(isSlow)).toEqual([]);
  });

  test.each<[StatementName, string]>([
    ['dueButSome', 'INDEX operation_due (route=? AND urgency=? AND due_at<?)'],
    ['firstDueAfterButSome', 'COVERING INDEX operation_due (route=? AND urgency>?)'],
    ['dueHeadsButSome', 'COVERING INDEX operation_due (route=? AND urgency=? AND due_at>?)'],
    ['inLane', 'INDEX operation_lane (lane=? AND seq>?)'],
    ['expiredButSome', 'INDEX operation_expiry (expires_at>? AND expires_at<?)'],
    ['nextExpiryAtButSome', 'INDEX operation_expiry (expires_at>?)'],
    ['keptEnding', 'COVERING INDEX kept_ending (keep_until>? AND keep_until<?)'],
    ['nextKeptEndingAt', 'COVERING INDEX kept_ending (keep_until>?)'],
  ])('%s uses %s, and reads nothing else but what it passes over', (name, index) => {
    const plan = planOf(SQL[name]);
    expect(plan.join('\n')).toContain(index);
    const slow = plan.filter(isSlow);
    expect(slow.length).toBeGreaterThan(0);
    expect(slow.filter((step) => !step.startsWith('SCAN json_each'))).toEqual([]);
  });

  test('CB-2 what is due of some subjects, or of all others, reads on in the order of the index', () => {
    const plan = planOf(SQL.dueOfSubjects);
    expect(plan.join('\n')).toContain('INDEX operation_due (route=? AND urgency=? AND due_at<?)');
    expect(plan.filter((step) => isSlow(step) && !step.startsWith('SCAN json_each'))).toEqual([]);
  });

  test('OP-10 a piece of a search reads one stretch of the table, or of an index', () => {
    const plans: string[] = [];
    const spied = {
      prepare: (text: string) => {
        plans.push(planOf(text.replaceAll(/@\w+/g, '?')).join('; '));
        return { get: () => undefined, all: () => [], pluck: () => ({ all: () => [] }) };
      },
    } as unknown as Database.Database;
    const searches = createSearchStatements(spied);
    const sources = [
      { from: 'operation NOT INDEXED', where: 'TRUE' },
      { from: 'operation INDEXED BY operation_held', where: IS_HELD },
      {
        from: 'operation INDEXED BY operation_asking',
        where: `${IS_ASKING} AND waits_for = @waits`,
      },
      { from: 'tagged CROSS JOIN operation USING (seq)', where: 'tag = @tag' },
      { from: 'operation INDEXED BY operation_subject', where: 'subject = @subject' },
    ];
    const bound = {} as Parameters<typeof searches.meant>[2];
    for (const source of sources) {
      for (const order of ['newest', 'oldest'] as const) {
        searches.seqs(source, order, bound);
        searches.meant(source, order, bound);
      }
    }
    expect(plans).toEqual([
      ...['<', '<', '>', '>'].map(() => expect.stringMatching(/INTEGER PRIMARY KEY \(rowid[<>]\?/)),
      ...[0, 1, 2, 3].map(() => expect.stringMatching(/INDEX operation_held \(seq[<>]\?/)),
      ...[0, 1, 2, 3].map(() =>
        expect.stringMatching(/INDEX operation_asking \(waits_for=\? AND seq[<>]\?/),
      ),
      ...[0, 1, 2, 3].map(() =>
        expect.stringMatching(/tagged USING PRIMARY KEY \(tag=\? AND seq[<>]\?/),
      ),
      ...[0, 1, 2, 3].map(() =>
        expect.stringMatching(/INDEX operation_subject \(subject=\? AND rowid[<>]\?/),
      ),
    ]);
    expect(plans.join('; ')).not.toContain('TEMP B-TREE');
  });

  test('freedHeads looks for who is ahead by the lane index', () => {
    const plan = planOf(SQL.freedHeads).join('\n');
    expect(plan).toContain('operation_lane (lane=? AND seq<?)');
    expect(plan).toContain('operation_lane_in_hand (lane=? AND seq<?)');
  });

  test('control: with a parameter in place of the literal the partial index is not used', () => {
    const plan = planOf(SQL.due.replace('standing = 2', 'standing = ?'));
    expect(plan.filter(isSlow)).not.toEqual([]);
  });
});
