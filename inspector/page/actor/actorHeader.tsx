/**
 * The name of an actor, its state in the words of its chart, and the orders about it.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import { awayIn, nameOfState, standingIn, statesInWords } from '../chart/chartPosition.ts';
import type { Chart } from '../chart/useChart.ts';
import { Nothing, Panel, usePage } from '../kit/page.tsx';
import { Id, Mark, Since, Stood } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import type { ShownActor } from '../model/shown.ts';
import type { Order } from '../orders/order.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfBreaker, ordersOfCrisis } from '../orders/ordersOfService.ts';
import { ordersOfOperation } from '../orders/ordersOfWork.ts';
import { sinceText } from '../words/news.ts';

export function ActorHeader(props: { readonly shown: ShownActor; readonly chart: Chart | null }) {
  const { shown, chart } = props;
  const { actor, states, sinceAtMs, is } = shown;
  const { machine, version, about, id } = actor;
  const minute = usePage((page) => Math.floor(page.nowMs / 60_000) * 60_000);
  const away = is !== 'ended' ? null : chart === null ? 'unknown' : awayIn(chart.model, shown);
  return (
    <Panel
      title={about?.type ?? id}
      class="actor-head"
      aside={
        <a href={formatRoute({ view: 'charts', of: machine })}>
          {machine}
          {version === null ? '' : ` ${version}`}
        </a>
      }
    >
      <div class="body">
        {about === null ? null : (
          <p class="soft">
            <Id id={id} />
            <span>
              {' '}
              · {about.upstream === null ? 'no upstream' : `for ${about.upstream}`} · {about.tier} ·{' '}
              {about.priority}
            </span>
          </p>
        )}
        <Standing shown={shown} away={away} />
        {chart === null
          ? null
          : standingIn(chart.model, states).map((state) => (
              <p key={state.path}>
                {states.length > 1 ? <b>{nameOfState(state.path)}: </b> : null}
                {state.description}
                {state.lasts === null ? null : <span class="soft"> {state.lasts}</span>}
              </p>
            ))}
        {is === 'there' && sinceAtMs !== null ? (
          <p class="soft">
            since {sinceText(sinceAtMs, minute)} (<Stood atMs={sinceAtMs} />)
          </p>
        ) : null}
        {away === 'over' ? null : <Orders shown={shown} />}
      </div>
    </Panel>
  );
}

/** Texts for an actor that is not in memory. */
const AWAY = {
  over: 'ended',
  rests: 'rests on disk',
  unknown: 'left memory',
} as const;

function Standing(props: { readonly shown: ShownActor; readonly away: keyof typeof AWAY | null }) {
  const { away } = props;
  const { is, states, endedAtMs } = props.shown;
  if (is === 'absent') return <Nothing>It did not exist at this moment.</Nothing>;
  if (is === 'unknown') {
    return (
      <Nothing>Its state at this moment is unknown: steps around it are not remembered.</Nothing>
    );
  }
  return (
    <>
      <p class="standing">
        <Mark tone={away === null || away === 'rests' ? 'busy' : 'quiet'}>
          <span data-states="">{statesInWords(states)}</span>
        </Mark>
        {away !== null && endedAtMs !== null ? (
          <span class="soft">
            {' '}
            {AWAY[away]} <Since atMs={endedAtMs} />
          </span>
        ) : null}
      </p>
      {away === null || away === 'over' ? null : (
        <p class="soft">It is not in memory. What its store keeps is shown below.</p>
      )}
    </>
  );
}

function Orders(props: { readonly shown: ShownActor }) {
  const { shown } = props;
  const { actor } = shown;
  const upstream = /^breaker:(.+)$/s.exec(actor.id)?.[1] ?? null;
  const hold = usePage(
    (page) => page.overview?.upstreams.find(({ name }) => name === upstream)?.hold ?? null,
    (one, other) => JSON.stringify(one) === JSON.stringify(other),
  );
  const orders = ordersOf(actor.machine, shown, upstream, hold);
  return <OrderButtons orders={orders} onDone={() => undefined} />;
}

function ordersOf(
  machine: string,
  { actor: { id, about }, states }: ShownActor,
  upstream: string | null,
  hold: UpstreamOverview['hold'],
): readonly Order[] {
  if (upstream !== null) return ordersOfBreaker(upstream, hold);
  if (machine === 'crisis') return ordersOfCrisis(id);
  return about === null ? [] : ordersOfOperation(id, states.includes('inReview'));
}
