/**
 * An operation as its store keeps it: its state, what it waits for, and its history.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks';
import { type HistoryLine, LOOK, type OperationSeen } from '../calls/calls.ts';
import { historySentence, historySpans, waitSentence } from '../calls/historyWords.ts';
import { useAnswer, useRound } from '../calls/usePages.ts';
import { after } from '../kit/browser.ts';
import { Fact, Facts, Nothing, Panel, useNow, usePage } from '../kit/page.tsx';
import { Id, Mark, Since, Until } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { RELEASE_STORE } from '../orders/ordersOfService.ts';
import { ordersOfOperation } from '../orders/ordersOfWork.ts';
import { clockText, sinceText, spanText } from '../words/news.ts';
import { NotReadAgain } from './filters.tsx';

const CALM_MS = 400;

/** The value, once it has been the same for a moment. */
function useCalm(value: unknown): unknown {
  const [calm, setCalm] = useState(value);
  useEffect(() => {
    if (calm === value) return;
    return after(CALM_MS, () => {
      setCalm(value);
    });
  }, [calm, value]);
  return calm;
}

export function KeptOperation(props: {
  readonly id: string;
  readonly onDone: () => void;
  /** When this changes the operation is read again. */
  readonly changedBy: unknown;
  /** True beside the actor of the operation, which shows the rest. */
  readonly isBeside?: boolean;
}) {
  const { id, onDone, changedBy, isBeside = false } = props;
  const { round } = useRound(useCalm(changedBy));
  const read = (result: unknown) => result as OperationSeen;
  const { value, error } = useAnswer(LOOK.operation, { id }, read, round);
  if (value === null) {
    return (
      <Panel title="As its store keeps it now">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  return (
    <Panel
      title={isBeside ? 'As its store keeps it now' : value.type}
      aside={isBeside ? undefined : <Id id={id} />}
    >
      <div class="body">
        <NotReadAgain error={error} />
        <Wait operation={value} />
        <Facts>
          <Fact name="State">{value.state}</Fact>
          <Fact name="Attempt">{value.attempt}</Fact>
          {isBeside ? null : (
            <Fact name="Tier, priority">
              {value.tier}, {value.priority}
            </Fact>
          )}
          <Fact name="Accepted">
            <Since atMs={value.acceptedAtMs} />
          </Fact>
          {value.settledAtMs === null ? null : (
            <Fact name="Over">
              <Since atMs={value.settledAtMs} />
            </Fact>
          )}
          {value.retryAtMs === null ? null : (
            <Fact name="Next try">
              <Until atMs={value.retryAtMs} />
            </Fact>
          )}
          {value.expiresAtMs === null ? null : (
            <Fact name="Expires">
              <Until atMs={value.expiresAtMs} />
            </Fact>
          )}
          {value.failure === null ? null : (
            <Fact name="Last failure">
              <code>{value.failure.code}</code>
            </Fact>
          )}
        </Facts>
        {isBeside ? null : (
          <>
            <p>
              <a href={formatRoute({ view: 'actors', of: id })}>Its chart and its events</a>
            </p>
            <OrderButtons
              orders={
                value.settledAtMs === null && error === null
                  ? ordersOfOperation(id, value.wait?.reason === 'review')
                  : []
              }
              onDone={onDone}
            />
          </>
        )}
      </div>
      <HistoryList history={value.history} acceptedAtMs={value.acceptedAtMs} />
    </Panel>
  );
}

function Wait(props: { readonly operation: OperationSeen }) {
  const now = useNow();
  const says = waitSentence(props.operation, now, clockText);
  return says === null ? null : (
    <p>
      <Mark tone="busy">{says}</Mark>
    </p>
  );
}

/** The lines, the oldest first. */
export function HistoryList(props: {
  readonly history: readonly HistoryLine[];
  readonly acceptedAtMs: number;
}) {
  const { history, acceptedAtMs } = props;
  const today = usePage((page) => Math.floor(page.nowMs / 60_000));
  const spans = historySpans(history, acceptedAtMs);
  return (
    <ol class="history">
      <li>
        <Time atMs={acceptedAtMs} nowMs={today * 60_000} />
        <span>It was accepted.</span>
      </li>
      {history.map((line, at) => (
        <li key={`${line.atMs} ${at}`}>
          <Time atMs={line.atMs} nowMs={today * 60_000} />
          <span>
            {historySentence(line)}
            {(spans[at]?.waitedMs ?? 0) < 1_000 ? null : (
              <span class="soft"> It had waited {spanText(spans[at]?.waitedMs ?? 0)}.</span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Time(props: { readonly atMs: number; readonly nowMs: number }) {
  const at = new Date(props.atMs);
  const isToday = at.toDateString() === new Date(props.nowMs).toDateString();
  return (
    <time dateTime={at.toISOString()} title={at.toISOString()}>
      {isToday ? clockText(props.atMs) : sinceText(props.atMs, props.nowMs)}
    </time>
  );
}

const ORDERS = [RELEASE_STORE];

export function HeldNote() {
  const isHeld = usePage((page) => page.overview?.isHeld === true);
  if (!isHeld) return null;
  return (
    <div class="note warn held">
      <p>
        <strong>The store is held:</strong> only crises run until it is released.
      </p>
      <OrderButtons orders={ORDERS} onDone={() => undefined} />
    </div>
  );
}
