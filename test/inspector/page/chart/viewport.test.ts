import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  centredOn,
  fitAll,
  fitWidth,
  panned,
  showing,
  viewBoxOf,
  zoomed,
} from '../../../../inspector/page/chart/viewport.ts';

const drawing = { width: 2_000, height: 3_000 };
const frame = { width: 1_000, height: 600 };

describe('UX-1 which part of a chart is looked at', () => {
  test('UX-1 fitted to the width, all of its width is in the frame, from the top', () => {
    const view = fitWidth(drawing, frame);
    expect(view.scale).toBeCloseTo(0.484);
    expect(view.x).toBeLessThan(0);
    expect(view.x + frame.width / view.scale).toBeGreaterThan(drawing.width);
    expect(view.y * view.scale).toBeCloseTo(-16);
  });

  test('UX-1 fitted whole, all of it is in the frame; a small one is not blown up', () => {
    const view = fitAll(drawing, frame);
    expect(view.y).toBeLessThanOrEqual(0);
    expect(view.y + frame.height / view.scale).toBeGreaterThanOrEqual(drawing.height);
    const small = fitWidth({ width: 100, height: 50 }, frame);
    expect(small.scale).toBe(1.15);
    expect(small.x + frame.width / small.scale / 2).toBeCloseTo(50);
    expect(small.y + frame.height / small.scale / 2).toBeCloseTo(25);
  });

  test('UX-1 zoomed, what lies under the pointer stays there', () => {
    const view = { x: 10, y: 20, scale: 1 };
    const at = { x: 300, y: 150 };
    const nearer = zoomed(view, 2, at);
    expect(nearer).toEqual({ x: 160, y: 95, scale: 2 });
    expect(zoomed(nearer, 0.5, at)).toEqual(view);
  });

  test('UX-1 zoomed and pushed about in any way, some of the drawing stays in sight', () => {
    const move = fc.record({
      factor: fc.double({ min: 0.1, max: 10, noNaN: true }),
      x: fc.integer({ min: -5_000, max: 5_000 }),
      y: fc.integer({ min: -5_000, max: 5_000 }),
    });
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 12 }), (moves) => {
        let view = fitWidth(drawing, frame);
        for (const { factor, x, y } of moves) {
          view = panned(zoomed(view, factor, { x: 500, y: 300 }), { x, y }, drawing, frame);
        }
        expect(view.x).toBeLessThan(drawing.width);
        expect(view.x + frame.width / view.scale).toBeGreaterThan(0);
        expect(view.y).toBeLessThan(drawing.height);
        expect(view.y + frame.height / view.scale).toBeGreaterThan(0);
        expect(view.scale).toBeGreaterThanOrEqual(0.12);
        expect(view.scale).toBeLessThanOrEqual(4);
      }),
    );
  });

  test('UX-1 a state that is out of sight is brought in, and one in sight moves nothing', () => {
    const view = { x: 0, y: 0, scale: 1 };
    expect(showing(view, { x: 100, y: 100, width: 80, height: 40 }, frame)).toEqual(view);
    expect(showing(view, { x: 1_500, y: 900, width: 80, height: 40 }, frame)).toEqual({
      ...{ x: 596, y: 356, scale: 1 },
    });
  });

  test('UX-1 a state is put into the middle, as far as that leaves no room beside the chart', () => {
    const view = { x: 0, y: 0, scale: 1 };
    const state = { x: 1_200, y: 900, width: 80, height: 40 };
    expect(centredOn(view, state, drawing, frame)).toEqual({ x: 740, y: 620, scale: 1 });
    const atEdge = { x: 0, y: 2_950, width: 80, height: 40 };
    expect(centredOn(view, atEdge, drawing, frame)).toEqual({ x: -16, y: 2_416, scale: 1 });
    const small = { width: 400, height: 200 };
    expect(centredOn(view, atEdge, small, frame)).toEqual({ x: -300, y: -200, scale: 1 });
  });

  test('UX-1 the viewBox is what is in the frame', () => {
    expect(viewBoxOf({ x: 1.234567, y: -2, scale: 2 }, frame)).toBe('1.23 -2 500 300');
  });
});
