/**
 * Planted bugs that let another hand go unnoticed, or let something come of what it touched.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const OTHER_HAND: readonly Plant[] = [
  {
    name: 'earlier-copy-handed-out',
    file: 'src/simulator/disk/otherHand.ts',
    find: 'return code === STALE && urgency >= 1 ? code : null;',
    replace: 'return null;',
    says: 'What is read of an operation is not compared with what was written last, so an earlier copy of it runs again.',
    finds: /^an earlier copy went out: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'earlier-crisis-set-aside',
    file: 'src/simulator/disk/otherHand.ts',
    find: 'return code === STALE && urgency >= 1 ? code : null;',
    replace: 'return code === STALE ? code : null;',
    says: 'A crisis of which an earlier copy was put back is quarantined as other work is.',
    finds: /^an earlier crisis is not delivered: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'crisis-mode-in-doubt-is-off',
    file: 'actors/crisis/crisisModes.ts',
    find: 'if (isInDoubt || read.includes(null)',
    replace: 'if (read.includes(null)',
    says: 'A missing record of crisis mode is taken for none, and an earlier one for the last.',
    finds: /^crisis mode in doubt is off: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'earlier-plan-not-marked',
    file: 'actors/crisis/plansAtHand.ts',
    find: "  const status = isEarlier ? 'earlierCopy' : 'included';",
    replace: "  const status = isEarlier ? 'included' : 'included';",
    says: 'A crisis plan that was put back is shown as the one of now.',
    finds: /^an earlier plan is not marked: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'deleted-plan-is-none',
    file: 'actors/crisis/plansAtHand.ts',
    find: 'this.#isWhole = left === 0 && unreadable === 0;',
    replace: 'this.#isWhole = left === 0;',
    says: 'Once the plans that are there are in memory, one that somebody has deleted counts as none.',
    finds: /^a deleted plan counts as none: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'missing-records-not-in-health',
    file: 'src/views/storeDamage.ts',
    find: "new Set(['HF_RECORD_MISSING', 'HF_RECORD_STALE'])",
    replace: "new Set(['HF_RECORD_STALE'])",
    says: 'Health says nothing of records that somebody has deleted.',
    finds: /^another hand is not told of: /,
    about: 'hand',
    seedsMax: 20,
  },
  {
    name: 'records-never-checked',
    file: 'actors/engine.ts',
    find: '    this.storeCheck.start(this.#firstSeq);\n',
    replace: '',
    says: 'Nothing looks after a start what is missing, so it is never told.',
    finds: /^another hand is not told of: /,
    about: 'hand',
    seedsMax: 20,
  },
];
