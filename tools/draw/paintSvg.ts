/**
 * Paints a chart that has its places as SVG.
 *
 * @module
 */

import {
  CARD_PAD,
  type Card,
  type ChartPlan,
  ENTRY_GAP,
  type Link,
  NAME_HEIGHT,
  PILL_PAD,
} from './chartPlan.ts';
import { chartStyle } from './chartStyle.ts';
import {
  anyId,
  type Box,
  dotId,
  type Line,
  lineIds,
  type Places,
  type Point,
  stateId,
  textWidth,
} from './geometry.ts';
import {
  type Entry,
  LINE_HEIGHT,
  runOffsets,
  TEXT_SIZE,
  type TextLine,
  type Tone,
} from './transitionText.ts';

/** A sign and what it means. */
interface LegendItem {
  readonly tone: Tone | 'dim';
  readonly sign: string;
  readonly meaning: string;
}

/** An item with its place in its line. */
interface PlacedItem extends LegendItem {
  readonly x: number;
  readonly meaningX: number;
}

const GAP = 5;
const BETWEEN = 18;

/** The legend in lines, none of them wider than `width`. */
function legendLines(plan: ChartPlan, width: number): readonly (readonly PlacedItem[])[] {
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

const RADIUS = 5;
const HEAD_LENGTH = 7;
const HEAD_HALF = 3.5;

/** The path of a line whose corners are round. */
function linePath(line: Line): string {
  const [first, ...rest] = line;
  if (first === undefined) return '';
  const parts = [`M${pair(first)}`];
  for (const [index, corner] of rest.entries()) {
    const before = line[index] ?? first;
    const after = rest[index + 1];
    if (after === undefined) {
      parts.push(`L${pair(corner)}`);
      continue;
    }
    const radius = Math.min(RADIUS, distance(before, corner) / 2, distance(corner, after) / 2);
    parts.push(
      `L${pair(towards(corner, before, radius))}Q${pair(corner)} ${pair(towards(corner, after, radius))}`,
    );
  }
  return parts.join('');
}

/** The path of the head at the end of a line. */
function arrowHead(line: Line): string {
  const tip = line.at(-1);
  const before = line.at(-2);
  if (tip === undefined || before === undefined) return '';
  const base = towards(tip, before, HEAD_LENGTH);
  const length = distance(tip, base) || 1;
  const [dx, dy] = [(tip.x - base.x) / length, (tip.y - base.y) / length];
  const left = { x: base.x - dy * HEAD_HALF, y: base.y + dx * HEAD_HALF };
  const right = { x: base.x + dy * HEAD_HALF, y: base.y - dx * HEAD_HALF };
  return `M${pair(tip)}L${pair(left)}L${pair(right)}Z`;
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  if (length === 0) return from;
  return {
    x: from.x + ((to.x - from.x) * by) / length,
    y: from.y + ((to.y - from.y) * by) / length,
  };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function pair({ x, y }: Point): string {
  return `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`;
}

/** Around the frame. */
const MARGIN = 1;

/** The picture, the same to the byte for the same plan and places. */
export function paintSvg(plan: ChartPlan, places: Places): string {
  const { id, purpose, version } = plan.model;
  const whole = boxAt(places, stateId(''));
  const legend = legendLines(plan, whole.width - 2 * CARD_PAD);
  const frame = { ...whole, height: whole.height + legend.length * LINE_HEIGHT + CARD_PAD };
  const [width, height] = [frame.width + 2 * MARGIN, frame.height + 2 * MARGIN];
  const containers = plan.cards.filter(({ isContainer }) => isContainer);
  const leaves = plan.cards.filter(({ isContainer }) => !isContainer);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" class="hc" width="${width}" height="${height}" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" role="graphics-document document" aria-roledescription="state chart" aria-labelledby="hc-${id}-title hc-${id}-desc">`,
    `<title id="hc-${id}-title">${escaped(id)}${version === null ? '' : `, version ${escaped(version)}`}</title>`,
    `<desc id="hc-${id}-desc">${escaped(purpose)}</desc>`,
    `<style>\n${chartStyle()}\n</style>`,
    ...containers.map((card) =>
      paintState(card, card.state.path === '' ? frame : boxAt(places, stateId(card.state.path))),
    ),
    ...paintLegend(legend, whole.x + CARD_PAD, whole.y + whole.height),
    ...containers.map((card) => paintStart(card, places)),
    ...containers.map(({ state }) => paintAny(places.boxes.get(anyId(state.path)))),
    ...plan.links.map((link) => paintLink(link, places)),
    ...leaves.map((card) => paintState(card, boxAt(places, stateId(card.state.path)))),
    '</svg>',
  ]
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

function paintState(card: Card, box: Box): string {
  const { state } = card;
  const about = state.description === '' ? card.title : `${card.title}: ${state.description}`;
  return [
    `<g class="hc-state hc-is-${state.kind}" data-state="${escaped(state.path)}" role="graphics-object group" aria-label="${escaped(card.title)}">`,
    `<title>${escaped(about)}</title>`,
    ...(state.kind === 'history' || state.kind === 'deepHistory'
      ? paintHistory(box, state.kind)
      : [...paintBoxes(card, box), ...paintCardText(card, box)]),
    '</g>',
  ].join('\n');
}

function paintBoxes({ state, isContainer, isRegion }: Card, box: Box): readonly string[] {
  if (state.path === '') return [rect(box, 10, 'hc-box hc-frame')];
  if (isContainer && state.kind !== 'final') {
    return [rect(box, 9, `hc-box hc-compound${isRegion ? ' hc-region' : ''}`)];
  }
  const card = rect(box, 7, 'hc-box hc-card');
  if (state.kind !== 'final') return [card];
  const { x, y, width, height } = box;
  return [card, rect({ x: x + 3, y: y + 3, width: width - 6, height: height - 6 }, 5, 'hc-inner')];
}

function paintCardText(card: Card, box: Box): readonly string[] {
  const { title, tags, does, entries } = card;
  const left = box.x + CARD_PAD;
  const right = box.x + Math.min(box.width, card.isContainer ? card.width : box.width) - CARD_PAD;
  const parts = [text(left, box.y + NAME_HEIGHT - 1, 'hc-name', title)];
  if (tags !== '') parts.push(text(right, box.y + NAME_HEIGHT - 1, 'hc-dim', tags, 'end'));
  let top = box.y + NAME_HEIGHT + 6;
  for (const line of does) {
    parts.push(text(left, top + baseline(), 'hc-dim', line));
    top += LINE_HEIGHT;
  }
  if (entries.length > 0) {
    parts.push(
      `<path class="hc-rule" d="M${box.x + 1} ${top + 1}H${card.isContainer ? right + CARD_PAD : box.x + box.width - 1}"/>`,
    );
    parts.push(...paintEntries(entries, left, right, top + 6));
  }
  return parts;
}

function paintLink(link: Link, places: Places): string {
  const pill = boxAt(places, link.id);
  const [before, after] = lineIds(link.id).map((id) => places.lines.get(id) ?? []);
  const indexes = link.entries.map(({ transition }) => transition).join(' ');
  return [
    `<g class="hc-link${link.isUsual ? ' hc-usual' : ''}" data-transitions="${indexes}">`,
    `<path class="hc-line" d="${linePath(before ?? [])}"/>`,
    paintArrow(after ?? []),
    rect(pill, 6, 'hc-pill'),
    ...paintEntries(link.entries, pill.x + PILL_PAD, pill.x + pill.width - PILL_PAD, pill.y + 3),
    '</g>',
  ].join('\n');
}

function paintStart({ state }: Card, places: Places): string {
  const id = dotId(state.path);
  const dot = places.boxes.get(id);
  if (dot === undefined) return '';
  return [
    `<g class="hc-start">`,
    `<circle class="hc-dot" cx="${dot.x + dot.width / 2}" cy="${dot.y + dot.height / 2}" r="${dot.width / 2 - 1}"/>`,
    paintArrow(places.lines.get(id) ?? []),
    '</g>',
  ].join('\n');
}

function paintAny(box: Box | undefined): string {
  if (box === undefined) return '';
  return `<g class="hc-any">${rect(box, box.height / 2, 'hc-pill')}${text(box.x + box.width / 2, box.y + 16, 'hc-dim', 'any state', 'middle')}</g>`;
}

function paintHistory({ x, y, width, height }: Box, kind: string): readonly string[] {
  const [cx, cy] = [x + width / 2, y + height / 2];
  return [
    `<circle class="hc-box hc-history" cx="${cx}" cy="${cy}" r="${width / 2 - 1}"/>`,
    text(cx, cy + 4, 'hc-event', kind === 'deepHistory' ? 'H*' : 'H', 'middle'),
  ];
}

function paintArrow(line: Line): string {
  return `<path class="hc-line" d="${linePath(line)}"/><path class="hc-head" d="${arrowHead(line)}"/>`;
}

function paintEntries(
  entries: readonly Entry[],
  left: number,
  right: number,
  top: number,
): readonly string[] {
  let at = top;
  return entries.map(({ transition, lines }) => {
    const painted = lines.flatMap((line) => {
      const y = at + baseline();
      at += LINE_HEIGHT;
      return paintLine(line, left, right, y);
    });
    at += ENTRY_GAP;
    return `<g class="hc-transition" data-transition="${transition}">${painted.join('')}</g>`;
  });
}

function paintLine(line: TextLine, left: number, right: number, y: number): readonly string[] {
  const offsets = runOffsets(line);
  return [
    ...line.runs.map(({ tone, text: said }, index) =>
      text(left + (offsets[index] ?? 0), y, `hc-${tone}`, said),
    ),
    ...(line.aim === null ? [] : [text(right, y, `hc-${line.aim.tone}`, line.aim.text, 'end')]),
  ];
}

function paintLegend(
  lines: readonly (readonly PlacedItem[])[],
  left: number,
  top: number,
): readonly string[] {
  const painted = lines.flatMap((line, index) => {
    const y = top + index * LINE_HEIGHT + baseline();
    return line.flatMap(({ tone, sign, meaning, x, meaningX }) => [
      text(left + x, y, `hc-${tone}`, sign),
      text(left + meaningX, y, 'hc-dim', meaning),
    ]);
  });
  return ['<g class="hc-legend" aria-hidden="true">', ...painted, '</g>'];
}

function boxAt({ boxes }: Places, id: string): Box {
  return boxes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 };
}

/** From the top of a line of text to where its letters stand. */
function baseline(): number {
  return LINE_HEIGHT - 4;
}

function rect({ x, y, width, height }: Box, radius: number, classes: string): string {
  return `<rect class="${classes}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>`;
}

function text(
  x: number,
  y: number,
  classes: string,
  said: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const where = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text class="${classes}" x="${rounded(x)}" y="${rounded(y)}"${where}>${escaped(said)}</text>`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(said: string): string {
  return said
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
