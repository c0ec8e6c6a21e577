/**
 * One transition in a picture: its event, its guard and its actions, on one line where that is short enough
 * and else each on lines of its own.
 *
 * @module
 */

import type { TransitionModel } from '../../inspector/charts/chartModel.ts';
import { eventInWords } from '../../inspector/charts/transitions.ts';
import { textWidth } from './geometry.ts';

export type Tone = 'order' | 'event' | 'guard' | 'action' | 'target';

/** A piece of a line in one tone. */
export interface Run {
  readonly tone: Tone;
  readonly text: string;
}

/** One line; its `aim`, where it leads, stands at the right. */
export interface TextLine {
  readonly indent: number;
  readonly runs: readonly Run[];
  readonly aim: Run | null;
}

/** A transition as text, with its place in the chart's list. */
export interface Entry {
  readonly transition: number;
  readonly lines: readonly TextLine[];
}

export const TEXT_SIZE = 11;
export const LINE_HEIGHT = 15;
const INDENT = 12;
const GAP = 6;

export interface EntryOptions {
  /** The place among those that are tried on the same event; `null` for the only one. */
  readonly order: number | null;
  /** The name of where it leads, where no line shows it. */
  readonly aim: string | null;
  readonly maxWidth: number;
}

/** The lines of one transition, none of them wider than `maxWidth` where it can be broken. */
export function entryOf(
  transition: TransitionModel,
  index: number,
  { order, aim, maxWidth }: EntryOptions,
): Entry {
  const { event, guard, actions } = transition;
  const head: Run[] = [
    ...(order === null ? [] : [{ tone: 'order' as const, text: `${order}.` }]),
    { tone: 'event', text: eventInWords(event) },
  ];
  const tail: Run[] = [
    ...(guard === null ? [] : [{ tone: 'guard' as const, text: `[${guard}]` }]),
    ...(actions.length === 0 ? [] : [{ tone: 'action' as const, text: `/ ${actions.join(', ')}` }]),
  ];
  const target = aim === null ? null : { tone: 'target' as const, text: `→ ${aim}` };
  const whole = { indent: 0, runs: [...head, ...tail], aim: target };
  if (lineWidth(whole) <= maxWidth) return { transition: index, lines: [whole] };
  const first = { indent: 0, runs: head, aim: target };
  const isAimBelow = lineWidth(first) > maxWidth;
  const below = tail.flatMap((run) => broken(run, maxWidth - INDENT));
  return {
    transition: index,
    lines: [
      isAimBelow ? { ...first, aim: null } : first,
      ...below,
      ...(isAimBelow ? [{ indent: INDENT, runs: [], aim: target }] : []),
    ],
  };
}

/** The width of a line with everything on it. */
export function lineWidth({ indent, runs, aim }: TextLine): number {
  const widths = [...runs, ...(aim === null ? [] : [aim])].map(runWidth);
  const gaps = Math.max(0, widths.length - 1) * GAP + (aim === null ? 0 : GAP);
  return indent + widths.reduce((sum, width) => sum + width, gaps);
}

export function runWidth({ tone, text }: Run): number {
  return textWidth(text, TEXT_SIZE, isBold(tone));
}

/** Where each run of a line begins, from the line's left. */
export function runOffsets({ indent, runs }: TextLine): readonly number[] {
  let at = indent;
  return runs.map((run) => {
    const begins = at;
    at += runWidth(run) + GAP;
    return begins;
  });
}

function isBold(tone: Tone): boolean {
  return tone === 'event' || tone === 'target';
}

/** A long run on several lines, broken after commas. */
function broken({ tone, text }: Run, maxWidth: number): readonly TextLine[] {
  const lines: string[] = [];
  for (const part of text.split(/(?<=, )/)) {
    const longer = `${lines.at(-1) ?? ''}${part}`;
    if (lines.length > 0 && textWidth(longer.trimEnd(), TEXT_SIZE, false) <= maxWidth) {
      lines[lines.length - 1] = longer;
    } else lines.push(part);
  }
  return lines.map((line, index) => ({
    indent: INDENT * (index === 0 ? 1 : 2),
    runs: [{ tone, text: line.trimEnd() }],
    aim: null,
  }));
}
