/**
 * The list of actors: who is shown, in which order, and how many there are of each kind. An actor is looked
 * at once for all of that, since there are thousands and they change many times a second.
 *
 * @module
 */

import type { WatchedActor } from '../../protocol.ts';

/** What can be chosen, by its name in the address. */
export const CHOICES = ['machine', 'state', 'type', 'upstream', 'tier', 'priority'] as const;
export type Choice = (typeof CHOICES)[number];

export interface ActorFilter {
  /** Words that all have to be found in an actor. */
  readonly words: readonly string[];
  readonly chosen: Readonly<Partial<Record<Choice, string>>>;
  readonly order: ActorOrder;
}

/** `oldest`: who has stood longest where it stands. */
export type ActorOrder = 'oldest' | 'newest' | 'id';

export interface ActorList {
  /** Components first. */
  readonly shown: readonly WatchedActor[];
  /** All there are. */
  readonly total: number;
  /** For each choice, how many there would be of each, with the other choices as they are; most first. */
  readonly counts: Readonly<Record<Choice, readonly (readonly [value: string, count: number])[]>>;
}

/** Reads what an address asks for. */
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

/** So many digits at least are looked for in the store: fewer have many. */
const ID_END_MIN = 6;

/** What is searched for, where it is an id or the end of one; else `null`. */
export function idEndOf({ words }: Pick<ActorFilter, 'words'>): string | null {
  const [word = '', ...more] = words;
  // As lists cut it: `01a22ad5…dc4343`.
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
    // With one miss it would be there, were that one choice another.
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

/** What an actor has of a choice: a chart with regions is in several states at once. */
function valuesOf({ id, machine, states, about }: WatchedActor, choice: Choice): readonly string[] {
  if (choice === 'machine') return [machine];
  if (choice === 'state') return states;
  // `breaker:payments` is a component of that upstream.
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

/** A component, which has no request, comes before all operations. */
const componentsFirst: Compare = (one, other) =>
  Number(one.about !== null) - Number(other.about !== null);
/** What stands where it stands since before anybody looked has stood longest; among those, what was accepted first. */
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
