/**
 * Management call: one conflict: whom it is about, who wrote, who decided.
 *
 * @module
 */

import { storeCall } from '../call/managementCall.ts';
import { aboutOf, type ConflictAbout } from './conflict.ts';
import { CONFLICT_ID } from './params.ts';

export const aboutConflict = storeCall<{ readonly id: string }, ConflictAbout>({
  name: 'conflict.about',
  summary:
    'One conflict with its subject, sides and decisions, without what they hold and where it is.',
  capability: 'viewSubjects',
  params: { id: CONFLICT_ID },
  audited: ['id'],
  override: null,
  run: async ({ records }, { id }) => aboutOf(await records.conflicts.find(id)),
});
