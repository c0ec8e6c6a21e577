/**
 * Conflicts: two sides have changed one record, and a person decides. Never what the record holds.
 *
 * @module
 */

import { useMemo } from 'preact/hooks';
import { type ConflictSeen, LOOK } from '../calls/calls.ts';
import type { PagesQuery } from '../calls/usePages.ts';
import { usePage } from '../kit/page.tsx';
import { Mark } from '../kit/text.tsx';
import { countOf } from '../words/time.ts';
import { ConflictDetail } from './conflictDetail.tsx';
import { conflictReason, conflictState } from './conflictWords.ts';
import { ChoiceFilter, TextFilter, useSeen } from './filters.tsx';
import { named } from './filterWords.ts';
import { Age, Pile } from './pile.tsx';

const COLUMNS = ['Open', 'State', 'Record', 'Asks', 'Edits', 'Reason'];

const WHICH = [
  ['', 'Waiting'],
  ['all', 'All, over or not'],
] as const;

export function Conflicts() {
  const query = usePage((page) => page.route.query);
  const count = usePage((page) => {
    const { count: open = 0, held = 0, atWork = 0 } = page.overview?.conflicts ?? {};
    return `${open} ${held} ${atWork}`;
  });
  const filter = useMemo(
    () => ({
      ...named(query, ['entityType', 'type']),
      ...(query['which'] === 'all' ? { all: true } : {}),
    }),
    [query],
  );
  const kinds = useSeen<ConflictSeen>(({ entityType }) => entityType);
  const types = useSeen<ConflictSeen>(({ type }) => type);
  const pages: PagesQuery<ConflictSeen> = {
    call: LOOK.conflicts,
    params: { filter, order: 'newest' },
    from: { name: 'fromSeq', first: undefined },
    read: (result) => {
      const { conflicts, nextSeq } = result as {
        readonly conflicts: readonly ConflictSeen[];
        readonly nextSeq: number | null;
      };
      return { rows: conflicts, next: nextSeq };
    },
  };
  return (
    <Pile
      view="conflicts"
      title="Conflicts"
      query={pages}
      changedBy={count}
      columns={COLUMNS}
      cells={cells}
      empty="None waits for a person."
      filters={(rows) => (
        <>
          <TextFilter name="entityType" label="Kind of record" options={kinds(rows)} />
          <TextFilter name="type" label="Type of edits" options={types(rows)} />
          <ChoiceFilter name="which" label="Which" options={WHICH} />
        </>
      )}
      detail={(one) => <ConflictDetail key={one.id} {...one} />}
    />
  );
}

function cells({ state, entityType, type, reason, questions, openedAtMs, isHeld }: ConflictSeen) {
  const [tone, says] = conflictState(state);
  return (
    <>
      <span role="gridcell">
        <Age atMs={openedAtMs} />
      </span>
      <span role="gridcell">
        <Mark tone={tone}>{says}</Mark>
        {isHeld ? <span class="soft"> · work waits</span> : null}
      </span>
      <span role="gridcell">{entityType ?? ''}</span>
      <span role="gridcell" class="wide">
        {countOf(questions, 'question')}
      </span>
      <span role="gridcell" class="wide">
        {type}
      </span>
      <span role="gridcell" class="wide" title={conflictReason(reason)}>
        {reason}
      </span>
    </>
  );
}
