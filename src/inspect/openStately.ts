/**
 * Shows a feed in the inspector of Stately. Loaded on first use.
 *
 * @module
 */

import type { FeedSource } from '../../inspector/protocol.ts';
import { showOnTarget, showOverSocket } from '../../inspector/stately/statelyInspector.ts';
import { machines } from '../../machines/index.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  checkFields,
  type OptionRules,
  requireOption,
} from '../../machines/vocabulary/optionFields.ts';

/** The port of Stately's own server, on this machine alone. */
const URL_DEFAULT = 'ws://127.0.0.1:8080';

const RULES: OptionRules<StatelyInspectorOptions> = {
  url: 'text',
  leavesThisMachine: 'boolean',
  inspector: 'object',
};

/** @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_INSPECTOR_UNAVAILABLE`. */
export async function openStately(
  parts: {
    readonly source: FeedSource;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  },
  options: StatelyInspectorOptions,
): Promise<StatelyInspector> {
  checkFields(options, RULES, '');
  const { url, leavesThisMachine = false, inspector } = options;
  requireOption(
    url === undefined || inspector === undefined,
    'url',
    'must be left out where inspector is given: frames go to one of the two',
  );
  const all = { ...parts, machines };
  const close =
    inspector === undefined
      ? await showOverSocket(all, { url: url ?? URL_DEFAULT, leavesThisMachine })
      : await showOnTarget(all, inspector);
  return { close };
}

/** A receiver of frames: the result of `createBrowserInspector` of `@statelyai/inspect`, or of another one. */
interface StatelyInspectorTarget {
  readonly adapter: { send(frame: object): void };
}

/** Options of `runtime.statelyInspector()`: a WebSocket, or an inspector that the app has made. */
export interface StatelyInspectorOptions {
  /** The address of its WebSocket; `ws://127.0.0.1:8080` where neither this nor `inspector` is given. */
  readonly url?: string | undefined;
  /**
   * Whether `url` may name another machine. Names of charts, states, events, types and upstreams, ids of operations and times
   * then go to what listens there. Default false: such a `url` is refused.
   */
  readonly leavesThisMachine?: boolean | undefined;
  /** An inspector, in place of `url`: its adapter gets the frames. Where they go from there is up to you. */
  readonly inspector?: StatelyInspectorTarget | undefined;
}

/** A runtime that is shown in the inspector of Stately, until it is closed. */
export interface StatelyInspector {
  /** Stops showing the runtime, as closing it does. Never throws. */
  close(): void;
}
