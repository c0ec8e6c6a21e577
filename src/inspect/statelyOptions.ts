/**
 * The options of the inspector of Stately.
 *
 * @module
 */

/** A receiver of frames: the result of `createBrowserInspector` of `@statelyai/inspect`, or of another one. */
export interface StatelyInspectorTarget {
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
