/**
 * The charts that the page was built with: each is fetched once, when it is first opened.
 *
 * @module
 */

import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ChartModel } from '../../charts/chartData.ts';
import type { DrawnChart } from './drawnChart.ts';

export interface Chart {
  readonly model: ChartModel;
  /** The drawing, to be copied into the page; `null` where there is none. */
  readonly drawing: SVGSVGElement | null;
}

export type Fetched =
  | { readonly kind: 'coming' }
  | { readonly kind: 'here'; readonly chart: Chart }
  /** The page has no chart of that name. */
  | { readonly kind: 'unknown' };

const COMING: Fetched = { kind: 'coming' };
const asked = new Map<string, Promise<Fetched>>();

async function fetchChart(machine: string): Promise<Fetched> {
  const path = `/charts/${encodeURIComponent(machine)}`;
  try {
    const [told, drawn] = await Promise.all([fetch(`${path}.json`), fetch(`${path}.svg`)]);
    if (!told.ok) return { kind: 'unknown' };
    const model = (await told.json()) as ChartModel;
    return { kind: 'here', chart: { model, drawing: drawn.ok ? read(await drawn.text()) : null } };
  } catch {
    // It is fetched again when it is opened again.
    asked.delete(machine);
    return { kind: 'unknown' };
  }
}

function read(text: string): SVGSVGElement | null {
  const root = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  return root instanceof SVGSVGElement ? root : null;
}

export function useChart(machine: string | null): Fetched {
  const [fetched, setFetched] = useState<{ machine: string | null; is: Fetched }>({
    ...{ machine, is: COMING },
  });
  useEffect(() => {
    if (machine === null) return;
    let isWanted = true;
    const coming = asked.get(machine) ?? fetchChart(machine);
    asked.set(machine, coming);
    void coming.then((is) => {
      if (isWanted) setFetched({ machine, is });
    });
    return () => {
      isWanted = false;
    };
  }, [machine]);
  return fetched.machine === machine ? fetched.is : COMING;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Zoom for each unit that a wheel or a touchpad scrolls. */
const WHEEL_ZOOM = 0.0022;

export function useGestures(frame: RefObject<HTMLElement | null>, drawn: DrawnChart | null): void {
  useEffect(() => {
    const element = frame.current;
    if (element === null || drawn === null) return;
    const down = new Map<number, Point>();
    const within = (point: Point): Point => {
      const { left, top } = element.getBoundingClientRect();
      return { x: point.x - left, y: point.y - top };
    };
    const begin = (event: PointerEvent): void => {
      if (event.pointerType === 'mouse' && event.button !== 0) return;
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const move = (event: PointerEvent): void => {
      const before = down.get(event.pointerId);
      if (before === undefined) return;
      const now = { x: event.clientX, y: event.clientY };
      // Only once it is moved: a press alone selects text and moves the focus.
      if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      down.set(event.pointerId, now);
      if (other === undefined) {
        drawn.pan(now.x - before.x, now.y - before.y);
        return;
      }
      drawn.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      drawn.zoom(distance(now, other) / Math.max(1, distance(before, other)), within(middle));
    };
    const end = (event: PointerEvent): void => {
      down.delete(event.pointerId);
    };
    const turn = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const at = within({ x: event.clientX, y: event.clientY });
      drawn.zoom(Math.exp(-event.deltaY * WHEEL_ZOOM), at);
    };
    const twice = (event: MouseEvent): void => {
      drawn.zoom(1.6, within({ x: event.clientX, y: event.clientY }));
    };
    element.addEventListener('pointerdown', begin);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
    element.addEventListener('wheel', turn, { passive: false });
    element.addEventListener('dblclick', twice);
    return () => {
      element.removeEventListener('pointerdown', begin);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', end);
      element.removeEventListener('pointercancel', end);
      element.removeEventListener('wheel', turn);
      element.removeEventListener('dblclick', twice);
    };
  }, [frame, drawn]);
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
