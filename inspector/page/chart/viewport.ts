/**
 * Which part of a drawing is looked at, and how large: zoom, pan, and fitting it into its frame. All in the
 * drawing's own units, but for `scale`: pixels of the screen for one of them.
 *
 * @module
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly x: number;
  readonly y: number;
}

export interface Viewport {
  /** What lies in the frame's upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Text of 12 units is hardly read below this. */
const SCALE_MIN = 0.12;
const SCALE_MAX = 4;
/** One press of a key or a button. */
export const ZOOM_STEP = 1.25;
/** A small drawing is not blown up to fill a large frame. */
const FIT_SCALE_MAX = 1.15;
/** Around what is fitted, in pixels. */
const MARGIN = 16;
/** As much of the drawing stays in the frame, in pixels, wherever it is pushed. */
const KEPT = 48;

/** As wide as the frame, from the top; a drawing that is lower than the frame lies in its middle. */
export function fitWidth(drawing: Size, frame: Size): Viewport {
  const scale = bounded((frame.width - 2 * MARGIN) / drawing.width, FIT_SCALE_MAX);
  return placedAt(drawing, frame, scale);
}

/** All of it. */
export function fitAll(drawing: Size, frame: Size): Viewport {
  const across = (frame.width - 2 * MARGIN) / drawing.width;
  const down = (frame.height - 2 * MARGIN) / drawing.height;
  return placedAt(drawing, frame, bounded(Math.min(across, down), FIT_SCALE_MAX));
}

function placedAt(drawing: Size, frame: Size, scale: number): Viewport {
  const x = (drawing.width - frame.width / scale) / 2;
  const down = (drawing.height - frame.height / scale) / 2;
  return { x, y: down < 0 ? down : -MARGIN / scale, scale };
}

/** Nearer or further by `factor`; what lies under `at`, in pixels of the frame, stays there. */
export function zoomed(
  view: Viewport,
  factor: number,
  at: { readonly x: number; readonly y: number },
): Viewport {
  const scale = bounded(view.scale * factor, SCALE_MAX);
  return {
    x: view.x + at.x / view.scale - at.x / scale,
    y: view.y + at.y / view.scale - at.y / scale,
    scale,
  };
}

/** Pushed by so many pixels, as a hand pushes paper; some of the drawing always stays in the frame. */
export function panned(
  view: Viewport,
  by: { readonly x: number; readonly y: number },
  drawing: Size,
  frame: Size,
): Viewport {
  return kept(
    { ...view, x: view.x - by.x / view.scale, y: view.y - by.y / view.scale },
    drawing,
    frame,
  );
}

function kept(view: Viewport, drawing: Size, frame: Size): Viewport {
  const margin = KEPT / view.scale;
  const across = frame.width / view.scale;
  const down = frame.height / view.scale;
  return {
    ...view,
    x: between(margin - across, view.x, drawing.width - margin),
    y: between(margin - down, view.y, drawing.height - margin),
  };
}

/** Moved no further than is needed for all of `box`, or its upper left, to be in the frame. */
export function showing(view: Viewport, box: Box, frame: Size): Viewport {
  const margin = MARGIN / view.scale;
  const across = frame.width / view.scale;
  const down = frame.height / view.scale;
  return {
    ...view,
    x: shifted(view.x, across, box.x - margin, box.width + 2 * margin),
    y: shifted(view.y, down, box.y - margin, box.height + 2 * margin),
  };
}

function shifted(from: number, length: number, start: number, size: number): number {
  if (start < from || size > length) return start;
  return start + size > from + length ? start + size - length : from;
}

/** With the middle of `box` in the middle of the frame, or as near to it as leaves no room beside the drawing. */
export function centredOn(view: Viewport, box: Box, drawing: Size, frame: Size): Viewport {
  const margin = MARGIN / view.scale;
  const across = frame.width / view.scale;
  const down = frame.height / view.scale;
  return {
    ...view,
    x: filling(box.x + box.width / 2 - across / 2, across, drawing.width, margin),
    y: filling(box.y + box.height / 2 - down / 2, down, drawing.height, margin),
  };
}

function filling(from: number, length: number, size: number, margin: number): number {
  if (length >= size + 2 * margin) return (size - length) / 2;
  return between(-margin, from, size + margin - length);
}

/** The `viewBox` of the drawing. */
export function viewBoxOf({ x, y, scale }: Viewport, frame: Size): string {
  return [x, y, frame.width / scale, frame.height / scale].map((one) => rounded(one)).join(' ');
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function bounded(scale: number, max: number): number {
  return between(SCALE_MIN, Number.isFinite(scale) ? scale : 1, max);
}

function between(low: number, value: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
