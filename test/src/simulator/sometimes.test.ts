/** Situations to be seen sometimes: their table, the events that show each, and runs that are too weak. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../../../src/simulator/oracle/trace.ts';
import {
  isTooWeak,
  neverSeen,
  SEEN_WITHIN_DAYS,
  SITUATIONS,
  Sometimes,
} from '../../../src/simulator/sometimes.ts';

const SIMULATOR = join(import.meta.dirname, '../../../src/simulator');
const NAMES = SITUATIONS.map(({ name }) => name);

/** Counts each situation in these events, a second apart. */
function seenIn(events: readonly object[]): Record<string, number> {
  const seen: Record<string, number> = {};
  const sometimes = new Sometimes((name) => {
    seen[name] = (seen[name] ?? 0) + 1;
  });
  for (const [at, event] of events.entries()) sometimes.told(event as TraceEvent, at * 1_000);
  return seen;
}

function order(call: string, by: string): object {
  return { event: 'ordered', call, process: 1, id: 'c1', by, params: {}, answer: null, code: null };
}

describe('what has to be seen sometimes', () => {
  test('SM-3 has forty situations at least, each under a name of its own', () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(40);
    expect(new Set(NAMES).size).toBe(NAMES.length);
  });

  test('SM-3 each is noted by a step or told by a check', () => {
    const sources = readdirSync(SIMULATOR, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('sometimes.ts'))
      .map((path) => readFileSync(join(SIMULATOR, path), 'utf8'))
      .join('\n');
    const untold = SITUATIONS.filter(({ name, shown }) => {
      if (shown !== undefined) return false;
      const made = name.replace(/^(network: |upstream ).*/, '$1');
      return !sources.includes(`'${name}'`) && !sources.includes(`saw(\`${made}\${`);
    });
    expect(untold).toEqual([]);
  });

  test('SM-3 a set of runs that never saw one is too weak from so many days on', () => {
    const all = Object.fromEntries(NAMES.map((name) => [name, 1]));
    const { 'a crisis behind a half-open breaker': _, ...but } = all;
    expect(neverSeen(all)).toEqual([]);
    expect(neverSeen(but).map(({ name }) => name)).toEqual(['a crisis behind a half-open breaker']);
    expect(isTooWeak(all, SEEN_WITHIN_DAYS)).toBe(false);
    expect(isTooWeak(but, SEEN_WITHIN_DAYS)).toBe(true);
    expect(isTooWeak(but, SEEN_WITHIN_DAYS - 1)).toBe(false);
  });

  test('SM-3 one person twice is not two people at once', () => {
    const name = 'two people give one order at once';
    const [ana, ben] = ['ana', 'ben'].map((by) => order('operation.cancel', by));
    expect(seenIn([ana ?? {}, ben ?? {}])).toMatchObject({ [name]: 1 });
    expect(seenIn([ana ?? {}, ana ?? {}])).not.toHaveProperty(name);
  });
});
