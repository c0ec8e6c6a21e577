/**
 * A chart as text: every state with its description, and its transitions. It says all that the picture shows, for
 * people who can't see that.
 *
 * @module
 */

import type { ChartModel, StateModel } from '../../charts/chartData.ts';
import { Mark } from '../kit/text.tsx';
import { goesTo, nameOfState, type PlacedTransition, placed } from './chartPosition.ts';
import { meaningOf } from './ruleWords.ts';

const KINDS: Readonly<Record<StateModel['kind'], string>> = {
  atomic: '',
  compound: 'has states inside',
  parallel: 'all of its parts are active at once',
  final: 'an end',
  history: 'goes back to where it was',
  deepHistory: 'goes back to where it was, all the way in',
};

export function ChartText(props: {
  readonly model: ChartModel;
  readonly active?: ReadonlySet<string>;
  readonly taken?: ReadonlySet<number>;
}) {
  const { model, active = new Set(), taken = new Set() } = props;
  const transitions = placed(model);
  return (
    <ul class="chart-text">
      {model.states.map((state) => (
        <StateText
          key={state.path}
          model={model}
          state={state}
          isActive={active.has(state.path)}
          taken={taken}
          transitions={transitions.filter(({ source }) => source === state.path)}
        />
      ))}
    </ul>
  );
}

function StateText(props: {
  readonly model: ChartModel;
  readonly state: StateModel;
  readonly isActive: boolean;
  readonly taken: ReadonlySet<number>;
  readonly transitions: readonly PlacedTransition[];
}) {
  const { model, state, isActive, taken, transitions } = props;
  const { path, kind, description, lasts, requirements, invokes, entry, exit } = state;
  const isRoot = state.parent === null;
  if (isRoot && transitions.length === 0) return null;
  const more = [
    KINDS[kind],
    invokes.length === 0 ? '' : `runs ${invokes.join(', ')}`,
    entry.length === 0 ? '' : `on entry ${entry.join(', ')}`,
    exit.length === 0 ? '' : `on exit ${exit.join(', ')}`,
    requirements.join(', '),
  ].filter((part) => part !== '');
  return (
    <li class={isActive ? 'active' : ''}>
      <h3>
        {isRoot ? 'In any state' : nameOfState(path)}
        {isActive ? (
          <>
            {' '}
            <Mark tone="busy">active</Mark>
          </>
        ) : null}
      </h3>
      {isRoot ? null : (
        <p>
          {description}
          {lasts === null ? null : <span class="soft"> {lasts}</span>}
        </p>
      )}
      {more.length === 0 || isRoot ? null : <p class="soft">{more.join(' · ')}</p>}
      <TransitionList model={model} transitions={transitions} taken={taken} />
    </li>
  );
}

/** Transitions as a list: event, guard, actions, target. */
export function TransitionList(props: {
  readonly model: ChartModel;
  readonly transitions: readonly PlacedTransition[];
  readonly taken?: ReadonlySet<number>;
}) {
  const { model, transitions, taken } = props;
  if (transitions.length === 0) return null;
  return (
    <ul class="transitions">
      {transitions.map((transition) => (
        <li key={transition.index} class={taken?.has(transition.index) === true ? 'taken' : ''}>
          <TransitionText model={model} transition={transition} />
          {taken?.has(transition.index) === true ? (
            <>
              {' '}
              <Mark tone="busy">taken last</Mark>
            </>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

function TransitionText(props: {
  readonly model: ChartModel;
  readonly transition: PlacedTransition;
}) {
  const { model, transition } = props;
  const { on, guard, actions, targets } = transition;
  const condition = meaningOf(model, 'guard', guard ?? '');
  return (
    <>
      <b class="hc-on">{on}</b>
      {guard === null ? null : <span class="hc-if"> [{guard}]</span>}
      <span class="soft"> → </span>
      {targets.length === 0 ? <span class="soft">stays</span> : <b>{goesTo({ targets })}</b>}
      {actions.length === 0 ? null : <span class="soft"> · </span>}
      {actions.map((action, at) => (
        <span key={action} class="soft" title={meaningOf(model, 'action', action) || undefined}>
          {at === 0 ? action : `, ${action}`}
        </span>
      ))}
      {condition === '' ? null : <span class="means">{condition}</span>}
    </>
  );
}
