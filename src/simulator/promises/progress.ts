/**
 * Progress: once all is well everything ends in time, except what waits for a person and says so.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';

export const progress: readonly Clause[] = [
  {
    breach: 'still waiting',
    says: {
      page: 'requirements',
      sentence: 'So everything accepted gets its turn, unless its lane, backoff or rate holds it.',
    },
    requirements: ['OP-1', 'OP-6', 'DG-3'],
    watch: (_, broken) => ({
      overdue: ({ id, state, afterMs, said }) => {
        broken(`${id} in ${state} after ${Math.round(afterMs / 1_000)} s (${said})`);
      },
    }),
  },
];
