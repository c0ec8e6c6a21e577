/**
 * The inspectors of a runtime: each serves the page until it is closed, at the latest with the runtime.
 *
 * @module
 */

import type { Feed } from '../../inspector/feed/feed.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import type { Inspector, InspectorOptions } from './inspectable.ts';
import type { StatelyInspector, StatelyInspectorOptions } from './openStately.ts';

export interface OpenInspectorsParts {
  readonly feed: Feed;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const RULES: OptionRules<InspectorOptions> = {
  port: { min: 0, max: 65_535, whole: true },
  operate: 'boolean',
};

export class OpenInspectors {
  readonly #parts: OpenInspectorsParts;
  readonly #open = new Set<Inspector>();
  readonly #stately = new Set<StatelyInspector>();
  #isClosed = false;

  constructor(parts: OpenInspectorsParts) {
    this.#parts = parts;
  }

  /** Carries out `runtime.inspector()`. */
  async open(options: InspectorOptions): Promise<Inspector> {
    checkFields(options, RULES, '');
    const { port = 0, operate: canOperate = false } = options;
    const { feed, clock, onError } = this.#parts;
    if (this.#isClosed) throw closed();
    // Loaded on first use, so that other apps do not pay for it.
    const { startInspector } = await import('./startInspector.ts');
    const server = await startInspector({ source: feed, port, canOperate, clock, onError });
    const inspector: Inspector = {
      url: server.url,
      link: server.link,
      newLink: () => server.newLink(),
      close: async () => {
        // The last inspector has closed, so nothing need be remembered for later pages.
        if (this.#open.delete(inspector) && this.#open.size === 0) feed.close();
        await server.close();
      },
    };
    this.#open.add(inspector);
    feed.open();
    if (this.#isClosed) {
      await inspector.close();
      throw closed();
    }
    return inspector;
  }

  /** Carries out `runtime.statelyInspector()`. */
  async openStately(options: StatelyInspectorOptions): Promise<StatelyInspector> {
    const { feed, clock, onError } = this.#parts;
    if (this.#isClosed) throw closed();
    const { openStately } = await import('./openStately.ts');
    const opened = await openStately({ source: feed, clock, onError }, options);
    const stately: StatelyInspector = {
      close: () => {
        this.#stately.delete(stately);
        opened.close();
      },
    };
    this.#stately.add(stately);
    if (this.#isClosed) {
      stately.close();
      throw closed();
    }
    return stately;
  }

  /** Closes all inspectors, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stately of this.#stately) stately.close();
    await Promise.all([...this.#open].map((inspector) => inspector.close()));
  }
}

function closed(): HoldfastError {
  return new HoldfastError('HF_CLOSED', 'The runtime is closed: there is nothing to inspect.', {
    retry: 'never',
    withStack: false,
  });
}
