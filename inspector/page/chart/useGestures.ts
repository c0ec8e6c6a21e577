/**
 * Moving and zooming a drawing by pointer and wheel: one finger or the mouse moves it, two fingers zoom it. The
 * wheel alone still scrolls the page.
 *
 * @module
 */

import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { DrawnChart } from './drawnChart.ts';

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
