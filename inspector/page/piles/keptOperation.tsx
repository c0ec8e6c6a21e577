/**
 * An operation as its store keeps it: where it stands, what it waits for, and what happened to it.
 *
 * @module
 */

import { useEffect, useRef } from 'preact/hooks';
import { LOOK, type OperationSeen } from '../calls/calls.ts';
import { waitSentence } from '../calls/historyWords.ts';
import { useAnswer } from '../calls/usePages.ts';
import { after } from '../kit/browser.ts';
import { useNow } from '../kit/page.tsx';
import { Fact, Facts, Nothing, Panel } from '../kit/panel.tsx';
import { Mark, Since, Until } from '../kit/text.tsx';
import { formatRoute } from '../model/route.ts';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfOperation } from '../orders/ordersOfWork.ts';
import { clockText } from '../words/time.ts';
import { HistoryList } from './historyList.tsx';

const CALM_MS = 400;

export function KeptOperation(props: {
  readonly id: string;
  readonly onDone: () => void;
  /** When this changes it is read again: its actor has moved. */
  readonly changedBy?: unknown;
  /** Beside its actor, which says the rest. */
  readonly isBeside?: boolean;
}) {
  const { id, onDone, changedBy, isBeside = false } = props;
  const { value, error, reload } = useAnswer(
    LOOK.operation,
    { id },
    (result) => result as OperationSeen,
  );
  const seen = useRef(changedBy);
  useEffect(() => {
    if (seen.current === changedBy) return;
    // Several steps that follow at once are one change.
    return after(CALM_MS, () => {
      seen.current = changedBy;
      reload();
    });
  }, [changedBy]);
  const again = (): void => {
    reload();
    onDone();
  };
  if (value === null) {
    return (
      <Panel title="As its store keeps it">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  return (
    <Panel
      title={isBeside ? 'As its store keeps it' : value.type}
      aside={isBeside ? undefined : <code>{id}</code>}
    >
      <div class="body">
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
            <Fact name="Its time is over">
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
            {value.settledAtMs === null ? (
              <OrderButtons orders={ordersOfOperation(id)} onDone={again} />
            ) : null}
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
