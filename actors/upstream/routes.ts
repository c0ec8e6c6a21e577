/**
 * Which line claims which routes: that of an upstream claims those of the types whose handlers go to
 * it at present, and its own name, under which operations stand that brought their own handler, or were
 * written when routes were upstreams (docs/decisions/0110). A type that moves writes nothing.
 *
 * @module
 */

import { routeOf } from '../../machines/operation/position.ts';

/** A line whose rows are claimed by these routes. */
interface RoutedLine {
  readonly flow: { readonly upstream: string };
  readonly routes: string[];
}

export class Routes {
  /** Lines by what they claim. */
  readonly #claimants = new Map<string, RoutedLine>();
  readonly #lines = new Map<string, RoutedLine>();

  addLine(line: RoutedLine): void {
    this.#lines.set(line.flow.upstream, line);
    this.#claimants.set(line.flow.upstream, line);
  }

  /** Everything that some line claims. */
  get all(): readonly string[] {
    return [...this.#claimants.keys()];
  }

  /** What each upstream claims. */
  get byUpstream(): readonly (readonly string[])[] {
    return [...this.#lines.values()].map(({ routes }) => routes);
  }

  /** The routes of all types that have a handler. */
  get ofTypes(): readonly string[] {
    return [...this.#lines].flatMap(([upstream, { routes }]) =>
      routes.filter((route) => route !== upstream),
    );
  }

  /** Upstream whose line claims this route; `undefined` where none does. */
  upstreamOf(route: string): string | undefined {
    return this.#claimants.get(route)?.flow.upstream;
  }

  /** From now on the operations of this type go to this upstream. */
  send(type: string, upstream: string): void {
    const route = routeOf(type);
    const before = this.#claimants.get(route);
    const line = this.#lines.get(upstream);
    if (before === line || line === undefined) return;
    before?.routes.splice(before.routes.indexOf(route), 1);
    this.#claimants.set(route, line);
    line.routes.push(route);
  }
}
