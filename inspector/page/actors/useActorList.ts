/**
 * The list of actors, updated at most twice a second: with thousands of events a second nobody could read a list
 * that moves at each one.
 *
 * @module
 */

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { after, pageNow } from '../kit/browser.ts';
import { useParts } from '../kit/page.tsx';
import { type ActorFilter, type ActorList, listActors } from '../model/listWindow.ts';
import type { PageState } from '../model/pageState.ts';
import { listedActors } from '../model/shown.ts';

const PAUSE_MS = 500;
/** How long the list holds still after somebody has pointed at it, up to a limit. */
const HELD_MS = 1_500;
const HELD_MS_MAX = 6_000;

/** The list, and a function to call when somebody points at it. */
export function useActorList(filter: ActorFilter): {
  readonly list: ActorList;
  readonly hold: () => void;
} {
  const { page, hold } = useCalmPage();
  const { past, actors } = page;
  const listed = useMemo(() => listedActors({ past, actors }), [past, actors]);
  const all = useMemo(() => [...listed], [listed]);
  const list = useMemo(() => listActors(all, filter), [all, filter]);
  return { list, hold };
}

/** The state of the page, at most half a second old; a moment of the past is shown at once. */
function useCalmPage(): { readonly page: PageState; readonly hold: () => void } {
  const { store } = useParts();
  const heldUntilMs = useRef(0);
  const [page, setPage] = useState(() => store.getSnapshot().context);
  useEffect(() => {
    let last = page;
    let takenAtMs = pageNow();
    let callOff: (() => void) | null = null;
    const take = (): void => {
      const heldMs = heldUntilMs.current - pageNow();
      if (heldMs > 0 && pageNow() < takenAtMs + HELD_MS_MAX) {
        callOff = after(heldMs, take);
        return;
      }
      callOff = null;
      takenAtMs = pageNow();
      last = store.getSnapshot().context;
      setPage(last);
    };
    const look = (): void => {
      const now = store.getSnapshot().context;
      if (now.past !== last.past || now.hello !== last.hello) {
        callOff?.();
        heldUntilMs.current = 0;
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
  const hold = useCallback(() => {
    heldUntilMs.current = pageNow() + HELD_MS;
  }, []);
  return { page, hold };
}
