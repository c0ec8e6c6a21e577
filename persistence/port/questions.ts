/**
 * The methods of a store that take one query and answer it. Wrappers of a store (the client of the writer's thread, a
 * failing store in tests) forward them by this list: a new question is a method of a facet, a name here, and an answer
 * in each store.
 *
 * @module
 */

import type { Store } from './store.ts';

export const QUESTIONS = [
  'claim',
  'inHand',
  'freedHeads',
  'occupiedRoutes',
  'strays',
  'expired',
  'find',
  'lane',
  'crisisPlan',
  'crisisPlanPage',
  'kept',
  'keptPage',
  'keptCounts',
  'list',
  'search',
  'deadLetters',
  'quarantine',
  'sealedQuarantine',
  'counts',
  'blockedCounts',
  'waitingCounts',
  'check',
  'checkKeys',
  'recount',
] as const satisfies readonly (keyof Store)[];

export type Question = (typeof QUESTIONS)[number];

/** The query of a question; `undefined` if it takes none. */
export type Query<Asked extends Question> = Parameters<Store[Asked]>[0];

/** Every question, each answered by `ask`. */
export function forwardQuestions(
  ask: (question: Question, query: unknown) => Promise<unknown>,
): Pick<Store, Question> {
  return Object.fromEntries(
    QUESTIONS.map((question) => [question, (query: unknown) => ask(question, query)]),
  ) as unknown as Pick<Store, Question>;
}
