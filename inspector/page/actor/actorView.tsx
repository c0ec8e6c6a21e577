/**
 * One actor: its name and state, its chart as it moves, the events that it took, and what its store keeps
 * of it.
 *
 * @module
 */

import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { ringOf, type Step } from '../../protocol.ts';
import { ChartPicture } from '../chart/chartPicture.tsx';
import {
  activePaths,
  awayIn,
  isDrawnBy,
  stepInWords,
  takenBy,
  waysOn,
} from '../chart/chartPosition.ts';
import { ChartText, TransitionList } from '../chart/chartText.tsx';
import type { Marks } from '../chart/drawnChart.ts';
import { type Chart, type Fetched, useChart } from '../chart/useChart.ts';
import { Nothing, Panel, usePage } from '../kit/page.tsx';
import { Id, Told } from '../kit/text.tsx';
import type { PageState } from '../model/pageState.ts';
import { rememberedOf, type ShownActor, serialOf, shownActor } from '../model/shown.ts';
import { isPartial, lastStepOf } from '../past/sequence.ts';
import { KeptOperation } from '../piles/keptOperation.tsx';
import { ActorHeader } from './actorHeader.tsx';
import { LastStep } from './lastStep.tsx';
import { Sequence } from './sequence.tsx';

function sameShown(one: ShownActor | null, other: ShownActor | null): boolean {
  if (one === null || other === null) return one === other;
  const keys = ['actor', 'is', 'states', 'sinceAtMs', 'endedAtMs'] as const;
  return keys.every((key) => one[key] === other[key]);
}

export function ActorView() {
  const key = usePage((page) => page.route.of ?? '');
  const shown = usePage((page) => shownActor(page, key), sameShown);
  const fetched = useChart(shown?.actor.machine ?? null);
  const last = usePage((page) => lastOf(page, shown?.actor.actor));
  if (shown === null) return <NotLive id={key} />;
  return (
    <div class="actor">
      <ActorHeader shown={shown} chart={fetched.kind === 'here' ? fetched.chart : null} />
      {last === null ? null : <Told text={toldOf(last, fetched)} when={last.serial} />}
      {fetched.kind === 'coming' ? <Nothing>Reading its chart …</Nothing> : null}
      {fetched.kind === 'unknown' ? (
        <Panel title="Chart">
          <Nothing>This page has no chart {shown.actor.machine}.</Nothing>
        </Panel>
      ) : null}
      {fetched.kind === 'here' ? <Live shown={shown} chart={fetched.chart} last={last} /> : null}
      <div class="two">
        <Sequence key={shown.actor.actor} shown={shown} />
        {shown.actor.about === null ? null : (
          <KeptOperation
            id={shown.actor.id}
            isBeside
            changedBy={`${shown.is} ${shown.actor.states.join(' ')}`}
            onDone={() => undefined}
          />
        )}
      </div>
    </div>
  );
}

/** The sentence that a screen reader says when the chart moves. */
function toldOf(step: Step, fetched: Fetched): string {
  return stepInWords(step, fetched.kind === 'here' ? takenBy(fetched.chart.model, step) : []);
}

function lastOf(page: PageState, actor: number | undefined): Step | null {
  return actor === undefined ? null : lastStepOf(rememberedOf(page).steps, actor, serialOf(page));
}

/** Shown for an id without an actor: the store may hold an operation under it. */
function NotLive(props: { readonly id: string }) {
  const isNumber = /^\d+$/.test(props.id);
  return (
    <div class="actor">
      <Panel title="No actor lives under this id" aside={<Id id={props.id} />}>
        <p>
          {isNumber
            ? 'It ended long ago, or belongs to an earlier process.'
            : 'It has ended, or rests on disk. What its store keeps is shown below.'}
        </p>
      </Panel>
      {isNumber ? null : <KeptOperation id={props.id} changedBy={null} onDone={() => undefined} />}
    </div>
  );
}

function Live(props: {
  readonly shown: ShownActor;
  readonly chart: Chart;
  readonly last: Step | null;
}) {
  const { shown, chart, last } = props;
  const { actor, states } = shown;
  const shape = usePage(
    ({ hello }) => hello?.charts.find(({ machine }) => machine === actor.machine)?.shape,
  );
  const isDrawn = isDrawnBy(chart.model, shape, states);
  const place = states.join(' ');
  const isPartly = usePage(
    (page) => last === null && isPartial(rememberedOf(page).steps, ringOf(actor.machine)),
  );
  const marks: Marks = useMemo(
    () => ({
      standing: isDrawn ? states : [],
      active: isDrawn ? activePaths(states) : new Set(),
      taken: new Set(isDrawn ? last?.transitions : []),
      possible: new Set(isDrawn ? waysOn(chart.model, states).map(({ index }) => index) : []),
    }),
    [chart, isDrawn, place, last],
  );
  const ways = useMemo(() => waysOn(chart.model, states), [chart, place]);
  if (!isDrawn && states.length > 0) {
    return (
      <Panel title="Chart">
        <p>
          The process runs{' '}
          {actor.version === chart.model.version
            ? 'another build'
            : `version ${actor.version ?? 'without a number'}`}{' '}
          of {actor.machine} than version {chart.model.version ?? 'without a number'}, which this
          page has: its states are shown as text, since the drawing of another chart could be wrong.
        </p>
      </Panel>
    );
  }
  const where = states.length === 0 ? 'nobody knows where it stood' : `in ${states.join(', ')}`;
  return (
    <div class="live">
      <Panel title="Chart" class="drawing">
        <ChartPicture
          chart={chart}
          marks={marks}
          label={`Chart of ${actor.machine}; ${actor.id} is ${where}`}
        />
        <Disclosure summary="All states and transitions as text">
          {() => <ChartText model={chart.model} active={marks.active} taken={marks.taken} />}
        </Disclosure>
      </Panel>
      <div class="beside">
        <LastStep
          model={chart.model}
          step={last}
          taken={takenBy(chart.model, last)}
          isEnded={shown.is === 'ended' && awayIn(chart.model, shown) === 'over'}
          isPartial={isPartly}
        />
        <Panel title="What can come next" aside={ways.length === 0 ? undefined : ways.length}>
          {ways.length === 0 ? (
            <Nothing>
              {states.length === 0 ? 'Nobody knows.' : 'Nothing: it is in a final state.'}
            </Nothing>
          ) : (
            <div class="ways" role="region" aria-label="Transitions from here" tabIndex={0}>
              <TransitionList model={chart.model} transitions={ways} />
            </div>
          )}
        </Panel>
      </div>
    </div>
  );
}

function Disclosure(props: {
  readonly summary: string;
  readonly children: () => ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="disclosure"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary>{props.summary}</summary>
      {isOpen ? props.children() : null}
    </details>
  );
}
