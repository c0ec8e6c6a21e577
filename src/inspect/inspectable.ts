/**
 * The calls of a runtime that show it in a browser.
 *
 * @module
 */

import type { StatelyInspector, StatelyInspectorOptions } from './openStately.ts';

/** Options of `runtime.inspector()`. */
export interface InspectorOptions {
  /** The port of the page on 127.0.0.1; left out or 0: any free one. */
  readonly port?: number | undefined;
  /**
   * Whether the page may give orders: replay and purge dead letters, resolve conflicts, retry and cancel, force
   * breakers. Default false: it changes nothing.
   */
  readonly operate?: boolean | undefined;
}

/** The inspector of a runtime, which serves its page until it is closed. */
export interface Inspector {
  /** The address of the page without its token, for a log: `http://127.0.0.1:7080`. */
  readonly url: string;
  /**
   * The link for one person: the first page that opens it uses it up, and stays until its tab is closed. Its
   * reader may look, and give orders where `operate` is on: print it only where such people read it.
   */
  readonly link: string;
  /** Makes a link for another page. */
  newLink(): string;
  /** Ends the page and its connections, as closing the runtime does. Never rejects. */
  close(): Promise<void>;
}

/** A system that inspectors can show. */
export interface Inspectable {
  /**
   * Serves a page for browsers of this machine (127.0.0.1 alone) that shows the runtime live: the
   * system, every actor with its chart, and work that waits for a person. It works in every phase, and shows names,
   * states, times and counts, never a payload, a subject or an entity. While it is open the last 10,000 steps of
   * operations, 2,000 of crises and 2,000 changes of components are kept, and the overview of each minute for 24 hours (20,000 rows
   * of upstreams, queues and findings at most); no frame is written without a page. `holdfast inspect` does the same from outside.
   *
   * @example
   * const inspector = await runtime.inspector();
   * console.log(inspector.link);
   * await inspector.close();
   *
   * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE` where the port is taken, or a bundler has left the
   * page behind; `HF_OPTION_INVALID`; `HF_CLOSED`.
   */
  inspector(options?: InspectorOptions): Promise<Inspector>;
  /**
   * Shows the runtime's actors, their charts and states in the inspector of Stately, for which `@statelyai/inspect` has to be
   * installed: over the WebSocket of a server on this machine, or through an inspector that the app has made with it. It gets
   * the same as {@link inspector}, and no context, payload, subject or entity. What leaves the machine with its hosted
   * page, docs/how-to/watch-in-the-stately-inspector.md says. A lost connection is tried again for half a minute,
   * then `onError` gets an error.
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
