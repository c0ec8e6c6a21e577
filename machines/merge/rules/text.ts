/**
 * Free text that devices changed separately: merged by lines, and within lines by words if the changes are far enough
 * apart. If both changed the same place, both are kept, one below the other, and a person is asked. The work is
 * limited for each text and each record; beyond that both are kept.
 *
 * @module
 */

import type { Json } from '../../vocabulary/shape.ts';
import { compareText } from '../values/canonical.ts';
import { type Allowance, type Hunk, hunksBetween } from '../values/difference.ts';
import { type Alt, type Rule, type Verdict, whole } from './rule.ts';
import { decideLatest } from './single.ts';

/** Limit on steps of comparing one text: about two texts of 450 lines without a common one. */
const WORK_MAX = 100_000;
/** Limit on differing lines of a text that is compared. */
const LINES_MAX = 10_000;
/** Limit on characters of differing lines that are compared by words. */
const WORDS_LENGTH_MAX = 20_000;

/** Pieces of a line: words, the space between them, and line breaks. */
const WORDS = /\n|[^\S\n]+|[。！？]|[^\s。！？]+/gu;
/** End of a sentence, perhaps with a bracket or quotation mark. */
const END_OF_SENTENCE = /[.!?…؟۔।]["'»”’)\]]*$/u;
const ENDS_SENTENCE = /^[\n.!?…؟۔।。！？]/u;
/** Digit: only a person combines two doses, times or telephone numbers. */
const HAS_DIGIT = /\p{Nd}/u;

/** Makes a rule for free text, merged by lines and words. */
export function text(): Rule<string> {
  return whole<string>(
    {
      kind: 'text by lines',
      says: 'Lines of both are put together, and within a line words that were changed apart. Where both changed the same words, or numbers of one sentence, both versions of the line are in the text.',
      asks: 'both changed the same line, but for sentences that were changed apart',
    },
    (alts, base, ruling) => decide(alts, base, ruling.texts),
  );
}

function decide(alts: readonly Alt[], base: Json | undefined, record: Allowance): Verdict {
  if (alts.length < 2) return decideLatest(alts, base);
  const texts = alts.flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
  if (texts.length < alts.length) {
    const [first] = alts.filter(({ value }) => typeof value === 'string');
    const asks = [{ reason: 'changed differently', alternatives: alts }];
    return { ...decideLatest(first === undefined ? alts : [first], base), asks };
  }
  const granted = Math.min(WORK_MAX, Math.max(0, record.left));
  const allowance = { left: granted };
  const { value, asks } = mergeTexts(typeof base === 'string' ? base : '', texts, allowance);
  record.left -= granted - Math.max(0, allowance.left);
  return asks === null
    ? { value, lost: alts.filter((alt) => alt.value !== value), reason: 'put together by lines' }
    : { value, asks: [{ reason: asks, alternatives: alts }] };
}

interface MergedText {
  readonly value: string;
  /** Reason to ask a person; `null` for none. */
  readonly asks: string | null;
}

const SAME_LINES = 'the same lines changed';
const SAME_SENTENCE = 'one sentence changed twice';

/** Merges the texts, in whatever order they are given. */
function mergeTexts(base: string, given: readonly string[], allowance: Allowance): MergedText {
  const texts = given.toSorted(compareText);
  const all = [base, ...texts];
  const head = headOf(all);
  const tail = tailOf(all, head);
  const cut = (one: string): string => one.slice(head, one.length - tail);
  const around = (middle: string): string =>
    base.slice(0, head) + middle + base.slice(base.length - tail);
  const middles = texts.map(cut);
  const most = Math.max(...[cut(base), ...middles].map((one) => breaksIn(one)));
  if (most >= LINES_MAX) return { value: around(middles.join('\n')), asks: SAME_LINES };
  // Where there was nothing, no empty line of a side stands for it: equal lines around that one would be there twice.
  const linesOf = (one: string): string[] => (base === '' && one === '' ? [] : one.split('\n'));
  const sides = middles.map(linesOf);
  const origin = linesOf(cut(base));
  const merged = mergeLines(origin, sides, allowance) ?? { lines: bothOf(sides), asks: SAME_LINES };
  return { value: around(merged.lines.join('\n')), asks: merged.asks };
}

/** Returns the length of their common start, in whole lines. */
function headOf([first = '', ...rest]: readonly string[]): number {
  let head = first.length;
  for (const other of rest) {
    const most = Math.min(head, other.length);
    head = 0;
    while (head < most && first.charCodeAt(head) === other.charCodeAt(head)) head += 1;
  }
  return head === 0 ? 0 : first.lastIndexOf('\n', head - 1) + 1;
}

/** Returns the length of their common end, in whole lines, without the start. */
function tailOf([first = '', ...rest]: readonly string[], head: number): number {
  let tail = first.length - head;
  for (const other of rest) {
    const most = Math.min(tail, other.length - head);
    const ahead = other.length - first.length;
    tail = 0;
    while (tail < most) {
      const at = first.length - 1 - tail;
      if (first.charCodeAt(at) !== other.charCodeAt(at + ahead)) break;
      tail += 1;
    }
  }
  const start = first.indexOf('\n', first.length - tail);
  return start === -1 ? 0 : first.length - start;
}

/** Counts line breaks, up to {@link LINES_MAX}. */
function breaksIn(one: string): number {
  let breaks = 0;
  for (let at = one.indexOf('\n'); at >= 0 && breaks < LINES_MAX; at = one.indexOf('\n', at + 1)) {
    breaks += 1;
  }
  return breaks;
}

interface MergedLines {
  readonly lines: readonly string[];
  readonly asks: string | null;
}

/** Merges lines; `null` if it takes more work than is allowed. */
function mergeLines(
  origin: readonly string[],
  sides: readonly (readonly string[])[],
  allowance: Allowance,
): MergedLines | null {
  const regions = regionsOf(origin, sides, allowance, areOfSameLines);
  if (regions === null) return null;
  const stretches: Stretch[] = [];
  let asks: string | null = null;
  let from = 0;
  for (const [at, region] of regions.entries()) {
    const { start, end, versions } = region;
    const isAdded = start === end;
    stretches.push({ lines: origin.slice(from, start), isAdded: false });
    from = end;
    const [only, ...others] = versions;
    if (only !== undefined && others.length === 0) {
      const lines = onceBeside(region, only, [regions[at - 1], regions[at + 1]]);
      stretches.push({ lines, isAdded });
      continue;
    }
    const both = versions.map(({ pieces }) => pieces);
    const byWords = isAdded ? null : mergeWords(origin.slice(start, end), both, allowance);
    stretches.push({ lines: byWords?.lines ?? bothOf(both), isAdded });
    const reason = byWords === null ? SAME_LINES : byWords.asks;
    if (asks !== SAME_LINES && reason !== null) asks = reason;
  }
  stretches.push({ lines: origin.slice(from), isAdded: false });
  return { lines: onceMoved(stretches, origin, sides), asks };
}

/** Stretch of a merged text. */
interface Stretch {
  readonly lines: readonly string[];
  /** Whether nothing was in its place before. */
  readonly isAdded: boolean;
}

/**
 * Returns all lines, those once that were there once and that no side has twice: where one moved such a line, and
 * another kept or moved it, too, it is where it was moved to.
 */
function onceMoved(
  stretches: readonly Stretch[],
  origin: readonly string[],
  sides: readonly (readonly string[])[],
): readonly string[] {
  const known = new Set(origin);
  for (const all of [origin, ...sides]) {
    const there = new Set<string>();
    for (const line of all) {
      if (line === '' || there.has(line)) known.delete(line);
      there.add(line);
    }
  }
  const added = stretches.filter(({ isAdded }) => isAdded).flatMap(({ lines }) => lines);
  const moved = new Set(added.filter((line) => known.has(line)));
  const placed = new Set<string>();
  return stretches.flatMap(({ lines, isAdded }) =>
    lines.filter((line) => {
      if (!moved.has(line)) return true;
      if (!isAdded || placed.has(line)) return false;
      placed.add(line);
      return true;
    }),
  );
}

/**
 * Returns lines of a version without those that it only adds, and that another side has right before or right after:
 * both have written them, and they are in the text once.
 */
function onceBeside(
  { start, end }: Region,
  { pieces, sides }: Region['versions'][number],
  neighbours: readonly (Region | undefined)[],
): readonly string[] {
  if (start < end) return pieces;
  const there = neighbours
    .filter((region) => region !== undefined && (region.end === start || region.start === end))
    .flatMap((region) => region?.versions ?? [])
    .filter((version) => !version.sides.some((side) => sides.includes(side)))
    .flatMap((version) => version.pieces);
  if (there.length === 0) return pieces;
  const known = new Set(there);
  return pieces.filter((line) => line === '' || !known.has(line));
}

/** Merges lines that both changed by words; `null` if that is unsafe or takes more work than is allowed. */
function mergeWords(
  origin: readonly string[],
  sides: readonly (readonly string[])[],
  allowance: Allowance,
): MergedLines | null {
  if ([origin, ...sides].some((lines) => lengthOf(lines) > WORDS_LENGTH_MAX)) return null;
  const before = wordsOf(origin);
  const regions = regionsOf(before, sides.map(wordsOf), allowance, (end, start) =>
    before.slice(end, start).every((word) => word !== '\n' && word.trim() === ''),
  );
  if (regions === null) return null;
  let asks: string | null = null;
  let merged = '';
  let from = 0;
  let last: (typeof regions)[number] | null = null;
  for (const region of regions) {
    const { start, end, versions } = region;
    const [only, ...others] = versions;
    if (only === undefined || others.length > 0) return null;
    const isOfOne = last === null || last.versions[0]?.sides.join() === only.sides.join();
    if (!isOfOne && !before.slice(from, start).some((word) => ENDS_SENTENCE.test(word))) {
      const changed = [last, region].flatMap((one) => [
        ...before.slice(one?.start, one?.end),
        ...(one?.versions[0]?.pieces ?? []),
      ]);
      if (changed.some((word) => HAS_DIGIT.test(word))) return null;
      asks = SAME_SENTENCE;
    }
    merged += before.slice(from, start).join('') + only.pieces.join('');
    from = end;
    last = region;
  }
  merged += before.slice(from).join('');
  return { lines: merged.split('\n'), asks };
}

function wordsOf(lines: readonly string[]): readonly string[] {
  return (lines.join('\n').match(WORDS) ?? []).flatMap((word) => {
    const end = word.search(END_OF_SENTENCE);
    return end <= 0 ? [word] : [word.slice(0, end), word.slice(end)];
  });
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, { length }) => sum + length + 1, 0);
}

/** Changed stretch, with its versions, each once. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly versions: readonly {
    readonly pieces: readonly string[];
    readonly sides: readonly number[];
  }[];
}

/**
 * Returns the regions that sides changed, in order. Changes that belong together are in one region.
 *
 * @param areNear whether a change that begins at `start` goes with one that ends at `end`, of whatever side
 */
function regionsOf(
  origin: readonly string[],
  sides: readonly (readonly string[])[],
  allowance: Allowance,
  areNear: (end: number, start: number, isInsertion: boolean) => boolean,
): readonly Region[] | null {
  const names = new Map<string, number>();
  const named = (pieces: readonly string[]): readonly number[] =>
    pieces.map((piece) => {
      const name = names.get(piece) ?? names.size;
      names.set(piece, name);
      return name;
    });
  for (const pieces of [origin, ...sides]) allowance.left -= pieces.length;
  const before = named(origin);
  const hunks: (Hunk & { readonly side: number })[] = [];
  for (const [side, pieces] of sides.entries()) {
    const found = hunksBetween(before, named(pieces), allowance);
    if (found === null) return null;
    for (const hunk of found) hunks.push({ ...hunk, side });
  }
  hunks.sort((one, other) => one.start - other.start || one.end - other.end);
  const regions: Region[] = [];
  for (let at = 0; at < hunks.length; ) {
    const first = hunks[at] as Hunk;
    let { end } = first;
    let next = at + 1;
    for (; next < hunks.length; next += 1) {
      const hunk = hunks[next] as Hunk;
      const isInsertion = first.start === end && hunk.start === hunk.end;
      if (hunk.start >= end && !areNear(end, hunk.start, isInsertion)) break;
      end = Math.max(end, hunk.end);
    }
    regions.push({ start: first.start, end, versions: versionsOf(first.start, end, at, next) });
    at = next;
  }
  return regions;

  /** Returns the sides' versions of a stretch. */
  function versionsOf(start: number, end: number, at: number, next: number): Region['versions'] {
    const bounds = new Map<number, { from: number; to: number }>();
    for (const hunk of hunks.slice(at, next)) {
      const from = bounds.get(hunk.side)?.from ?? hunk.otherStart - (hunk.start - start);
      bounds.set(hunk.side, { from, to: hunk.otherEnd + (end - hunk.end) });
    }
    const versions = new Map<string, { pieces: readonly string[]; sides: number[] }>();
    for (const [side, { from, to }] of [...bounds].toSorted(([one], [other]) => one - other)) {
      const pieces = sides[side]?.slice(from, to) ?? [];
      const name = JSON.stringify(pieces);
      const version = versions.get(name) ?? { pieces, sides: [] };
      version.sides.push(side);
      versions.set(name, version);
    }
    return [...versions]
      .toSorted(([one], [other]) => compareText(one, other))
      .map(([, version]) => version);
  }
}

/** Whether line changes belong together: adjacent lines are separate, unless both were inserted at the same place. */
function areOfSameLines(end: number, start: number, isInsertion: boolean): boolean {
  return isInsertion && end === start;
}

/** Joins all versions, one below the other; common parts and equal lines appear once. */
function bothOf(versions: readonly (readonly string[])[]): readonly string[] {
  const lines: string[] = [];
  const there = new Set<string>();
  const [first = [], ...others] = versions.filter((version) => version.join('') !== '');
  for (const line of first) {
    there.add(line);
    lines.push(line);
  }
  for (const version of others) {
    for (const line of version) {
      if (there.has(line)) continue;
      there.add(line);
      lines.push(line);
    }
  }
  return lines;
}
