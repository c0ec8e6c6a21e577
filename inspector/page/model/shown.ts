/**
 * The actors and steps to show, of the present or of the chosen moment. Views read them from here, so that
 * the whole page travels in time together.
 *
 * @module
 */

import { type News, ringOf, type Step, type WatchedActor } from '../../protocol.ts';
import { momentAt, type Then } from '../past/moment.ts';
import type { EndedActor, PageState, Past } from './pageState.ts';

/** The moment to look at; what is remembered is frozen when looking back begins. */
export function pastAt(page: PageState, serial: number | null): Past | null {
  if (serial === null) return null;
  const { actors, ended, steps, news } = page.past ?? page;
  return { actors, ended, steps, news, moment: momentAt(steps, serial) };
}

/** An actor at the chosen moment. */
export interface ShownActor {
  readonly actor: WatchedActor;
  readonly endedAtMs: number | null;
  /** `unknown` where steps between are not remembered: `states` are empty then, as for `absent`. */
  readonly is: 'there' | 'ended' | 'absent' | 'unknown';
  readonly states: readonly string[];
  readonly sinceAtMs: number | null;
}

/** The remembered actors, steps and news, of the present or of the past. */
export function rememberedOf(page: PageState): {
  readonly steps: readonly Step[];
  readonly news: readonly News[];
} {
  return page.past ?? page;
}

/** The serial of the chosen moment; `null` for the present. */
export function serialOf({ past }: PageState): number | null {
  return past?.moment.serial ?? null;
}

/** An actor by its number or by its id, the latest with that id; `null` for none. */
export function shownActor(page: PageState, key: string): ShownActor | null {
  const { actors, ended } = page.past ?? page;
  const known = byNumber(actors, ended, Number(key)) ?? byId(actors, key) ?? byId(ended, key);
  // An operation that had left memory is back under another number.
  const isBack =
    page.past === null && known !== null && known.endedAtMs !== undefined && known.about !== null;
  const found = (isBack ? byId(actors, known.id) : null) ?? known;
  return found === null ? null : shown(page.past, found);
}

/** The actors that live at the chosen moment. */
export function shownActors(page: Pick<PageState, 'past' | 'actors'>): readonly ShownActor[] {
  const { past } = page;
  if (past === null) return [...page.actors.values()].map((actor) => shown(null, actor));
  return [...past.ended.values(), ...past.actors.values()]
    .map((actor) => shown(past, actor))
    .filter(({ is }) => is !== 'absent' && is !== 'ended');
}

/** The same as plain actors, for lists; an unchanged actor is the same object. */
export function listedActors(page: Pick<PageState, 'past' | 'actors'>): Iterable<WatchedActor> {
  if (page.past === null) return page.actors.values();
  return shownActors(page).map(({ actor, states, sinceAtMs }) => ({ ...actor, states, sinceAtMs }));
}

type Known = WatchedActor & Partial<Pick<EndedActor, 'endedAtMs'>>;

function byNumber(
  actors: ReadonlyMap<number, WatchedActor>,
  ended: ReadonlyMap<number, EndedActor>,
  number: number,
): Known | null {
  return actors.get(number) ?? ended.get(number) ?? null;
}

/** The last search among these actors, since several components look for the same one. */
const lastFound = new WeakMap<object, { readonly id: string; readonly found: Known | null }>();

function byId(actors: ReadonlyMap<number, Known>, id: string): Known | null {
  const last = lastFound.get(actors);
  if (last?.id === id) return last.found;
  let found: Known | null = null;
  for (const actor of actors.values()) if (actor.id === id) found = actor;
  lastFound.set(actors, { id, found });
  return found;
}

function shown(past: Past | null, actor: Known): ShownActor {
  const endedAtMs = actor.endedAtMs ?? null;
  const now = { actor, endedAtMs, states: actor.states, sinceAtMs: actor.sinceAtMs };
  if (past === null) return { ...now, is: endedAtMs === null ? 'there' : 'ended' };
  const then: Then = past.moment.of(actor.actor, {
    ...{ ring: ringOf(actor.machine), sinceAtMs: actor.sinceAtMs, endedAtMs },
  });
  if (then.kind === 'asNow') return { ...now, is: 'there' };
  if (then.kind !== 'known') return { ...now, is: then.kind, states: [], sinceAtMs: null };
  return { ...now, is: 'there', states: then.states, sinceAtMs: then.sinceAtMs };
}
