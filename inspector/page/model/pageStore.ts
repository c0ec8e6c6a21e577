/**
 * The store of the page, and every event that changes it.
 *
 * @module
 */

import { createStore } from '@xstate/store';
import type { FeedMessage } from '../../protocol.ts';
import { applyMessages, withConnection } from './applyMessages.ts';
import { type Connection, firstState, type PageState, type Theme } from './pageState.ts';
import type { Route } from './route.ts';
import { pastAt } from './shown.ts';

export type PageStore = ReturnType<typeof createPageStore>;

/**
 * @param pageNowMs now, by the clock of the page; so are all times in its events
 */
export function createPageStore(pageNowMs: number) {
  return createStore({
    context: firstState(pageNowMs),
    on: {
      /** Messages of the feed since the last frame. */
      fed: (page: PageState, event: { messages: readonly FeedMessage[]; pageNowMs: number }) =>
        applyMessages(page, event.messages, event.pageNowMs),
      /** A second has passed. While nothing comes, the time does not move, since the views show the last known state. */
      ticked: (page: PageState, event: { pageNowMs: number }): PageState => {
        const { state } = page.connection;
        if (state !== 'live' && state !== 'connecting') return page;
        return { ...page, nowMs: event.pageNowMs + page.skewMs };
      },
      connectionChanged: (page: PageState, event: { connection: Connection }): PageState =>
        withConnection(page, event.connection),
      sessionBegan: (page: PageState, event: { canOperate: boolean }): PageState =>
        page.canOperate === event.canOperate ? page : { ...page, canOperate: event.canOperate },
      routed: (page: PageState, event: { route: Route }): PageState => ({
        ...page,
        route: event.route,
        isHelpOpen: false,
      }),
      /** Another link was followed: what is known may belong to another process. */
      linkFollowed: (page: PageState, event: { pageNowMs: number }): PageState => ({
        ...firstState(event.pageNowMs),
        theme: page.theme,
      }),
      /** Chooses the moment right after the step of this serial; `null` for the present. */
      pastChosen: (page: PageState, event: { serial: number | null }): PageState => ({
        ...page,
        past: pastAt(page, event.serial),
      }),
      themeChosen: (page: PageState, event: { theme: Theme }): PageState => ({
        ...page,
        theme: event.theme,
      }),
      helpToggled: (page: PageState): PageState => ({ ...page, isHelpOpen: !page.isHelpOpen }),
    },
  });
}
