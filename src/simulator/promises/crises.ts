/**
 * Crises: answered at once, and never refused a record.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { isCrisisKey } from '../oracle/trace.ts';

export const crises: readonly Clause[] = [
  {
    breach: 'crisis waited',
    says: {
      page: 'requirements',
      sentence:
        "`crisis()` answers in < 200 ms at the 99.99th percentile whenever the process's event loop runs",
    },
    requirements: ['CR-1'],
    needs: ['crisisAnswers'],
    watch: (_, broken) => ({
      answered: ({ key, waitedMs, mayWaitMs = 0, client }) => {
        if (client === undefined && waitedMs > mayWaitMs) broken(`${key} for ${waitedMs} ms`);
      },
    }),
  },
  {
    breach: 'crisis refused',
    says: {
      page: 'requirements',
      sentence: 'Nothing refuses one: all that is sound in it is delivered',
    },
    requirements: ['CR-4'],
    needs: ['refusals'],
    watch: (_, broken) => ({
      refused: ({ key, code }) => {
        // A close tells everybody who still waits; that is no refusal.
        if (isCrisisKey(key) && code !== 'HF_CLOSED') broken(key);
      },
    }),
  },
  {
    breach: 'crisis not kept on a full disk',
    says: {
      page: 'requirements',
      sentence: 'while it escalates, held and spilled while storage fails',
    },
    requirements: ['CR-4'],
    watch: (_, broken) => {
      let isFull = false;
      /** Ids of crises that were answered since. */
      const answered = new Set<string>();
      return {
        full: (event) => {
          ({ isFull } = event);
          answered.clear();
        },
        answered: ({ id }) => {
          if (isFull) answered.add(id);
        },
        disk: ({ rows }) => {
          const kept = new Set(rows.map(({ id }) => id));
          for (const id of answered) if (!kept.has(id)) broken(id);
          answered.clear();
        },
      };
    },
  },
];
