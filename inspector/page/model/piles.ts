/**
 * What goes on only when a person does something, and where that is done.
 *
 * @module
 */

import type { Overview } from '../../protocol.ts';
import { countOf } from '../words/time.ts';
import type { Route } from './route.ts';

export interface Pile {
  readonly name: string;
  readonly count: number;
  /** With its count. */
  readonly text: string;
  readonly to: Partial<Route>;
}

/** The piles that are not empty. */
export function pilesOf({ waiting, conflicts, crises }: Overview): readonly Pile[] {
  const count = (name: string): number => waiting[name] ?? 0;
  // Edits whose conflicts are merged, or wait in the list of conflicts.
  const conflicted = Math.max(0, count('conflicted') - conflicts.held - conflicts.atWork);
  const all: readonly (readonly [string, number, string, string, string])[] = [
    ['crises', crises['unacknowledged'] ?? 0, 'crisis', 'crises', 'crises'],
    ['deadLetters', count('deadLettered'), 'dead letter', 'dead letters', 'dead-letters'],
    ['conflicts', conflicts.count, 'conflict', 'conflicts', 'conflicts'],
    ['reviews', count('inReview'), 'review', 'reviews', 'waiting'],
    ['versions', conflicted, 'other version', 'other versions', 'waiting'],
    ['handlers', count('handlerMissing'), 'without a handler', 'without a handler', 'waiting'],
    ['quarantine', count('quarantined'), 'record set aside', 'records set aside', 'quarantine'],
    ['newer', count('newerVersion'), 'of a later version', 'of a later version', ''],
  ];
  return all
    .filter(([, many]) => many > 0)
    .map(([name, many, one, several, view]) => ({
      name,
      count: many,
      text: countOf(many, one, several),
      to: { view },
    }));
}
