/**
 * A place in the page, as the part of the address after `#`: it is sent to nobody, can be kept as a
 * bookmark, and needs no server.
 *
 * @module
 */

export interface Route {
  /** The view: `''` for the overview, `actors`, `dead-letters`, … */
  readonly view: string;
  /** The item: the number or the id of an actor, the id of a chart; `null` for the list. */
  readonly of: string | null;
  /** The filters of the view. */
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

/** The address of a route, from `#` on; empty parts are left out. */
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
