/**
 * What an actor is, and where it stands, in the words of its chart; with the orders about it.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import { nameOfState, standingIn, statesInWords } from '../chart/chartPosition.ts';
import type { Chart } from '../chart/useChart.ts';
import { usePage } from '../kit/page.tsx';
import { Nothing, Panel } from '../kit/panel.tsx';
import { Id, Mark, Since, Stood } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import type { ShownActor } from '../model/shown.ts';
import type { Order } from '../orders/order.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfBreaker, ordersOfCrisis } from '../orders/ordersOfService.ts';
import { ordersOfOperation } from '../orders/ordersOfWork.ts';
import { sinceText } from '../words/time.ts';

export function ActorHeader(props: { readonly shown: ShownActor; readonly chart: Chart | null }) {
  const { shown, chart } = props;
  const { actor, states, sinceAtMs, is } = shown;
  const { machine, version, about, id } = actor;
  const minute = usePage((page) => Math.floor(page.nowMs / 60_000) * 60_000);
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
        <Standing shown={shown} />
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
        <Orders shown={shown} />
      </div>
    </Panel>
  );
}

function Standing(props: { readonly shown: ShownActor }) {
  const { is, states, endedAtMs } = props.shown;
  if (is === 'absent') return <Nothing>It was not there at this moment.</Nothing>;
  if (is === 'unknown') {
    return (
      <Nothing>
        Nobody knows where it stood at this moment: steps around it are not remembered.
      </Nothing>
    );
  }
  return (
    <p class="standing">
      <Mark tone={is === 'ended' ? 'quiet' : 'busy'}>
        <span data-states="">{statesInWords(states)}</span>
      </Mark>
      {is === 'ended' && endedAtMs !== null ? (
        <span class="soft">
          {' '}
          ended <Since atMs={endedAtMs} />
        </span>
      ) : null}
    </p>
  );
}

function Orders(props: { readonly shown: ShownActor }) {
  const { shown } = props;
  const { actor, is } = shown;
  const upstream = /^breaker:(.+)$/s.exec(actor.id)?.[1] ?? null;
  const hold = usePage(
    (page) => page.overview?.upstreams.find(({ name }) => name === upstream)?.hold ?? null,
    (one, other) => JSON.stringify(one) === JSON.stringify(other),
  );
  const orders = is === 'ended' ? [] : ordersOf(actor.machine, shown, upstream, hold);
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
