/**
 * Which queue claims which routes: that of an upstream claims those of the types whose handlers go to
 * it at present, and its own name, under which operations stand that brought their own handler, or were
 * written when routes were upstreams (docs/decisions/0110). A type that moves writes nothing.
 *
 * @module
 */

import { routeOf } from '../../machines/operation/position.ts';

export class Routes {
  /** Upstreams by what they claim. */
  readonly #claimants = new Map<string, string>();
  /** What each upstream claims. */
  readonly #claimed = new Map<string, string[]>();

  addUpstream(upstream: string): void {
    this.#claimants.set(upstream, upstream);
    this.#claimed.set(upstream, [upstream]);
  }

  get upstreams(): readonly string[] {
    return [...this.#claimed.keys()];
  }

  /** Everything that some queue claims. */
  get all(): readonly string[] {
    return [...this.#claimants.keys()];
  }

  /** The routes of all types that have a handler. */
  get ofTypes(): readonly string[] {
    return [...this.#claimed].flatMap(([upstream, routes]) =>
      routes.filter((route) => route !== upstream),
    );
  }

  /** What the queue of an upstream claims. */
  claimedBy(upstream: string): readonly string[] {
    return this.#claimed.get(upstream) ?? [];
  }

  /** Whose queue claims this route; `undefined` where none does. */
  upstreamOf(route: string): string | undefined {
    return this.#claimants.get(route);
  }

  /** From now on the operations of this type go to this upstream. */
  send(type: string, upstream: string): void {
    const route = routeOf(type);
    const before = this.#claimants.get(route);
    if (before === upstream) return;
    if (before !== undefined) {
      this.#claimed.set(
        before,
        this.claimedBy(before).filter((each) => each !== route),
      );
    }
    this.#claimants.set(route, upstream);
    // In place: a thousand types are added one by one.
    this.#claimed.get(upstream)?.push(route);
  }
}
