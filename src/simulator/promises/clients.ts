/**
 * Clients: a call ends, and a crisis is answered, whatever becomes of the owner of the store.
 *
 * @module
 */

import { CRISIS_ANSWER_MS_MAX } from '../../../machines/policy/crisis/crisisBounds.ts';
import type { Clause } from '../oracle/clause.ts';

export const clients: readonly Clause[] = [
  {
    breach: 'client unheard',
    says: {
      page: 'requirements',
      sentence: 'A call waits a bounded time for an owner and then says so.',
    },
    requirements: ['SC-4'],
    watch: (_, broken) => ({
      unheard: ({ client, what }) => {
        broken(`${what} by ${client}`);
      },
    }),
  },
  {
    breach: 'crisis of a client waited',
    says: {
      page: 'requirements',
      sentence: 'A crisis is answered within 200 ms without an owner',
    },
    requirements: ['SC-4', 'CR-1'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => ({
      answered: ({ key, waitedMs, client }) => {
        if (client !== undefined && waitedMs > CRISIS_ANSWER_MS_MAX) {
          broken(`${key} for ${waitedMs} ms by ${client}`);
        }
      },
    }),
  },
];
