/**
 * One dead letter: why it was given up, its history, and what can be done.
 *
 * @module
 */

import { type LetterSeen, LOOK } from '../calls/calls.ts';
import { useAnswer } from '../calls/usePages.ts';
import { Fact, Facts, Nothing, Panel } from '../kit/panel.tsx';
import { Id, Mark, Since, Until } from '../kit/text.tsx';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfLetter } from '../orders/ordersOfWork.ts';
import { HistoryList } from './historyList.tsx';
import { NotReadAgain, type OpenOne } from './pile.tsx';

export function LetterDetail(props: OpenOne) {
  const { id, round, onDone } = props;
  const read = (result: unknown) => result as LetterSeen;
  const { value, error } = useAnswer(LOOK.deadLetter, { id }, read, round);
  if (value === null) {
    return (
      <Panel title="Dead letter">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  const { type, code, tier, priority, attempts, deadLetteredAtMs, acceptedAtMs } = value;
  return (
    <>
      <Panel title={type} aside={<Id id={id} />}>
        <div class="body">
          <NotReadAgain error={error} />
          <p>
            <Mark tone="bad">{code}</Mark>
          </p>
          {value.mayBeApplied ? (
            <p>
              <Mark tone="warn">An attempt may have been applied at the upstream.</Mark>
            </p>
          ) : null}
          {value.hasPayload === false ? (
            <p>
              <Mark tone="warn">
                Its payload is gone: it can only be replayed with another one, which this page can’t
                send.
              </Mark>
            </p>
          ) : null}
          <Facts>
            <Fact name="Given up">
              <Since atMs={deadLetteredAtMs} />
            </Fact>
            <Fact name="Attempts">{attempts}</Fact>
            <Fact name="Tier, priority">
              {tier}, {priority}
            </Fact>
            {value.expiresAtMs === null ? null : (
              <Fact name="Expires">
                <Until atMs={value.expiresAtMs} />
              </Fact>
            )}
          </Facts>
          <OrderButtons orders={error === null ? ordersOfLetter(value) : []} onDone={onDone} />
        </div>
      </Panel>
      <Panel title="What happened to it">
        <HistoryList history={value.history ?? []} acceptedAtMs={acceptedAtMs} />
      </Panel>
    </>
  );
}
