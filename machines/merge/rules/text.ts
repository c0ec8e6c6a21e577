/**
 * Free text that devices changed apart: merged by lines (diff3, by Khanna, Kunal and Pierce, 2007). Where
 * both changed the same lines both are in the text, one below the other, and a person is asked.
 *
 * @module
 */

import { diff3Merge } from 'node-diff3';
import { compareText } from '../values/canonical.ts';
import { type Rule, whole } from './rule.ts';
import { decideLatest } from './single.ts';

/** Comparing takes time with the square of the lines. */
const LINES_MAX = 500;

/** Free text, merged by lines. */
export function text(): Rule<string> {
  return whole(
    {
      kind: 'text by lines',
      says: 'Lines of both are put together. Where both changed the same lines, both versions are in the text.',
      asks: 'both changed the same lines',
    },
    (alts, base) => {
      if (alts.length < 2) return decideLatest(alts, base);
      const texts = alts.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
      if (texts.length < alts.length) {
        const [first] = alts.filter(({ value }) => typeof value === 'string');
        const asks = [{ reason: 'changed differently', alternatives: alts }];
        return { ...decideLatest(first === undefined ? alts : [first], base), asks };
      }
      const merged = mergeTexts(typeof base === 'string' ? base : '', texts);
      return merged.isClean
        ? {
            value: merged.text,
            lost: alts.filter(({ value }) => value !== merged.text),
            reason: 'put together by lines',
          }
        : { value: merged.text, asks: [{ reason: 'the same lines changed', alternatives: alts }] };
    },
  );
}

/** The texts put together, in whatever order they are given. */
function mergeTexts(
  base: string,
  texts: readonly string[],
): { readonly text: string; readonly isClean: boolean } {
  const [first = '', ...rest] = texts.toSorted(compareText);
  const origin = base.split('\n');
  let merged = first.split('\n');
  let isClean = true;
  for (const one of rest) {
    const lines = one.split('\n');
    if (Math.max(lines.length, merged.length, origin.length) > LINES_MAX) {
      return { text: texts.toSorted(compareText).join('\n'), isClean: false };
    }
    const next: string[] = [];
    for (const { ok, conflict } of diff3Merge(merged, origin, lines, {
      excludeFalseConflicts: true,
    })) {
      if (ok !== undefined) next.push(...ok);
      if (conflict !== undefined) {
        isClean = false;
        next.push(...conflict.a, ...conflict.b.filter((line) => !conflict.a.includes(line)));
      }
    }
    merged = next;
  }
  return { text: merged.join('\n'), isClean };
}
