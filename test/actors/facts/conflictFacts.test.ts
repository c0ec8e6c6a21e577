import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { lineOf } from '../../../actors/facts/factWords.ts';
import { systemClock } from '../../../actors/platform/systemClock.ts';

const SECRET = 'the-secret-of-user-42';
const about = {
  conflictId: 'c-1',
  operationId: 'op-1',
  type: 'plans.put',
  upstream: 'records',
  entityType: 'crisis_plan',
  // What a record of a conflict has besides.
  subject: SECRET,
  entity: { type: 'crisis_plan', id: SECRET },
  value: { note: SECRET },
};
const ANA = { id: 'staff-7', role: 'clinician' };

/** Every kind of fact about a conflict, as it is told. */
function told(): readonly Fact[] {
  const facts: Fact[] = [];
  const stream = new FactStream({ ...systemClock, now: () => 5 });
  for (const kind of [
    'conflict.detected',
    'conflict.merged',
    'conflict.awaitsReview',
    'conflict.displaced',
    'conflict.resolved',
    'conflict.undone',
    'conflict.quarantined',
  ] as const) {
    stream.subscribe((fact) => facts.push(fact), [kind]);
  }
  const merged = { round: 1, questions: 2, decided: 3, elapsedMs: 40, value: SECRET };
  stream.emit('conflict.detected', about, 'conflict');
  stream.emit('conflict.merged', about, merged);
  stream.emit('conflict.awaitsReview', about, 'conflict', 2, true);
  stream.emit('conflict.displaced', about, 'tablet');
  stream.emit('conflict.resolved', about, ANA, 50);
  stream.emit('conflict.undone', { ...about, operationId: null }, ANA);
  stream.emit('conflict.quarantined', about, 'mergeFailed');
  return facts;
}

describe('OB-5 CF-6 facts about conflicts', () => {
  test('OB-5 SE-5 none holds the subject, the entity or a value', async () => {
    const facts = told();
    await Promise.resolve();
    expect(facts).toHaveLength(7);
    expect(JSON.stringify(facts)).not.toContain(SECRET);
    expect(facts[2]).toEqual({
      kind: 'conflict.awaitsReview',
      atMs: 5,
      conflictId: 'c-1',
      operationId: 'op-1',
      type: 'plans.put',
      upstream: 'records',
      entityType: 'crisis_plan',
      reason: 'conflict',
      questions: 2,
      isHeld: true,
    });
  });

  test('OB-6 CF-6 each has its line: what waits for a person is a warning, what can not be merged an error', async () => {
    const facts = told();
    await Promise.resolve();
    const lines = facts.map((fact) => lineOf(fact));
    expect(lines.map((line) => line?.level)).toEqual([
      'info',
      'info',
      'warn',
      'warn',
      'info',
      'info',
      'error',
    ]);
    expect(lines[2]?.message).toBe(
      'conflict c-1 about a crisis_plan, of operation op-1 (conflict) waits for a person, with 2 questions; its operation waits until that is decided. See holdfast conflicts',
    );
    // Who decided is in the fact and in the record: a log goes further than either.
    expect(JSON.stringify(lines)).not.toContain(ANA.id);
    expect(lines[5]?.message).toBe(
      'what was decided of conflict c-1 about a crisis_plan is undone by a person',
    );
  });
});
