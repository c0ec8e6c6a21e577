/**
 * What an app says to have its runtime shown in the inspector of Stately.
 *
 * @module
 */

/** What takes the frames: what `createBrowserInspector` of `@statelyai/inspect` gives, or another one's. */
export interface StatelyInspectorTarget {
  readonly adapter: { send(frame: object): void };
}

/** What `runtime.statelyInspector()` takes: a WebSocket, or an inspector that the app has made. */
export interface StatelyInspectorOptions {
  /** The WebSocket of its server; `ws://127.0.0.1:8080` where neither this nor `inspector` is given. */
  readonly url?: string | undefined;
  /**
   * Whether `url` may lead to another machine. Names of charts, states, events, types and upstreams, ids of operations and times
   * leave this one then, to what listens there. Default false: such a `url` is refused.
   */
  readonly leavesThisMachine?: boolean | undefined;
  /** In place of `url`: frames are handed to its adapter. Where they go from there is yours to know. */
  readonly inspector?: StatelyInspectorTarget | undefined;
}

/** What is shown in the inspector of Stately, until it is closed. */
export interface StatelyInspector {
  /** Shows nothing more. Closing the runtime does it, too. Never throws. */
  close(): void;
}
