/**
 * Results as an earlier version of the program had them: a digest for each of many cases, kept in a file. Devices of
 * one user run different versions, so what they make of the same record may not differ unless the version of the rules says
 * so (decision 0230). `HOLDFAST_AS_BEFORE=write` writes the files; each change in them needs a reason.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const DIGITS = 4;

/** A digest of all cases, and `DIGITS` digits for the result of each. */
interface Kept {
  readonly cases: string;
  readonly results: string;
}

/** What differs from before, in words; `null` for nothing. */
export function differenceFromBefore<Case>(
  file: string,
  name: string,
  cases: readonly Case[],
  resultOf: (one: Case) => unknown,
): string | null {
  const path = `test/fixtures/${file}`;
  const all = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as Record<
    string,
    Kept
  >;
  const casesNow = digestOf(JSON.stringify(cases), 16);
  const its = (one: Case) => digestOf(JSON.stringify(resultOf(one)), DIGITS);
  if (process.env['HOLDFAST_AS_BEFORE'] === 'write') {
    const now: Kept = { cases: casesNow, results: cases.map(its).join('') };
    const sorted = Object.entries({ ...all, [name]: now }).toSorted(([a], [b]) => (a < b ? -1 : 1));
    writeFileSync(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
    return null;
  }
  const before = all[name];
  if (before?.cases !== casesNow) {
    return `The cases of ${name} are others than those in ${path}: write it with HOLDFAST_AS_BEFORE=write, from a version whose results are right.`;
  }
  const at = cases.findIndex(
    (one, place) => its(one) !== before.results.slice(place * DIGITS, (place + 1) * DIGITS),
  );
  const differs = cases[at];
  if (differs === undefined) return null;
  return [
    `Case ${at} of ${name} comes to something else than before.`,
    'Where devices with an older program would not agree, raise the version of the rules;',
    `then write ${path} with HOLDFAST_AS_BEFORE=write. It is`,
    `${JSON.stringify(differs)}\nand comes to\n${JSON.stringify(resultOf(differs))}`,
  ].join('\n');
}

function digestOf(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
