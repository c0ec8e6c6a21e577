/**
 * Clients: a call ends and a crisis is answered whatever happens to the owner of the store, and the inspector's page,
 * another process, shows the truth.
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
    breach: 'client turned away',
    says: {
      page: 'requirements',
      sentence:
        'any of them submits, follows, cancels and asks for crises through the owner, with the same types, errors and promises',
    },
    requirements: ['SC-4'],
    watch: (_, broken) => ({
      turnedAway: ({ client, what }) => {
        broken(`${what} by ${client}`);
      },
    }),
  },
  {
    breach: 'page shows what is not',
    says: {
      page: 'requirements',
      sentence: 'actors with their live charts',
    },
    requirements: ['OB-1'],
    watch: (_, broken) => ({
      pageDiffers: ({ what }) => {
        broken(what);
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
