/**
 * How a running system is looked at from a browser: what an app may ask its runtime for.
 *
 * @module
 */

import type { StatelyInspector, StatelyInspectorOptions } from './statelyOptions.ts';

/** What `runtime.inspector()` takes. */
export interface InspectorOptions {
  /** The port of the page on 127.0.0.1; left out or 0: one that is free. */
  readonly port?: number | undefined;
  /**
   * Whether the page may give orders: replay and purge dead letters, resolve conflicts, retry and cancel, force
   * breakers. Default false: it shows, and changes nothing.
   */
  readonly operate?: boolean | undefined;
}

/** The inspector of a runtime, which serves its page until it is closed. */
export interface Inspector {
  /** The address of the page without its token, for a log: `http://127.0.0.1:7080`. */
  readonly url: string;
  /**
   * What a person opens, once: the first page that comes by it takes it, and stays in until its tab is closed. One
   * who has it may look, and give orders where `operate` is on: print it where only such people read it.
   */
  readonly link: string;
  /** Another link, for another page. */
  newLink(): string;
  /** Ends the page and its connections. Closing the runtime does it, too. Never rejects. */
  close(): Promise<void>;
}

/** What can be looked at. */
export interface Inspectable {
  /**
   * Serves a page for a browser of this machine (127.0.0.1 alone) that shows how it is doing as it happens: the
   * system, every actor with its chart, and what waits for a person. It works in every phase, and sees names,
   * states, times and counts, never a payload, a subject or an entity. While it is open the last 10,000 steps of
   * operations, 2,000 of crises and 2,000 changes of components are remembered, and the overview of each minute for 24 hours (20,000 rows
   * of upstreams and queues at most); nothing is written for a page that is not there. `holdfast inspect` does the same from outside.
   *
   * @example
   * const inspector = await runtime.inspector();
   * console.log(inspector.link);
   * await inspector.close();
   *
   * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE` where the port can't be had, or a bundler has left the
   * page behind; `HF_OPTION_INVALID`; `HF_CLOSED`.
   */
  inspector(options?: InspectorOptions): Promise<Inspector>;
  /**
   * Shows its actors, their charts and states in the inspector of Stately, for which `@statelyai/inspect` has to be
   * installed: over the WebSocket of a server on this machine, or by an inspector that the app has made of it. The same
   * is told as to {@link inspector}, and no context, payload, subject or entity. What leaves the machine where its hosted
   * page is used says docs/how-to/watch-in-the-stately-inspector.md. A server that goes away is looked for again for half a minute,
   * then `onError` is told.
   *
   * @example
   * const stately = await runtime.statelyInspector({ url });
   * stately.close();
   *
   * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE` where nobody answers or the package is missing;
   * `HF_OPTION_INVALID`, also for a `url` of another machine without `leavesThisMachine`; `HF_CLOSED`.
   */
  statelyInspector(options?: StatelyInspectorOptions): Promise<StatelyInspector>;
}
