/**
 * Time travel: a slider over the remembered steps. It is at the top of every view
 * while somebody looks back, since all views show the same moment.
 *
 * @module
 */

import { useEffect, useRef } from 'preact/hooks';
import { useCommand, usePage, useParts } from '../kit/page.tsx';
import type { PageState } from '../model/pageState.ts';
import { rememberedOf, serialOf, shownActor } from '../model/shown.ts';
import { type Move, moved, placeAfter, timeOf } from '../past/moment.ts';
import { serialsOf } from '../past/sequence.ts';
import { agoText, countOf, countText, preciseText } from '../words/news.ts';

/** The number of the actor in view, if any. */
function actorOf(page: PageState): number | null {
  const { view, of } = page.route;
  return view === 'actors' && of !== null ? (shownActor(page, of)?.actor.actor ?? null) : null;
}

/** The stops of the slider: the steps of the actor in view, else all steps. */
function stopsOf(page: PageState): readonly number[] {
  const { steps } = rememberedOf(page);
  const actor = actorOf(page);
  return actor === null ? steps.map(({ serial }) => serial) : serialsOf(steps, actor);
}

function sameStops(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one[0] === other[0] && one.at(-1) === other.at(-1);
}

const ARROWS: Readonly<Record<string, Move>> = {
  ArrowLeft: 'earlier',
  ArrowRight: 'later',
  Home: 'first',
  PageUp: 'farEarlier',
  PageDown: 'farLater',
};

export function TimeBar() {
  const { store } = useParts();
  const isPast = usePage((page) => page.past !== null);
  const isActor = usePage((page) => actorOf(page) !== null);
  const slider = useRef<HTMLInputElement>(null);
  const go = (move: Move): void => {
    const page = store.getSnapshot().context;
    const stops = stopsOf(page);
    // For an actor without steps, looking back begins at the newest step of all.
    const newest = rememberedOf(page).steps.at(-1)?.serial ?? null;
    store.trigger.pastChosen({
      serial: stops.length === 0 ? newest : moved(stops, serialOf(page), move),
    });
  };
  const toNow = (): void => {
    store.trigger.pastChosen({ serial: null });
  };
  useCommand('time', () => {
    if (isPast) toNow();
    else go('last');
  });
  const first = useRef<HTMLButtonElement>(null);
  const wasPast = useRef(isPast);
  useEffect(() => {
    const isIn = document.activeElement?.closest('.time-bar') !== null;
    if (isPast && !isIn) slider.current?.focus({ preventScroll: true });
    else if (!isPast && wasPast.current && document.activeElement === document.body) {
      // The button that led back to now is gone, on most views with the whole bar.
      const next = first.current ?? document.getElementById('main');
      next?.focus({ preventScroll: true });
    }
    wasPast.current = isPast;
  }, [isPast]);
  useEffect(() => {
    if (!isPast) return;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') !== null) return;
      if (event.key === 'Escape') {
        toNow();
        return;
      }
      const target = event.target instanceof HTMLElement ? event.target : null;
      const isOwn = target === null || target.matches('body, main, .time-bar *');
      const move = event.key === 'End' ? 'last' : ARROWS[event.key];
      if (!isOwn || move === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      go(move);
    };
    addEventListener('keydown', press, { capture: true });
    return () => {
      removeEventListener('keydown', press, { capture: true });
    };
  }, [isPast, store]);
  if (!isPast && !isActor) return null;
  return (
    <section class={isPast ? 'time-bar past' : 'time-bar'} aria-label="Time travel">
      <button
        ref={first}
        type="button"
        class="plain"
        aria-label="Step before"
        onClick={() => {
          go('earlier');
        }}
      >
        ◀
      </button>
      <button
        type="button"
        class="plain"
        aria-label="Step after"
        disabled={!isPast}
        onClick={() => {
          go('later');
        }}
      >
        ▶
      </button>
      <Slider
        isPast={isPast}
        at={slider}
        onChoose={(serial) => {
          store.trigger.pastChosen({ serial });
        }}
      />
      <Where isPast={isPast} isActor={isActor} />
      {isPast ? (
        <button type="button" class="first" onClick={toNow}>
          Back to now
        </button>
      ) : null}
    </section>
  );
}

function Slider(props: {
  readonly isPast: boolean;
  readonly at: { current: HTMLInputElement | null };
  readonly onChoose: (serial: number | null) => void;
}) {
  const stops = usePage(stopsOf, sameStops);
  const serial = usePage(serialOf);
  const place = placeOf(stops, serial);
  const said = usePage((page) => {
    const atMs = serial === null ? null : timeOf(rememberedOf(page).steps, serial);
    return atMs === null ? 'now' : preciseText(atMs);
  });
  return (
    <input
      ref={props.at}
      type="range"
      aria-label="Moment"
      aria-valuetext={`${said}, step ${Math.min(place + 1, stops.length)} of ${stops.length}`}
      min={0}
      max={stops.length}
      value={place}
      disabled={stops.length === 0}
      onInput={(event) => {
        props.onChoose(stops[event.currentTarget.valueAsNumber] ?? null);
      }}
    />
  );
}

/** The index of a moment among the stops; now is after the last. */
function placeOf(stops: readonly number[], serial: number | null): number {
  if (serial === null) return stops.length;
  const after = stops.findIndex((stop) => stop > serial);
  return (after === -1 ? stops.length : Math.max(1, after)) - 1;
}

function Where(props: { readonly isPast: boolean; readonly isActor: boolean }) {
  const stops = usePage(stopsOf, sameStops);
  if (!props.isPast) {
    return (
      <p class="where soft">
        {stops.length === 0
          ? 'None of its steps is remembered'
          : `${countOf(stops.length, 'step')} remembered`}
      </p>
    );
  }
  return <Then stops={stops} isActor={props.isActor} />;
}

function Then(props: { readonly stops: readonly number[]; readonly isActor: boolean }) {
  const { stops, isActor } = props;
  const serial = usePage(serialOf);
  const atMs = usePage((page) => page.past?.moment.atMs ?? null);
  const ago = usePage((page) => (atMs === null ? '' : agoText(page.nowMs - atMs)));
  const skipped = usePage((page) => {
    const { steps } = rememberedOf(page);
    return serial === null ? 0 : placeAfter(steps, serial);
  });
  if (serial === null || atMs === null) return null;
  const which = isActor
    ? stops.length === 0
      ? 'none of its steps is remembered'
      : `after step ${countText(placeOf(stops, serial) + 1)} of its ${countText(stops.length)}`
    : `after step ${countText(skipped)} of ${countText(stops.length)} remembered`;
  return (
    <p class="where">
      <strong>
        The past: {preciseText(atMs)}, {ago} ago
      </strong>
      <span class="soft">
        {' '}
        {which}. Actors and the overview are shown as they were; lists show the present.
      </span>
    </p>
  );
}
