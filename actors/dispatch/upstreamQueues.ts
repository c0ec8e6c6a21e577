/**
 * The queues of all upstreams, found by upstream or by the route of a row.
 *
 * @module
 */

import { Routes } from './routes.ts';
import type { UpstreamQueue } from './upstreamQueue.ts';

export class UpstreamQueues {
  readonly routes = new Routes();
  readonly #queues = new Map<string, UpstreamQueue>();

  add(upstream: string, queue: UpstreamQueue): void {
    this.#queues.set(upstream, queue);
    this.routes.addUpstream(upstream);
  }

  get(upstream: string): UpstreamQueue | undefined {
    return this.#queues.get(upstream);
  }

  values(): Iterable<UpstreamQueue> {
    return this.#queues.values();
  }

  /** The queue that claims rows of this route. */
  ofRoute(route: string): UpstreamQueue | undefined {
    return this.#queues.get(this.routes.upstreamOf(route) ?? '');
  }

  /**
   * Rows are claimed from now on.
   *
   * @param occupied the routes that have rows: the queues of others ask for nothing until there is something
   */
  start(occupied: readonly string[]): void {
    const busy = new Set(occupied.map((route) => this.routes.upstreamOf(route)));
    for (const [upstream, queue] of this.#queues) {
      queue.flow.setIntake('open');
      if (busy.has(upstream)) queue.noteDue(0);
      else queue.pump();
    }
  }

  stop(): void {
    for (const queue of this.#queues.values()) {
      queue.flow.setIntake('stopped');
      queue.stop();
    }
  }

  /** Rows may be due anywhere. */
  lookEverywhere(): void {
    for (const queue of this.#queues.values()) queue.noteDue(0);
  }

  /** Slots go to who waits, everywhere. */
  pump(): void {
    for (const queue of this.#queues.values()) queue.pump();
  }
}
