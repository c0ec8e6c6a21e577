/**
 * A place in the page, as the part of the address after `#`: it is sent to nobody, can be kept as a
 * bookmark, and needs no server.
 *
 * @module
 */

import type { QueueRow } from '../../protocol.ts';

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

/** A command of the page; `go:` opens a view. */
export type Command =
  | 'search'
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'time'
  | 'theme'
  | 'help'
  | `go:${string}`;

interface KeyHelp {
  /** The keys in order: `g o` is two keys after each other. */
  readonly keys: string;
  readonly command: Command;
  readonly says: string;
}

export const KEYS: readonly KeyHelp[] = [
  { keys: '/', command: 'search', says: 'Search' },
  { keys: 'j', command: 'down', says: 'Next row' },
  { keys: 'k', command: 'up', says: 'Previous row' },
  { keys: 'Home', command: 'first', says: 'First row' },
  { keys: 'End', command: 'last', says: 'Last row' },
  { keys: 'Enter', command: 'open', says: 'Open the row' },
  { keys: 'Escape', command: 'back', says: 'Close, or leave the search field' },
  { keys: 't', command: 'time', says: 'Travel in time, or back to now' },
  { keys: 'g o', command: 'go:', says: 'Overview' },
  { keys: 'g a', command: 'go:actors', says: 'Actors' },
  { keys: 'g e', command: 'go:crises', says: 'Crises (emergencies)' },
  { keys: 'g w', command: 'go:waiting', says: 'Work that waits for somebody' },
  { keys: 'g d', command: 'go:dead-letters', says: 'Dead letters' },
  { keys: 'g c', command: 'go:conflicts', says: 'Conflicts' },
  { keys: 'g q', command: 'go:quarantine', says: 'Quarantine' },
  { keys: 'g s', command: 'go:charts', says: 'Charts' },
  { keys: 'Shift+T', command: 'theme', says: 'Light, dark, or the system’s choice' },
  { keys: '?', command: 'help', says: 'This list' },
];

/** Keys that mean the same. */
const SAME: Readonly<Record<string, string>> = { ArrowDown: 'j', ArrowUp: 'k', T: 'Shift+T' };
/** Commands that work while somebody types in a field. */
const WHILE_TYPING: readonly Command[] = ['back'];

interface Pressed {
  readonly key: string;
  /** Pressed with Ctrl, Alt or Meta, which belong to the browser. */
  readonly isWithModifier: boolean;
  /** Whether a field has the focus. */
  readonly isTyping: boolean;
}

/**
 * The command of a key after `before`, the first key of two.
 *
 * @returns the command, or `null`; and the key that the next one may follow
 */
export function commandOf(
  { key, isWithModifier, isTyping }: Pressed,
  before: string,
): { readonly command: Command | null; readonly before: string } {
  if (isWithModifier) return { command: null, before: '' };
  const pressed = SAME[key] ?? key;
  const keys = before === '' ? pressed : `${before} ${pressed}`;
  const found = KEYS.find((entry) => entry.keys === keys);
  if (found !== undefined) {
    const isHeard = !isTyping || WHILE_TYPING.includes(found.command);
    return { command: isHeard ? found.command : null, before: '' };
  }
  const isFirst = !isTyping && KEYS.some((entry) => entry.keys.startsWith(`${keys} `));
  return { command: null, before: isFirst ? keys : '' };
}

const PRIORITIES: readonly string[] = ['crisis', 'high', 'normal', 'low'];
const TIERS: readonly string[] = ['premium', 'basic', 'trial'];

export function queueInOrder(queue: readonly QueueRow[]): readonly QueueRow[] {
  return queue.toSorted(
    (one, other) =>
      (one.upstream ?? '').localeCompare(other.upstream ?? '') ||
      PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority) ||
      TIERS.indexOf(one.tier ?? '') - TIERS.indexOf(other.tier ?? ''),
  );
}

/** Waiting work at one upstream, of every urgency. */
type WaitsAt = Pick<QueueRow, 'turn' | 'inLane' | 'oldestAtMs'>;

export function waitsAt(queue: readonly QueueRow[], upstream: string): WaitsAt {
  const rows = queue.filter((row) => row.upstream === upstream);
  const oldest = rows.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  return {
    turn: rows.reduce((sum, { turn }) => sum + turn, 0),
    inLane: rows.reduce((sum, { inLane }) => sum + inLane, 0),
    oldestAtMs: oldest.length === 0 ? null : Math.min(...oldest),
  };
}
