/**
 * Attaches the inspector of Stately (`@statelyai/inspect`) to a feed (OB-2). The package is loaded on first use, and nothing
 * but names is sent to it.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { causeText, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { FeedSource } from '../protocol.ts';
import { StatelyFrames } from './statelyFrames.ts';
import { StatelyLink } from './statelyLink.ts';
import { checkStatelyUrl } from './statelyUrl.ts';
import { openTextSocket } from './webSocketClient.ts';

/** The version of the package whose frames these are. */
const VERSION_KNOWN = '0.7.2';

/** An inspector that the app has made with the package; only its way of taking frames is used. */
export interface StatelyTarget {
  readonly adapter: { send(frame: object): void };
}

export interface StatelyInspectorParts {
  readonly source: FeedSource;
  /** The charts that its actors may have. */
  readonly machines: readonly AnyStateMachine[];
  readonly clock: Clock;
  /** Called when the other side has gone for good. */
  readonly onError: (error: unknown) => void;
}

/**
 * Shows the feed through the adapter of an inspector that the app has made. Its `filter` and its sanitizers are not
 * called: there is nothing left that they could take out.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for anything else.
 */
export async function showOnTarget(
  { source, machines, onError }: StatelyInspectorParts,
  target: StatelyTarget,
): Promise<() => void> {
  const { adapter } = Object(target) as Partial<StatelyTarget>;
  requireOption(
    typeof adapter?.send === 'function',
    'inspector',
    'must be an inspector that createBrowserInspector or createWebSocketInspector of @statelyai/inspect has made',
  );
  // The app has the package, though a bundler may have hidden it from here.
  const version = await packageVersion().catch(() => VERSION_KNOWN);
  const frames = new StatelyFrames(version, machines);
  let isOver = false;
  let unwatch: () => void = () => undefined;
  const end = (): void => {
    isOver = true;
    unwatch();
  };
  unwatch = source.watch((messages) => {
    if (isOver) return;
    try {
      for (const frame of frames.framesOf(messages)) adapter.send(frame);
    } catch (error) {
      end();
      onError(gone('The given inspector has thrown', causeText(error), error));
    }
  });
  if (isOver) unwatch();
  return end;
}

/**
 * Shows the feed over a WebSocket.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for an address that is invalid or of another machine;
 * `HF_INSPECTOR_UNAVAILABLE` where nobody answers, or the package is not installed.
 */
export async function showOverSocket(
  { source, machines, clock, onError }: StatelyInspectorParts,
  { url, leavesThisMachine }: { readonly url: string; readonly leavesThisMachine: boolean },
): Promise<() => void> {
  const address = checkStatelyUrl(url, leavesThisMachine);
  const version = await packageVersion();
  await import('ws').catch(notInstalled);
  const open = (): ReturnType<typeof openTextSocket> => openTextSocket(address, clock);
  const link = new StatelyLink({
    ...{ source, clock, open },
    newFrames: () => new StatelyFrames(version, machines),
    onGone: () => {
      onError(gone(`The Stately inspector at ${address.host} has gone`, 'nobody is there', null));
    },
  });
  try {
    link.follow(await open());
  } catch (error) {
    throw new HoldfastError(
      'HF_INSPECTOR_UNAVAILABLE',
      `No Stately inspector answers at ${address.host} (${causeText(error)}). Start its server first, or give another url.`,
      { field: 'url', retry: 'later', cause: error },
    );
  }
  return () => {
    link.close();
  };
}

/** The version that the installed package writes into a frame. */
async function packageVersion(): Promise<string> {
  let version: string | null = null;
  try {
    const { createInspector } = await import('@statelyai/inspect');
    const probe = createInspector({
      send: ({ _version: its }) => {
        version = its;
      },
    });
    probe.event('probe', 'probe');
  } catch (error) {
    notInstalled(error);
  }
  return version ?? VERSION_KNOWN;
}

function notInstalled(cause: unknown): never {
  throw new HoldfastError(
    'HF_INSPECTOR_UNAVAILABLE',
    'The Stately inspector is a package of its own, which is not installed: npm install --save-dev @statelyai/inspect@0.7 xstate@5 ws.',
    { cause },
  );
}

function gone(what: string, why: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'HF_INSPECTOR_UNAVAILABLE',
    `${what} (${why}): it shows nothing any more. Call statelyInspector() again.`,
    { retry: 'later', cause },
  );
}
