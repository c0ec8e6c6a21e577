/**
 * The list of actors, made anew twice a second at most: with thousands of events a second nobody could read one
 * that moves at each of them.
 *
 * @module
 */

import { useEffect, useMemo, useState } from 'preact/hooks';
import { after, pageNow } from '../kit/browser.ts';
import { useParts } from '../kit/page.tsx';
import { type ActorFilter, type ActorList, listActors } from '../model/actorList.ts';
import type { PageState } from '../model/pageState.ts';
import { listedActors } from '../model/shown.ts';

const PAUSE_MS = 500;

export function useActorList(filter: ActorFilter): ActorList {
  const { past, actors } = useCalmPage();
  const listed = useMemo(() => listedActors({ past, actors }), [past, actors]);
  const all = useMemo(() => [...listed], [listed]);
  return useMemo(() => listActors(all, filter), [all, filter]);
}

/** What is shown, half a second old at most; a journey in time is seen at once. */
function useCalmPage(): PageState {
  const { store } = useParts();
  const [page, setPage] = useState(() => store.getSnapshot().context);
  useEffect(() => {
    let last = page;
    let takenAtMs = pageNow();
    let callOff: (() => void) | null = null;
    const take = (): void => {
      callOff = null;
      takenAtMs = pageNow();
      last = store.getSnapshot().context;
      setPage(last);
    };
    const look = (): void => {
      const now = store.getSnapshot().context;
      if (now.past !== last.past || now.hello !== last.hello) {
        callOff?.();
        take();
      } else if (now.past === null && now.actors !== last.actors) {
        callOff ??= after(Math.max(0, takenAtMs + PAUSE_MS - pageNow()), take);
      }
    };
    const subscription = store.subscribe(look);
    look();
    return () => {
      subscription.unsubscribe();
      callOff?.();
    };
  }, [store]);
  return page;
}
