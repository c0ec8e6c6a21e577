/**
 * What the signs of a picture mean, at its foot: of those that are in it.
 *
 * @module
 */

import type { ChartPlan } from './chartPlan.ts';
import { textWidth } from './textWidth.ts';
import { TEXT_SIZE, type Tone } from './transitionText.ts';

/** A sign and what it means. */
export interface LegendItem {
  readonly tone: Tone | 'dim';
  readonly sign: string;
  readonly meaning: string;
}

/** An item with its place in its line. */
export interface PlacedItem extends LegendItem {
  readonly x: number;
  readonly meaningX: number;
}

const GAP = 5;
const BETWEEN = 18;

/** The legend in lines, none of them wider than `width`. */
export function legendLines(plan: ChartPlan, width: number): readonly (readonly PlacedItem[])[] {
  const lines: PlacedItem[][] = [];
  let x = 0;
  for (const item of itemsOf(plan)) {
    const isBold = item.tone === 'event' || item.tone === 'target';
    const meaningX = textWidth(item.sign, TEXT_SIZE, isBold) + GAP;
    const whole = meaningX + textWidth(item.meaning, TEXT_SIZE, false);
    const line = lines.at(-1);
    if (line === undefined || x + whole > width) {
      x = 0;
      lines.push([{ ...item, x, meaningX }]);
    } else line.push({ ...item, x, meaningX: x + meaningX });
    x += whole + BETWEEN;
  }
  return lines;
}

function itemsOf({ cards, links, model }: ChartPlan): readonly LegendItem[] {
  const entries = [...cards, ...links].flatMap((box) => box.entries);
  const tones = new Set(
    entries
      .flatMap(({ lines }) =>
        lines.flatMap(({ runs, aim }) => [...runs, ...(aim === null ? [] : [aim])]),
      )
      .map(({ tone }) => tone),
  );
  const has = (kind: string): boolean => model.states.some((state) => state.kind === kind);
  const isUsual = links.some((link) => link.isUsual);
  const items: readonly (readonly [boolean, LegendItem])[] = [
    [true, { tone: 'event', sign: 'event', meaning: 'what happens' }],
    [tones.has('guard'), { tone: 'guard', sign: '[guard]', meaning: 'only if' }],
    [tones.has('action'), { tone: 'action', sign: '/ action', meaning: 'what is done' }],
    [tones.has('order'), { tone: 'order', sign: '1. 2.', meaning: 'tried in this order' }],
    [
      tones.has('target'),
      { tone: 'target', sign: '→ state', meaning: 'leads there, no line drawn' },
    ],
    [isUsual, { tone: 'dim', sign: 'heavy arrow:', meaning: 'the usual path' }],
    [has('final'), { tone: 'dim', sign: 'double border:', meaning: 'ends there' }],
    [
      has('parallel'),
      { tone: 'dim', sign: 'dashed border:', meaning: 'goes on beside the others' },
    ],
  ];
  return items.filter(([isIn]) => isIn).map(([, item]) => item);
}
