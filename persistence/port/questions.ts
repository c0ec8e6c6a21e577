/**
 * The methods of a store that take one query and answer it. What stands before a store (the client
 * of the writer's thread, a store that fails in tests) forwards them by this list: a new question is
 * a method of a facet, a name here, and its answer in each store.
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

/** What a question is asked with; `undefined` where it takes nothing. */
export type Query<Asked extends Question> = Parameters<Store[Asked]>[0];

/** Every question, each answered by `ask`. */
export function forwardQuestions(
  ask: (question: Question, query: unknown) => Promise<unknown>,
): Pick<Store, Question> {
  return Object.fromEntries(
    QUESTIONS.map((question) => [question, (query: unknown) => ask(question, query)]),
  ) as unknown as Pick<Store, Question>;
}
