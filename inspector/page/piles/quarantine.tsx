/**
 * The quarantine: records that could not be opened or read, kept whole so that the others go on.
 *
 * @module
 */

import { LOOK, type QuarantinedSeen } from '../calls/calls.ts';
import { type PagesQuery, useAnswer } from '../calls/usePages.ts';
import { Fact, Facts, Nothing, Panel, usePage } from '../kit/page.tsx';
import { Id, Mark, Since } from '../kit/text.tsx';
import { OrderButtons } from '../orders/orderButtons.tsx';
import { ordersOfQuarantined } from '../orders/ordersOfWork.ts';
import { codeInWords } from './conflictWords.ts';
import { Age, NotReadAgain, type OpenOne, Pile, ShortId } from './filters.tsx';

const COLUMNS = ['Since', 'Why', 'Now', 'Stood', 'Id'];

const PAGES: PagesQuery<QuarantinedSeen> = {
  call: LOOK.quarantine,
  params: {},
  from: { name: 'fromSeq', first: 0 },
  read: (result) => {
    const { records, nextSeq } = result as {
      readonly records: readonly QuarantinedSeen[];
      readonly nextSeq: number | null;
    };
    return { rows: records, next: nextSeq };
  },
};

export function Quarantine() {
  const count = usePage((page) => page.overview?.waiting['quarantined'] ?? 0);
  return (
    <Pile
      view="quarantine"
      title="Quarantine"
      query={PAGES}
      changedBy={count}
      columns={COLUMNS}
      cells={cells}
      empty="It is empty."
      detail={(one) => <Detail key={one.id} {...one} />}
    />
  );
}

function Opens(props: { readonly record: QuarantinedSeen }) {
  return props.record.opensNot === null ? (
    <Mark tone="good">Opens now</Mark>
  ) : (
    <Mark tone="bad">Can’t be opened</Mark>
  );
}

function cells(record: QuarantinedSeen) {
  const { id, code, setAsideAtMs, stood } = record;
  return (
    <>
      <span role="gridcell">{setAsideAtMs === null ? '' : <Age atMs={setAsideAtMs} />}</span>
      <span role="gridcell">{code}</span>
      <span role="gridcell">
        <Opens record={record} />
      </span>
      <span role="gridcell" class="wide">
        {stood ?? ''}
      </span>
      <span role="gridcell" class="wide">
        <ShortId id={id} />
      </span>
    </>
  );
}

function Detail(props: OpenOne) {
  const { id, round, onDone } = props;
  const read = (result: unknown) => result as QuarantinedSeen;
  const { value, error } = useAnswer(LOOK.quarantined, { id }, read, round);
  if (value === null) {
    return (
      <Panel title="Record">
        <Nothing>{error ?? 'Reading …'}</Nothing>
      </Panel>
    );
  }
  const { code, opensNot, setAsideAtMs, stood, snapshot } = value;
  const now = opensNot === null ? null : (codeInWords(opensNot) ?? opensNot);
  return (
    <Panel title="A record in quarantine" aside={<Id id={id} />}>
      <div class="body">
        <NotReadAgain error={error} />
        <p>
          <Opens record={value} />
        </p>
        <p>{now ?? 'It can be opened by now: try to restore it.'}</p>
        <Facts>
          <Fact name="Why">
            <code>{code}</code>
          </Fact>
          <Fact name="In quarantine">
            {setAsideAtMs === null ? 'Since an unknown time' : <Since atMs={setAsideAtMs} />}
          </Fact>
          <Fact name="Stood">{stood ?? 'Nobody knows where'}</Fact>
          {snapshot === null ? null : (
            <Fact name="Written by">
              {snapshot.machine} {snapshot.version}, in {snapshot.state}
            </Fact>
          )}
        </Facts>
        <OrderButtons orders={error === null ? ordersOfQuarantined(id) : []} onDone={onDone} />
      </div>
    </Panel>
  );
}
