/**
 * The methods of a store that take one query and answer it. Wrappers of a store (the client of the writer's thread, a
 * failing store in tests) forward them by this list: a new question is a method of a facet, a name here, and an answer
 * in each store.
 *
 * @module
 */

import type { BesideReads, Store } from './store.ts';

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
  'anchorRecord',
  'compareAnchor',
  'auditPage',
  'auditHandle',
  'auditCheckpoint',
] as const satisfies readonly (keyof Store)[];

export type Question = (typeof QUESTIONS)[number];

/** The questions of {@link BesideReads}: what is shown to people, and plans in a crisis. */
export const BESIDE_QUESTIONS = [
  'crisisPlan',
  'crisisPlanPage',
  'keptPage',
  'find',
  'search',
  'deadLetters',
  'quarantine',
  'sealedQuarantine',
  'counts',
  'blockedCounts',
  'auditPage',
  'auditHandle',
] as const satisfies readonly (Question & keyof BesideReads)[];

export type BesideQuestion = (typeof BESIDE_QUESTIONS)[number];

/** The query of a question; `undefined` if it takes none. */
export type Query<Asked extends Question> = Parameters<Store[Asked]>[0];

/** Every question, each answered by `ask`. */
export function forwardQuestions(
  ask: (question: Question, query: unknown) => Promise<unknown>,
): Pick<Store, Question> {
  return forwarded(QUESTIONS, ask);
}

/** Every question of {@link BesideReads}, each answered by `ask`. */
export function forwardBeside(
  ask: (question: BesideQuestion, query: unknown) => Promise<unknown>,
): BesideReads {
  return forwarded(BESIDE_QUESTIONS, ask);
}

function forwarded<Asked extends Question>(
  questions: readonly Asked[],
  ask: (question: Asked, query: unknown) => Promise<unknown>,
): Pick<Store, Asked> {
  return Object.fromEntries(
    questions.map((question) => [question, (query: unknown) => ask(question, query)]),
  ) as unknown as Pick<Store, Asked>;
}
