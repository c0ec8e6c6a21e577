/**
 * Crises that are not over: how far each is delivered, who was notified, and who has taken it on. Never the person.
 *
 * @module
 */

import { type CrisisModeSeen, type CrisisSeen, LOOK } from '../calls/calls.ts';
import { toldSentence } from '../calls/historyWords.ts';
import { type PagesQuery, useAnswer, useLastNews, useRound } from '../calls/usePages.ts';
import { Fact, Facts, Nothing, Panel, usePage } from '../kit/page.tsx';
import { Id, Mark, Since, Until } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { CRISIS_MODE_ORDERS, ordersOfCrisis } from '../orders/ordersOfService.ts';
import { sinceText, stateText } from '../words/news.ts';
import { causeInWords, decisionInWords, ENDING } from './conflictWords.ts';
import { Age, NotReadAgain, type OpenOne, Pile, ShortId } from './filters.tsx';

const AGAIN_MS = 3_000;

/** The state of a crisis that can't be read, so that nobody knows whether it was delivered. */
const UNREADABLE = 'unreadable';

const COLUMNS = ['Age', 'People', 'Upstream', 'Delivery', 'Attempts', 'Id'];

const PAGES: PagesQuery<CrisisSeen> = {
  call: LOOK.crises,
  params: {},
  from: null,
  read: (result) => ({ rows: result as readonly CrisisSeen[], next: null }),
};

export function Crises() {
  const count = usePage((page) => JSON.stringify(page.overview?.crises ?? {}));
  const last = useLastNews('crisis.');
  // No news say how far crises are delivered, so they are read again and again.
  const span = usePage((page) => Math.floor(page.nowMs / AGAIN_MS));
  return (
    <>
      <CrisisModePanel />
      <Pile
        view="crises"
        title="Crises"
        query={PAGES}
        changedBy={`${count} ${last} ${span}`}
        columns={COLUMNS}
        cells={cells}
        empty="None is open."
        detail={(one) => <Detail key={one.id} {...one} />}
      />
    </>
  );
}

/** Whether people were notified, which matters most. */
function People(props: { readonly crisis: CrisisSeen }) {
  const { escalatedAtMs, takenOn, decisions, delivery } = props.crisis;
  if (takenOn !== null) return <Mark tone="good">Taken on</Mark>;
  if (delivery === UNREADABLE) {
    return <Mark tone="bad">Can’t be read: it may have been delivered, or not</Mark>;
  }
  if (ENDING[decisions.at(-1)?.what ?? ''] === true) return <Mark tone="quiet">Called off</Mark>;
  return escalatedAtMs === null ? (
    <Mark tone="busy">Nobody notified yet</Mark>
  ) : (
    <Mark tone="bad">Nobody has taken it on</Mark>
  );
}

function cells(crisis: CrisisSeen) {
  const { id, upstream, delivery, attempt, acceptedAtMs } = crisis;
  return (
    <>
      <span role="gridcell">
        <Age atMs={acceptedAtMs} />
      </span>
      <span role="gridcell">
        <People crisis={crisis} />
      </span>
      <span role="gridcell">{upstream ?? 'not known'}</span>
      <span role="gridcell" class="wide">
        {stateText(delivery)}
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

function Detail(props: OpenOne) {
  const { id, round, onDone } = props;
  const read = (result: unknown) => result as CrisisSeen;
  const { value, error } = useAnswer(LOOK.crisis, { id }, read, round);
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
      <Panel title={value.type ?? 'Crisis'} aside={<Id id={id} />}>
        <div class="body">
          <NotReadAgain error={error} />
          <p>
            <People crisis={value} />
          </p>
          {cause === null ? null : <p>{causeInWords(cause)}</p>}
          {delivery === UNREADABLE ? (
            <p>
              Its record is damaged ({failure}), so nobody can see here whose it is. Look its id up
              in the app’s own log, and look after the person. It counts until it is restored or
              purged, in <a href={formatRoute({ view: 'quarantine' })}>quarantine</a>.
            </p>
          ) : null}
          <Facts>
            <Fact name="Accepted">
              <Since atMs={value.acceptedAtMs} />
            </Fact>
            <Fact name="Upstream">
              <Where upstream={value.upstream} isRead={delivery !== UNREADABLE} />
            </Fact>
            <Fact name="Delivery">
              {stateText(delivery)}, attempt {attempt}
              {failure === null ? '' : `, last failed with ${failure}`}
            </Fact>
            {escalatedAtMs === null ? null : (
              <Fact name="People are told">
                <Since atMs={escalatedAtMs} />
              </Fact>
            )}
            {value.takenOn === null ? null : (
              <Fact name="Taken on until">
                <Until atMs={value.takenOn.untilMs} />
              </Fact>
            )}
            {value.tier === null ? null : <Fact name="Tier">{value.tier}</Fact>}
          </Facts>
          <p>
            <a href={formatRoute({ view: 'actors', of: id })}>Its chart and its events</a>
          </p>
          {settledAtMs === null ? null : <p>It is over.</p>}
          <OrderButtons
            orders={
              settledAtMs === null && error === null
                ? ordersOfCrisis(id).slice(0, delivery === UNREADABLE ? 1 : undefined)
                : []
            }
            onDone={onDone}
          />
        </div>
      </Panel>
      <CrisisDecisions crisis={value} />
    </>
  );
}

/** The upstream of a crisis, and whether it takes any. */
function Where(props: { readonly upstream: string | null; readonly isRead: boolean }) {
  const { upstream, isRead } = props;
  const at = usePage(({ overview }) =>
    isRead ? overview?.undelivered.find((one) => one.upstream === upstream) : undefined,
  );
  return at === undefined ? (
    <>{upstream ?? 'not known'}</>
  ) : (
    <>
      <Mark tone={at.isLong ? 'bad' : 'warn'}>{at.says}</Mark>, <Since atMs={at.sinceAtMs} />
    </>
  );
}

function CrisisModePanel() {
  const causes = usePage((page) => page.overview?.causes.join(' ') ?? '');
  const last = useLastNews('crisisMode.');
  const { round, reload } = useRound(`${causes} ${last}`);
  const read = (result: unknown) => result as readonly CrisisModeSeen[];
  const { value, error } = useAnswer(LOOK.crisisMode, {}, read, round);
  return (
    <Panel title="Crisis mode" class="crisis-mode">
      <div class="body">
        {value === null ? null : <NotReadAgain error={error} />}
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

function CrisisDecisions(props: { readonly crisis: CrisisSeen }) {
  const { steps, decisions } = props.crisis;
  const minute = usePage((page) => Math.floor(page.nowMs / 60_000) * 60_000);
  const lines = [
    ...steps.map((step, at) => ({ atMs: step.atMs, says: toldSentence(step, at) })),
    ...decisions.map(({ what, by, atMs }) => ({
      atMs,
      says: `${decisionInWords(what, by.role)}.`,
    })),
  ].toSorted((a, b) => a.atMs - b.atMs);
  return (
    <Panel title="Notices and decisions">
      {lines.length === 0 ? (
        <Nothing>Nobody yet.</Nothing>
      ) : (
        <ol class="history">
          {lines.map(({ atMs, says }, at) => (
            <li key={at}>
              <span class="soft">{sinceText(atMs, minute)}</span>
              <span>{says}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
