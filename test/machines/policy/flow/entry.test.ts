import { describe, expect, test } from 'vitest';
import { entryOf, isAdmitted } from '../../../../machines/policy/flow/entry.ts';

describe('whether work may go out', () => {
  test('OP-6 with a slot free and a closed breaker, it passes; with none, it waits', () => {
    const facts = { urgencyBound: 12, mode: 'pass' } as const;
    expect(entryOf(3, facts, 1)).toBe('pass');
    expect(entryOf(3, facts, 0)).toBe('wait');
  });

  test('CB-1 an open breaker lets nothing out, a half-open one by its probes only', () => {
    expect(entryOf(3, { urgencyBound: 12, mode: 'refuse' }, 1)).toBe('wait');
    expect(entryOf(3, { urgencyBound: 12, mode: 'probe' }, 1)).toBe('probe');
    expect(entryOf(3, { urgencyBound: 12, mode: 'probe' }, 0)).toBe('wait');
  });

  test('DG-2 what is less urgent than the level lets out waits, and is not admitted whatever is free', () => {
    const facts = { urgencyBound: 3, mode: 'pass' } as const;
    expect([entryOf(3, facts, 1), entryOf(4, facts, 1)]).toEqual(['pass', 'wait']);
    expect([isAdmitted(3, facts), isAdmitted(4, facts)]).toEqual([true, false]);
    expect(isAdmitted(0, { urgencyBound: 3, mode: 'refuse' })).toBe(false);
    expect(isAdmitted(0, { urgencyBound: 3, mode: 'probe' })).toBe(true);
  });
});
