/**
 * Where in the page one is, as the part of its address after `#`: it is sent to nobody, can be kept as a
 * bookmark, and works without a server that knows of it.
 *
 * @module
 */

export interface Route {
  /** `''` is the overview; else `actors`, `dead-letters`, … */
  readonly view: string;
  /** What of it: the number or the id of an actor, the id of a chart; `null` for the list. */
  readonly of: string | null;
  /** What is searched for there. */
  readonly query: Readonly<Record<string, string>>;
}

export const OVERVIEW_ROUTE: Route = { view: '', of: null, query: {} };

/** Reads `#/actors/op-1?state=waiting`; anything else is the overview. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const [view = '', ...rest] = path.split('/').map(decoded);
  const of = rest.join('/');
  const query = Object.fromEntries(
    [...new URLSearchParams(search)].filter(([, value]) => value !== ''),
  );
  return { view, of: of === '' ? null : of, query };
}

/** The address of a route, from `#` on; what is empty is left out. */
export function formatRoute({ view, of = null, query = {} }: Partial<Route>): string {
  const path = [view ?? '', ...(of === null ? [] : [of])].map(encodeURIComponent).join('/');
  const search = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== ''),
  ).toString();
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
