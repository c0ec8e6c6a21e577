/**
 * Says which rows of a long list are drawn: the visible ones, and a few around them.
 *
 * @module
 */

import type { WatchedActor } from '../../protocol.ts';

export interface ListWindow {
  /** The first row to draw, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Rows beyond either edge, so that a quick scroll shows no gap. */
const AROUND = 6;

/** The rows to draw, in whole blocks, so that a scroll by a few pixels renders nothing. */
export function windowOf(
  scrollTop: number,
  height: number,
  rowHeight: number,
  count: number,
): ListWindow {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const from = Math.max(0, Math.floor((first - AROUND) / AROUND) * AROUND);
  const shown = Math.ceil(height / rowHeight) + 1;
  const to = Math.min(count, Math.ceil((first + shown + AROUND) / AROUND) * AROUND);
  return { from: Math.min(from, to), to };
}

/** The scroll position that shows a whole row; unchanged if it is visible. */
export function scrolledTo(
  index: number,
  scrollTop: number,
  height: number,
  rowHeight: number,
): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}

// The list of actors: which are shown, in which order, and how many there are of each kind. Each actor is visited
// once for all of that, since there are thousands and they change many times a second.

/** The filters, by their names in the address. */
export const CHOICES = ['machine', 'state', 'type', 'upstream', 'tier', 'priority'] as const;
export type Choice = (typeof CHOICES)[number];

export interface ActorFilter {
  /** Words that all have to be found in an actor. */
  readonly words: readonly string[];
  readonly chosen: Readonly<Partial<Record<Choice, string>>>;
  readonly order: ActorOrder;
}

/** `oldest`: the longest in its state first. */
type ActorOrder = 'oldest' | 'newest' | 'id';

export interface ActorList {
  /** The actors that match, components first. */
  readonly shown: readonly WatchedActor[];
  /** The number of all actors. */
  readonly total: number;
  /** For each filter, the count of each value with the other filters as they are, the most frequent first. */
  readonly counts: Readonly<Record<Choice, readonly (readonly [value: string, count: number])[]>>;
}

/** Reads the filter of an address. */
export function filterOf(query: Readonly<Record<string, string>>): ActorFilter {
  const order = query['order'];
  return {
    words: (query['q'] ?? '').toLowerCase().split(/\s+/).filter(Boolean),
    chosen: Object.fromEntries(
      CHOICES.flatMap((choice) => {
        const value = query[choice];
        return value === undefined ? [] : [[choice, value]];
      }),
    ),
    order: order === 'newest' || order === 'id' ? order : 'oldest',
  };
}

/** Shorter ends of ids are not looked up in the store, since they match many. */
const ID_END_MIN = 6;

/** The searched word, if it is an id or the end of one; else `null`. */
export function idEndOf({ words }: Pick<ActorFilter, 'words'>): string | null {
  const [word = '', ...more] = words;
  // Lists shorten ids: `01a22ad5…dc4343`.
  const end = word.split('…').at(-1) ?? '';
  const isId = more.length === 0 && /^[\da-f-]{1,36}$/.test(end) && /\d/.test(end);
  return isId && end.replaceAll('-', '').length >= ID_END_MIN ? end : null;
}

export function listActors(actors: Iterable<WatchedActor>, filter: ActorFilter): ActorList {
  const counted = CHOICES.map((choice) => [choice, new Map<string, number>()] as const);
  const shown: WatchedActor[] = [];
  let total = 0;
  for (const actor of actors) {
    total += 1;
    if (!filter.words.every((word) => isFound(actor, word))) continue;
    const misses = CHOICES.filter((choice) => !isChosen(actor, choice, filter.chosen[choice]));
    if (misses.length === 0) shown.push(actor);
    if (misses.length > 1) continue;
    // An actor with one miss would match, were that filter another.
    for (const [choice, counts] of counted) {
      if (misses.length === 1 && misses[0] !== choice) continue;
      for (const value of valuesOf(actor, choice)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
  }
  return {
    shown: shown.toSorted(ORDERS[filter.order]),
    total,
    counts: Object.fromEntries(
      counted.map(([choice, counts]) => [
        choice,
        [...counts].toSorted(([one, a], [other, b]) => b - a || one.localeCompare(other)),
      ]),
    ) as unknown as ActorList['counts'],
  };
}

/** The values of an actor for a filter: a chart with regions is in several states at once. */
function valuesOf({ id, machine, states, about }: WatchedActor, choice: Choice): readonly string[] {
  if (choice === 'machine') return [machine];
  if (choice === 'state') return states;
  // `breaker:payments` is a component of the upstream `payments`.
  const [, of = 'global'] = about === null ? id.split(':') : [];
  if (choice === 'upstream' && of !== 'global') return [of];
  const value = about?.[choice] ?? null;
  return value === null ? [] : [value];
}

function isChosen(actor: WatchedActor, choice: Choice, value: string | undefined): boolean {
  return value === undefined || valuesOf(actor, choice).includes(value);
}

function isFound({ id, machine, states, about }: WatchedActor, word: string): boolean {
  return (
    id.toLowerCase().includes(word) ||
    machine.toLowerCase().includes(word) ||
    states.some((state) => state.toLowerCase().includes(word)) ||
    (about !== null &&
      (about.type.toLowerCase().includes(word) ||
        about.tier.includes(word) ||
        about.priority.includes(word) ||
        (about.upstream?.toLowerCase().includes(word) ?? false)))
  );
}

type Compare = (one: WatchedActor, other: WatchedActor) => number;

/** Sorts components, which have no request, before operations. */
const componentsFirst: Compare = (one, other) =>
  Number(one.about !== null) - Number(other.about !== null);
/** Sorts by the age of the state; states from before anybody watched are the oldest, sorted by acceptance. */
const byTime: Compare = (one, other) =>
  (one.sinceAtMs ?? 0) - (other.sinceAtMs ?? 0) ||
  (one.about?.acceptedAtMs ?? 0) - (other.about?.acceptedAtMs ?? 0);
const byNumber: Compare = (one, other) => one.actor - other.actor;
const byId: Compare = (one, other) => one.id.localeCompare(other.id);

const ORDERS: Readonly<Record<ActorOrder, Compare>> = {
  oldest: (one, other) =>
    componentsFirst(one, other) ||
    (one.about === null ? byId(one, other) : byTime(one, other)) ||
    byNumber(one, other),
  newest: (one, other) => byTime(other, one) || byNumber(other, one),
  id: (one, other) => componentsFirst(one, other) || byId(one, other) || byNumber(one, other),
};
