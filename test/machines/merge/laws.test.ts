/**
 * The laws of merges, for each entity and each policy, and what is planted for each of them to find. For long:
 * `npm run test:laws -- --runs 1000000`, which prints what a failure can be repeated with.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases } from '../../support/cases.ts';
import { resultOf, type Subject } from '../../support/laws/law.ts';
import { LAWS, lawsAndSubjects } from '../../support/laws/laws.ts';
import { PLANTED, UNLAWFUL_ELSEWHERE } from '../../support/laws/planted.ts';

const RUNS = cases(15, 60);
/** What is planted is found in far fewer. */
const PLANTED_RUNS = 3_000;

describe('CF-1 CF-2 CF-4 CF-5 CF-6 CF-7 the laws of merges', () => {
  test.each(lawsAndSubjects().map((one) => [one.law.id, one.subject.name, one] as const))(
    '%s holds of %s',
    (_, __, { law, subject }) => fc.assert(law.property(subject), { numRuns: RUNS }),
  );

  /** What the laws of that name say of a subject. */
  const foundOf = (id: string, subject: Subject): readonly string[] =>
    LAWS.filter((law) => law.id === id || (law.id === 'L1-L7' && /^L[1-7]$/.test(id))).flatMap(
      (law) => {
        // The same cases each time, so that what is said first is the same.
        const { errorInstance: error } = resultOf(law.property(subject), {
          numRuns: PLANTED_RUNS,
          seed: 1,
          endOnFailure: true,
        });
        return error instanceof Error ? [error.message] : [];
      },
    );

  test.each(PLANTED.map((one) => [one.law, one.subject.name, one] as const))(
    '%s finds what is planted: %s',
    (_, __, { law, found, subject }) => {
      expect(foundOf(law, subject).join('\n')).toContain(found);
    },
  );

  test('CF-2: something is planted for each of them', () => {
    const laws = new Set([...PLANTED.map(({ law }) => law), 'L16']);
    const all = Array.from({ length: 18 }, (_, at) => `L${at + 1}`);
    expect(all.filter((law) => !laws.has(law))).toEqual([]);
  });
});

describe('CF-2 L16 the same changes, in other places', () => {
  const PLACES = [
    { LANG: 'C', LC_ALL: 'C', TZ: 'UTC' },
    { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Europe/Istanbul' },
    { LANG: 'sv_SE.UTF-8', LC_ALL: 'sv_SE.UTF-8', TZ: 'Pacific/Kiritimati' },
    { LANG: 'lt_LT.UTF-8', LC_ALL: 'lt_LT.UTF-8', TZ: 'America/St_Johns' },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-laws-'));
  const file = join(folder, 'elsewhere.mjs');
  const digestsOf = (...args: readonly string[]) =>
    Promise.all(
      PLACES.map(async (env) => {
        const run = promisify(execFile)(process.execPath, [file, ...args], {
          env: { ...process.env, ...env },
        });
        return (await run).stdout;
      }),
    );

  beforeAll(() =>
    build({
      input: 'test/support/laws/elsewhere.ts',
      platform: 'node',
      output: { file, format: 'esm' },
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('CF-2: have the same name in every locale and time zone', async () => {
    const digests = await digestsOf('lawful', '40');
    expect(digests[0]).toMatch(/^[\da-f]{64}$/);
    expect(new Set(digests).size).toBe(1);
  });

  test.each(UNLAWFUL_ELSEWHERE.map(({ name }) => [name]))(
    'CF-2: a rule that has another is found: %s',
    async (name) => {
      expect(new Set(await digestsOf(name, '300')).size).toBeGreaterThan(1);
    },
  );
});
