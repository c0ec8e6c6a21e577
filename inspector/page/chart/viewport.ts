/**
 * The visible part of a drawing and its scale: zoom, pan, and fitting it into its frame. All numbers are in the
 * drawing's own units, but for `scale`: pixels of the screen for one unit.
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
  /** The point in the frame's upper left corner. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Text of 12 units can hardly be read below this scale. */
const SCALE_MIN = 0.12;
const SCALE_MAX = 4;
/** The factor of one press of a key or a button. */
export const ZOOM_STEP = 1.25;
/** The largest scale at which a small drawing is made to fit a large frame. */
const FIT_SCALE_MAX = 1.15;
/** Space around a drawing that is fitted, in pixels. */
const MARGIN = 16;
/** Pixels of the drawing that always stay in the frame. */
const KEPT = 48;

/** Fits the width of the frame, from the top; a drawing that is lower than the frame is centred. */
export function fitWidth(drawing: Size, frame: Size): Viewport {
  const scale = bounded((frame.width - 2 * MARGIN) / drawing.width, FIT_SCALE_MAX);
  return placedAt(drawing, frame, scale);
}

/** Fits the whole drawing. */
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

/** Zooms by `factor`; the point under `at`, in pixels of the frame, stays there. */
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

/** Pans by pixels, as a hand pushes paper; some of the drawing always stays in the frame. */
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

/** Pans as little as is needed for all of `box`, or its upper left, to be in the frame. */
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

/** Centres `box` in the frame, as far as that leaves no room beside the drawing. */
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
