/**
 * Work that waits for a person, and the view where it is dealt with.
 *
 * @module
 */

import type { Overview } from '../../protocol.ts';
import { countOf } from '../words/time.ts';
import type { Route } from './route.ts';

export interface Pile {
  readonly name: string;
  readonly count: number;
  /** The name with its count. */
  readonly text: string;
  readonly to: Partial<Route>;
}

/** The piles that are not empty. */
export function pilesOf({ waiting, conflicts, crises }: Overview): readonly Pile[] {
  const count = (name: string): number => waiting[name] ?? 0;
  // Without edits whose conflicts are being merged, or are in the list of conflicts.
  const conflicted = Math.max(0, count('conflicted') - conflicts.held - conflicts.atWork);
  const all: readonly (readonly [string, number, string, string, Partial<Route>])[] = [
    ['crises', crisesUntaken({ crises }), 'crisis', 'crises', { view: 'crises' }],
    ['deadLetters', count('deadLettered'), 'dead letter', 'dead letters', { view: 'dead-letters' }],
    ['conflicts', conflicts.count, 'conflict', 'conflicts', { view: 'conflicts' }],
    ['reviews', count('inReview'), 'review', 'reviews', waitingFor('review')],
    ['versions', conflicted, 'other version', 'other versions', waitingFor('conflict')],
    [
      'handlers',
      count('handlerMissing'),
      'without a handler',
      'without a handler',
      waitingFor('handler'),
    ],
    [
      'quarantine',
      count('quarantined'),
      'record quarantined',
      'records quarantined',
      { view: 'quarantine' },
    ],
    ['newer', count('newerVersion'), 'of a later version', 'of a later version', { view: '' }],
  ];
  return all
    .filter(([, many]) => many > 0)
    .map(([name, many, one, several, to]) => ({
      name,
      count: many,
      text: countOf(many, one, several),
      to,
    }));
}

/** Crises that nobody has taken on, including those that can't be read. */
export function crisesUntaken({ crises }: Pick<Overview, 'crises'>): number {
  return (crises['unacknowledged'] ?? 0) + (crises['unreadableUntaken'] ?? 0);
}

/** The reason that the view of waiting work opens with: the first one for which any operation waits. */
export function firstWaitedFor(overview: Overview | null): string {
  const piles = overview === null ? [] : pilesOf(overview);
  return piles.find(({ to }) => to.view === 'waiting')?.to.query?.['for'] ?? 'review';
}

/** The view of waiting work, for one reason. */
export function waitingFor(reason: string): Partial<Route> {
  return { view: 'waiting', query: { for: reason } };
}
