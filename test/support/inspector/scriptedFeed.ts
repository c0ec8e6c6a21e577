/**
 * A feed that says what a test tells it to, and answers calls as the test has it.
 *
 * @module
 */

import { toldCharts } from '../../../inspector/projection/chartDefinition.ts';
import {
  type FeedMessage,
  type FeedSource,
  type Hello,
  INSPECTOR_PROTOCOL,
  type WatchedActor,
} from '../../../inspector/protocol.ts';
import { machines } from '../../../machines/index.ts';

export type Answers = Readonly<
  Record<string, (params: Readonly<Record<string, unknown>>) => unknown>
>;

export class ScriptedFeed implements FeedSource {
  readonly #listeners = new Set<(messages: readonly FeedMessage[]) => void>();
  readonly #actors: readonly WatchedActor[];
  readonly #answers: Answers;
  /** Every call that came, in order. */
  readonly calls: { readonly name: string; readonly params: unknown }[] = [];

  constructor(actors: readonly WatchedActor[], answers: Answers = {}) {
    this.#actors = actors;
    this.#answers = answers;
  }

  watch(listener: (messages: readonly FeedMessage[]) => void): () => void {
    const own = (messages: readonly FeedMessage[]): void => {
      listener(messages);
    };
    this.#listeners.add(own);
    own([
      {
        ...{ kind: 'hello', protocol: INSPECTOR_PROTOCOL, holdfast: '0.0.0', name: 'scripted' },
        ...{ startedAtMs: 1_000, nowMs: Date.now(), charts: this.#charts() },
      },
      { kind: 'actors', actors: this.#actors, isAll: true },
    ]);
    return () => this.#listeners.delete(own);
  }

  /** The charts of this build; an actor of another version has a chart of another shape. */
  #charts(): Hello['charts'] {
    return toldCharts(machines).map((chart) => {
      const isOther = ({ machine, version }: WatchedActor): boolean =>
        machine === chart.machine && version !== chart.version;
      return this.#actors.some(isOther) ? { ...chart, shape: 'another' } : chart;
    });
  }

  tell(...messages: FeedMessage[]): void {
    for (const listener of this.#listeners) listener(messages);
  }

  async call(name: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.calls.push({ name, params });
    const answer = this.#answers[name];
    if (answer === undefined) throw new Error(`the test has no answer for ${name}`);
    return await answer(params);
  }
}
