import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FACT_NEWS } from '../../../actors/facts/factNews.ts';
import { FACT_KINDS } from '../../../actors/facts/factTable.ts';
import {
  alertLevel,
  factSaid,
  LOGGED_KINDS,
  lineOf,
  newsWords,
} from '../../../actors/facts/factWords.ts';

/** A fact that has each field that is asked for, and remembers which those were. */
function asked(kind: string, given: Readonly<Record<string, unknown>> = {}) {
  const fields = new Set<string>();
  const its: Record<string, unknown> = { kind, atMs: 1, ...given };
  const fact = new Proxy(its, {
    get(_, field: string) {
      fields.add(field);
      if (field in its) return its[field];
      if (field === 'causes') return ['overload'];
      return field.endsWith('Ms') ? 12 : `<${field}>`;
    },
  });
  return { fact: fact as unknown as Fact, fields };
}

/** Facts of a kind whose sentence depends on these fields. */
const FORMS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  'operation.ended': ['completed', 'deadLettered', 'expired', 'cancelled'].map((ending) => ({
    ending,
  })),
  'parking.changed': [{ isParked: true }, { isParked: false }],
  'storage.changed': [{ to: 'full' }],
  'crisis.escalated': [{ cause: 'notInTime' }],
  'crisis.stepFailed': [{ why: 'refused', makesWay: true }],
};

describe('OB-1 OB-6 every kind of fact has one sentence', () => {
  test.each(FACT_KINDS)(
    'SE-5 %s: of what an inspector may be told, and sound where more is missing',
    (kind) => {
      for (const given of FORMS[kind] ?? [{}]) {
        const { fact, fields } = asked(kind, given);
        const { text } = newsWords(fact);
        expect(text).toMatch(/^[^.:].*[^.]$/);
        expect(text).not.toMatch(/undefined|null/);
        const { about, reason, details } = FACT_NEWS[kind];
        const listed: readonly (string | null)[] = ['kind', 'atMs', about, reason, ...details];
        // Where a handler threw is for the log alone; on the page it is left out.
        const own = kind === 'handler.threw' ? ['exception'] : [];
        expect([...fields].filter((field) => ![...listed, ...own].includes(field))).toEqual([]);
      }
    },
  );

  test('SE-5 the page is not told where a handler threw', () => {
    const fact = { kind: 'handler.threw', type: 'a.b', attempt: 1, operationId: 'it' };
    expect(newsWords(fact as Fact).text).toBe(
      'the handler of a.b failed with an exception, in attempt 1 of operation it',
    );
  });

  test('OB-6 log, alert and page say the same; the log adds what to do', () => {
    const fact: Fact = {
      kind: 'work.stuck',
      atMs: 1,
      upstream: 'a',
      because: 'slot',
      forMs: 9_000,
    };
    const said = 'work for a is due, and nothing has begun for 9 s (slot)';
    expect(lineOf(fact)).toEqual({ level: 'error', message: said });
    expect(newsWords(fact)).toEqual({ tone: 'bad', text: said });
    expect(factSaid('work.stuck', 'a', 'slot', 9_000)).toBe(said);
    const { fact: released } = asked('crisis.released');
    expect(lineOf(released)?.message).toBe(
      `${newsWords(released).text}. See holdfast crises, and look after the person`,
    );
  });

  test.each([
    [
      { kind: 'breaker.changed', upstream: 'a', from: 'open', to: 'closed', why: 'w' },
      'good',
      'info',
    ],
    [
      { kind: 'breaker.changed', upstream: 'a', from: 'closed', to: 'open', why: 'w' },
      'bad',
      'warn',
    ],
    [
      { kind: 'breaker.changed', upstream: 'a', from: 'halfOpen', to: 'open', why: 'w' },
      'bad',
      null,
    ],
    [{ kind: 'level.changed', upstream: null, to: 'offline', causes: ['storage'] }, 'bad', 'warn'],
    [
      { kind: 'parking.changed', upstream: 'a', what: 'type', type: 't', isParked: false },
      'good',
      'info',
    ],
    [{ kind: 'operation.ended', ending: 'completed', priority: 'normal' }, 'good', null],
    [{ kind: 'operation.ended', ending: 'completed', priority: 'crisis' }, 'good', 'info'],
    [{ kind: 'attempt.started', operationId: 'it', attempt: 1 }, 'quiet', null],
    [{ kind: 'record.newer', operationId: 'it' }, 'warn', null],
  ])('OB-6 how much it matters: %o', (fact, tone, level) => {
    const its = fact as unknown as Fact;
    expect([newsWords(its).tone, lineOf(its)?.level ?? null]).toEqual([tone, level]);
  });

  test('OB-6 a kind is logged in its own words or in those of its alert, never in both', () => {
    const alerted = FACT_KINDS.filter((kind) => alertLevel(kind, null) !== undefined);
    expect(alerted).toContain('store.held');
    expect(alerted.filter((kind) => LOGGED_KINDS.includes(kind))).toEqual([]);
    expect([
      alertLevel('start.failed', 'HF_STORE_OWNED'),
      alertLevel('start.failed', null),
    ]).toEqual(['warn', 'error']);
  });
});
