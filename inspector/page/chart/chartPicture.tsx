/**
 * A chart as a picture that can be moved and zoomed by keyboard, wheel, buttons and touch.
 *
 * @module
 */

import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { DrawnChart, type Marks } from './drawnChart.ts';
import { type Chart, useGestures } from './useChart.ts';
import { ZOOM_STEP } from './viewport.ts';

const NO_MARKS: Marks = {
  ...{ standing: [], active: new Set(), taken: new Set(), possible: new Set() },
};
/** Pixels that one press of an arrow moves. */
const STEP = 80;
const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

export function ChartPicture(props: {
  readonly chart: Chart;
  readonly marks?: Marks;
  /** A sentence that describes the picture. */
  readonly label: string;
}) {
  const { chart, label, marks = NO_MARKS } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [isFull, setFull] = useState(false);
  const [isFollowing, setFollowing] = useState(true);
  const hint = useId();
  const drawn = useMemo(
    () => (chart.drawing === null ? null : new DrawnChart(chart.drawing, label)),
    [chart],
  );
  const isLive = marks !== NO_MARKS;

  useLayoutEffect(() => {
    drawn?.element.setAttribute('aria-label', label);
  }, [drawn, label]);
  useLayoutEffect(() => {
    drawn?.mark(marks);
    if (isFollowing) drawn?.follow();
  }, [drawn, marks, isFollowing]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null || drawn === null) return;
    element.replaceChildren(drawn.element);
    const resize = (): void => {
      drawn.resize({ width: element.clientWidth, height: element.clientHeight });
    };
    resize();
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [drawn]);
  useGestures(frame, drawn);
  useEffect(() => {
    if (!isFull) return;
    const leave = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      setFull(false);
    };
    addEventListener('keydown', leave, { capture: true });
    return () => {
      removeEventListener('keydown', leave, { capture: true });
    };
  }, [isFull]);

  if (drawn === null) {
    return <p class="nothing">This page has no drawing of the chart; it is shown as text.</p>;
  }
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const move = MOVES[event.key];
    if (move !== undefined) drawn.pan(...move);
    else if (event.key === '+' || event.key === '=') drawn.zoom(ZOOM_STEP);
    else if (event.key === '-') drawn.zoom(1 / ZOOM_STEP);
    else if (event.key === '0') drawn.fit();
    else if (event.key === 'f' && isLive) drawn.find();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class={isFull ? 'chart full' : 'chart'}>
      <div class="tools" role="toolbar" aria-label="Picture of the chart">
        <button
          type="button"
          class="plain"
          aria-label="Nearer"
          onClick={() => drawn.zoom(ZOOM_STEP)}
        >
          +
        </button>
        <button
          type="button"
          class="plain"
          aria-label="Further"
          onClick={() => drawn.zoom(1 / ZOOM_STEP)}
        >
          −
        </button>
        <button type="button" class="plain" onClick={() => drawn.fit()}>
          Fit
        </button>
        {isLive ? (
          <>
            <button type="button" class="plain" onClick={() => drawn.find()}>
              Find state
            </button>
            <button
              type="button"
              class="plain"
              aria-pressed={isFollowing}
              onClick={() => {
                setFollowing(!isFollowing);
              }}
            >
              Follow
            </button>
          </>
        ) : null}
        <span class="space" />
        <button
          type="button"
          class="plain"
          aria-pressed={isFull}
          onClick={() => {
            setFull(!isFull);
          }}
        >
          {isFull ? 'Smaller' : 'Whole window'}
        </button>
      </div>
      <div
        ref={frame}
        class="picture"
        role="group"
        aria-label="Picture"
        aria-describedby={hint}
        tabIndex={0}
        onKeyDown={press}
      />
      <p id={hint} class="hint">
        Arrows move, + and − zoom, 0 fits{isLive ? ', f finds the active state' : ''}. Drag to move;
        pinch, or the wheel with Ctrl, to zoom.
      </p>
    </div>
  );
}
