/**
 * Orders of people: what can't be done is refused with a code that tells why.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';

export const orders: readonly Clause[] = [
  {
    breach: 'order refused without a code',
    says: {
      page: 'requirements',
      sentence:
        'Bad input gets an error that says what was wrong, where, and what to do; nothing is half done.',
    },
    requirements: ['UX-2'],
    watch: (_, broken) => ({
      ordered: ({ call, id, code }) => {
        if (code === 'no code' || code === 'HF_INTERNAL') broken(`${call} of ${id}`);
      },
    }),
  },
];
