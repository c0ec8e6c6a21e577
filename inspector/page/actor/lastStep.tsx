/**
 * The last event that an actor took: when, under which guard, and to which state.
 *
 * @module
 */

import type { ChartModel } from '../../charts/chartData.ts';
import { eventInWords } from '../../charts/transitions.ts';
import type { Step } from '../../protocol.ts';
import { changeOf, type PlacedTransition, statesInWords } from '../chart/chartPosition.ts';
import { meaningOf } from '../chart/ruleWords.ts';
import { Fact, Facts, Nothing, Panel } from '../kit/page.tsx';
import { Ago } from '../kit/text.tsx';
import { isSame } from '../model/applyMessages.ts';
import { preciseText } from '../words/news.ts';

export function LastStep(props: {
  readonly model: ChartModel;
  readonly step: Step | null;
  readonly taken: readonly PlacedTransition[];
  readonly isEnded: boolean;
  /** True where not all steps of its ring are remembered. */
  readonly isPartial: boolean;
}) {
  const { model, step, taken, isEnded, isPartial } = props;
  if (step === null) {
    return (
      <Panel title="Last event">
        <Nothing>
          {isPartial
            ? 'None is remembered: the last one is too old, or was not sent to this page.'
            : 'It took none since watching began.'}
        </Nothing>
      </Panel>
    );
  }
  const { left, entered } = changeOf(step);
  const guards = taken.flatMap(({ guard }) => guard ?? []);
  const actions = taken.flatMap((transition) => transition.actions);
  const reasons = guards.map((guard) => meaningOf(model, 'guard', guard)).filter(Boolean);
  return (
    <Panel title="Last event" aside={<AgoText atMs={step.atMs} />}>
      <div class="body">
        <p class="event">
          <b>{eventInWords(step.event)}</b>
        </p>
        <Facts>
          <Fact name="At">{preciseText(step.atMs)}</Fact>
          {guards.length === 0 ? null : (
            <Fact name="Because">
              <code>{guards.join(', ')}</code>
              {reasons.length === 0 ? null : <p class="soft">{reasons.join(' ')}</p>}
            </Fact>
          )}
          {actions.length === 0 ? null : (
            <Fact name="Did">
              <code>{actions.join(', ')}</code>
            </Fact>
          )}
          <Fact name="Led">
            {isSame(step.from, step.to)
              ? `no change: it stays in ${statesInWords(step.to)}`
              : `${statesInWords(left)} → ${statesInWords(entered)}`}
          </Fact>
        </Facts>
        {isEnded ? <p class="soft">It has ended with this.</p> : null}
      </div>
    </Panel>
  );
}

function AgoText(props: { readonly atMs: number }) {
  return (
    <>
      <Ago atMs={props.atMs} /> ago
    </>
  );
}
