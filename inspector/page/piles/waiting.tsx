/**
 * Operations that wait for a person, who decides whether they may be done again, decides what the
 * upstream's other version means, or registers their handler.
 *
 * @module
 */

import { useMemo, useRef } from 'preact/hooks';
import { LOOK, type OperationSeen } from '../calls/calls.ts';
import { waitInWords } from '../calls/historyWords.ts';
import type { PagesQuery } from '../calls/usePages.ts';
import { usePage } from '../kit/page.tsx';
import { firstWaitedFor } from '../model/pageState.ts';
import { countText } from '../words/news.ts';
import { Age, ChoiceFilter, Pile, ShortId, TextFilter, useSeen } from './filters.tsx';
import { named } from './filterWords.ts';
import { KeptOperation } from './keptOperation.tsx';

const COLUMNS = ['Waits', 'Type', 'For', 'Last failure', 'Id'];

const NONE: Readonly<Record<string, number>> = {};

/** The reasons to wait that only a person ends, and the names of their counts. */
const REASONS = [
  ['review', 'A review', 'inReview'],
  ['conflict', 'A conflict', 'conflicted'],
  ['handler', 'A handler', 'handlerMissing'],
] as const;

export function Waiting() {
  const query = usePage((page) => page.route.query);
  const waiting = usePage((page) => page.overview?.waiting ?? NONE);
  const opensOn = useFirstWaitedFor();
  const reason = query['for'] ?? opensOn;
  // A link may name any other reason to wait.
  const isOther = !REASONS.some(([value]) => value === reason);
  const others = isOther ? [[reason, waitInWords(reason)] as const] : [];
  const types = useSeen<OperationSeen>(({ type }) => type);
  const params = useMemo(
    () => ({ ...named(query, ['type']), reason, order: 'oldest', limit: 100 }),
    [query, reason],
  );
  const pages: PagesQuery<OperationSeen> = {
    call: LOOK.operations,
    params,
    from: { name: 'afterSeq', first: undefined },
    read: (result) => {
      const { views, nextAfterSeq } = result as {
        readonly views: readonly OperationSeen[];
        readonly nextAfterSeq: number | null;
      };
      return { rows: views, next: nextAfterSeq };
    },
  };
  return (
    <Pile
      view="waiting"
      title={isOther ? 'Waiting' : 'Waiting for somebody'}
      query={pages}
      changedBy={JSON.stringify(waiting)}
      columns={COLUMNS}
      cells={cells}
      empty="None waits."
      filters={(rows) => (
        <>
          <ChoiceFilter
            name="for"
            label="Waits for"
            value={reason}
            options={[
              ...REASONS.map(
                ([value, label, name]) =>
                  [value, `${label} (${countText(waiting[name] ?? 0)})`] as const,
              ),
              ...others,
            ]}
          />
          <TextFilter name="type" label="Type" options={types(rows)} />
        </>
      )}
      detail={({ id, round, onDone }) => (
        <KeptOperation key={id} id={id} changedBy={round} onDone={onDone} />
      )}
    />
  );
}

/** The reason when the view was opened: the list does not change under the reader when its last item is decided. */
function useFirstWaitedFor(): string {
  const kept = useRef<string | null>(null);
  const now = usePage(({ overview }) => (overview === null ? null : firstWaitedFor(overview)));
  kept.current ??= now;
  return kept.current ?? 'review';
}

function cells({ id, type, wait, acceptedAtMs, failure }: OperationSeen) {
  return (
    <>
      <span role="gridcell">
        <Age atMs={wait?.sinceAtMs ?? acceptedAtMs} />
      </span>
      <span role="gridcell">{type}</span>
      <span role="gridcell">{wait === null ? '' : waitInWords(wait.reason)}</span>
      <span role="gridcell" class="wide">
        {failure?.code ?? ''}
      </span>
      <span role="gridcell" class="wide">
        <ShortId id={id} />
      </span>
    </>
  );
}
