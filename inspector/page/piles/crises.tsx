/**
 * Crises that are not over: how far each is delivered, who was told, and who has taken it on. Never whose.
 *
 * @module
 */

import { type CrisisModeSeen, type CrisisSeen, LOOK } from '../calls/calls.ts';
import { type PagesQuery, useAnswer } from '../calls/usePages.ts';
import { usePage } from '../kit/page.tsx';
import { Fact, Facts, Nothing, Panel } from '../kit/panel.tsx';
import { Mark, Since, Until } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { CRISIS_MODE_ORDERS, ordersOfCrisis } from '../orders/ordersOfService.ts';
import { causeInWords } from './conflictWords.ts';
import { CrisisDecisions } from './crisisDecisions.tsx';
import { Age, Pile, ShortId } from './pile.tsx';

const COLUMNS = ['Age', 'Type', 'People', 'Delivery', 'Attempts', 'Id'];

const PAGES: PagesQuery<CrisisSeen> = {
  call: LOOK.crises,
  params: {},
  from: null,
  read: (result) => ({ rows: result as readonly CrisisSeen[], next: null }),
};

export function Crises() {
  const count = usePage((page) => JSON.stringify(page.overview?.crises ?? {}));
  return (
    <>
      <CrisisModePanel />
      <Pile
        view="crises"
        title="Crises"
        query={PAGES}
        changedBy={count}
        columns={COLUMNS}
        cells={cells}
        empty="None is open: all that came are over."
        detail={(id, reload) => <Detail key={id} id={id} onDone={reload} />}
      />
    </>
  );
}

/** How far people were told, which is what somebody has to look at first. */
function People(props: { readonly crisis: CrisisSeen }) {
  const { escalatedAtMs, decisions } = props.crisis;
  const last = decisions.at(-1)?.what;
  if (last === 'acknowledged') return <Mark tone="good">Taken on</Mark>;
  if (last !== undefined) return <Mark tone="quiet">Called off</Mark>;
  return escalatedAtMs === null ? (
    <Mark tone="busy">Not needed yet</Mark>
  ) : (
    <Mark tone="bad">Nobody has taken it on</Mark>
  );
}

function cells(crisis: CrisisSeen) {
  const { id, type, delivery, attempt, acceptedAtMs } = crisis;
  return (
    <>
      <span role="gridcell">
        <Age atMs={acceptedAtMs} />
      </span>
      <span role="gridcell">{type}</span>
      <span role="gridcell">
        <People crisis={crisis} />
      </span>
      <span role="gridcell" class="wide">
        {delivery}
      </span>
      <span role="gridcell" class="wide number">
        {attempt}
      </span>
      <span role="gridcell" class="wide">
        <ShortId id={id} />
      </span>
    </>
  );
}

function Detail(props: { readonly id: string; readonly onDone: () => void }) {
  const { id, onDone } = props;
  const { value, error, reload } = useAnswer(LOOK.crisis, { id }, (result) => result as CrisisSeen);
  if (value === null) {
    return (
      <Panel title="Crisis">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  const { cause, escalatedAtMs, settledAtMs, delivery, attempt, failure } = value;
  return (
    <>
      <Panel title={value.type} aside={<code>{id}</code>}>
        <div class="body">
          <p>
            <People crisis={value} />
          </p>
          {cause === null ? null : <p>{causeInWords(cause)}</p>}
          <Facts>
            <Fact name="Accepted">
              <Since atMs={value.acceptedAtMs} />
            </Fact>
            <Fact name="Delivery">
              {delivery}, attempt {attempt}
              {failure === null ? '' : `, last failed with ${failure}`}
            </Fact>
            {escalatedAtMs === null ? null : (
              <Fact name="People are told">
                <Since atMs={escalatedAtMs} />
              </Fact>
            )}
            <Fact name="Tier">{value.tier}</Fact>
          </Facts>
          <p>
            <a href={formatRoute({ view: 'actors', of: id })}>Its chart and its events</a>
          </p>
          {settledAtMs === null ? (
            <OrderButtons
              orders={ordersOfCrisis(id)}
              onDone={() => {
                reload();
                onDone();
              }}
            />
          ) : (
            <p>It is over.</p>
          )}
        </div>
      </Panel>
      <CrisisDecisions crisis={value} />
    </>
  );
}

function CrisisModePanel() {
  const count = usePage((page) => page.overview?.level ?? '');
  const { value, error, reload } = useAnswer(
    LOOK.crisisMode,
    {},
    (result) => result as readonly CrisisModeSeen[],
  );
  return (
    <Panel title="Crisis mode" class="crisis-mode" key={count}>
      <div class="body">
        {value === null ? (
          <Nothing>{error ?? 'Reading …'}</Nothing>
        ) : value.length === 0 ? (
          <p>
            <Mark tone="quiet">Off</Mark>
          </p>
        ) : (
          <ul>
            {value.map(({ id, sinceAtMs, endsAtMs, isDurable }) => (
              <li key={id}>
                <Mark tone="warn">On</Mark> <Since atMs={sinceAtMs} />, ends{' '}
                <Until atMs={endsAtMs} />
                {isDurable ? '' : ', not on disk yet'}
              </li>
            ))}
          </ul>
        )}
        <OrderButtons
          orders={CRISIS_MODE_ORDERS.slice(0, (value ?? []).length === 0 ? 1 : 2)}
          onDone={reload}
        />
      </div>
    </Panel>
  );
}
