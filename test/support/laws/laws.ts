/**
 * The laws of merges, L1 to L18, each as a property of what it is tried on.
 *
 * @module
 */

import fc from 'fast-check';
import { lawsBrokenBy } from '../../../src/testing/lawsOfMerges.ts';
import { casesOf } from '../merge/arbitraries.ts';
import { CLOCK_LAWS } from './clockLaws.ts';
import { ENTITY_LAWS } from './entityLaws.ts';
import { GOSSIP_LAW } from './gossip.ts';
import { type Law, must, type Subject } from './law.ts';
import { SUBJECTS } from './subjects.ts';

/** Looked at in one merge: any order, any steps, again, idle sides, echoes, any JSON, and nothing is lost. */
const ALGEBRA: Law = {
  id: 'L1-L7',
  says: 'the same of any order, in any steps, delivered again; total and pure; nothing is lost',
  property: ({ rules, record }) =>
    fc.property(casesOf(record), (one) => {
      const broken = lawsBrokenBy(rules, one);
      must(broken.length === 0, `broken: ${broken.join(', ')}`);
    }) as fc.IRawProperty<unknown>,
};

export const LAWS: readonly Law[] = [ALGEBRA, ...ENTITY_LAWS, ...CLOCK_LAWS, GOSSIP_LAW];

/** Each law with each subject of which it speaks. */
export function lawsAndSubjects(): readonly { readonly law: Law; readonly subject: Subject }[] {
  return LAWS.flatMap((law) => {
    const { entities, once = false } = law;
    // Where it speaks of none, any will do.
    const subjects = once
      ? SUBJECTS.slice(0, 1).map((subject) => ({ ...subject, name: 'every device' }))
      : SUBJECTS.filter(({ name }) => entities?.includes(name) ?? true);
    return subjects.map((subject) => ({ law, subject }));
  });
}
