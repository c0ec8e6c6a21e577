/**
 * Operations of the store by their id, or its end: an id from a log mostly belongs to work that rests on disk, or is
 * over, so that it has no actor.
 *
 * @module
 */

import { useEffect, useState } from 'preact/hooks';
import { LOOK, type OperationSeen } from '../calls/calls.ts';
import { errorInWords } from '../calls/errorInWords.ts';
import { useParts } from '../kit/page.tsx';
import { formatRoute } from '../model/route.ts';
import { stateText } from '../words/states.ts';
import { countOf } from '../words/time.ts';

/** Operations that are listed at most; two ids with the same end are rare. */
const FOUND_MAX = 20;

interface Found {
  readonly operations: readonly OperationSeen[];
  /** Whether the whole store was searched. */
  readonly isAll: boolean;
  readonly error: string | null;
}

const NONE_YET: Found = { operations: [], isAll: false, error: null };

export function InStore(props: { readonly idEnd: string }) {
  const { idEnd } = props;
  const { call } = useParts();
  const [found, setFound] = useState(NONE_YET);
  useEffect(() => {
    let isWanted = true;
    const look = async (): Promise<void> => {
      const operations: OperationSeen[] = [];
      let afterSeq: number | null | undefined;
      while (isWanted && afterSeq !== null && operations.length < FOUND_MAX) {
        const answer = await call(LOOK.operations, {
          ...{ idEnd, order: 'newest', limit: FOUND_MAX },
          ...(afterSeq === undefined ? {} : { afterSeq }),
        });
        if (!isWanted) return;
        if (!answer.ok) {
          setFound({ operations, isAll: false, error: errorInWords(answer.error) });
          return;
        }
        const { views, nextAfterSeq } = answer.result as {
          readonly views: readonly OperationSeen[];
          readonly nextAfterSeq: number | null;
        };
        operations.push(...views);
        afterSeq = nextAfterSeq;
        setFound({ operations: [...operations], isAll: afterSeq === null, error: null });
      }
    };
    setFound(NONE_YET);
    void look();
    return () => {
      isWanted = false;
    };
  }, [idEnd]);
  const { operations, isAll, error } = found;
  const isFull = operations.length >= FOUND_MAX;
  return (
    <section class="in-store" aria-label="In the store">
      <p role="status">
        {isAll || isFull
          ? operations.length === 0
            ? 'No operation in the store has an id that ends like this.'
            : `In the store: ${countOf(operations.length, 'operation')}${isAll ? '' : ' and perhaps more'} whose id ends like this.`
          : error === null
            ? 'Searching the store …'
            : `The store could not be searched: ${error}`}
      </p>
      <ul>
        {operations.map(({ id, type, state }) => (
          <li key={id}>
            <a href={formatRoute({ view: 'actors', of: id })}>
              <code>{id}</code>
            </a>{' '}
            {type}, {stateText(state)}
          </li>
        ))}
      </ul>
    </section>
  );
}
