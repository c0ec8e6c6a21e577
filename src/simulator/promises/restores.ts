/**
 * Restores: a restored or copied store does nothing of its own until a person releases it.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { DiskRow } from '../oracle/trace.ts';

export const restores: readonly Clause[] = [
  {
    breach: 'ran while held',
    says: {
      page: 'requirements',
      sentence: 'Online backup, verified restore (starts held, so old payments do not run again)',
    },
    requirements: ['PS-5'],
    watch: (_, broken) => {
      /** Keys of the rows in the store when it was restored. */
      const held = new Set<string>();
      /** Ids of crises spilled beside the database, which deliver once it takes them. */
      const spilled = new Set<string>();
      const hold = ({ rows }: { readonly rows: readonly DiskRow[] }): void => {
        for (const { key } of rows) held.add(key);
      };
      return {
        // Crises of before run where no other store has them.
        restored: ({ rows, isPutBack }) => {
          hold({ rows: isPutBack === true ? rows.filter(({ isCrisis }) => !isCrisis) : rows });
        },
        copied: hold,
        released: () => {
          held.clear();
        },
        spilled: ({ id }) => void spilled.add(id),
        attempted: ({ key, attempt, id = '' }) => {
          if (held.has(key) && !spilled.has(id)) broken(`attempt ${attempt} of ${key}`);
        },
      };
    },
  },
  {
    breach: 'held though nothing was put back',
    says: {
      page: 'how-to/keep-an-anchor',
      sentence: 'The anchor of the last commit, or of an earlier one, as after a kill',
    },
    requirements: ['SE-6'],
    outlivesRestore: true,
    watch: (_, broken) => {
      let isPutBack = false;
      return {
        restored: () => {
          isPutBack = true;
        },
        released: ({ reason }) => {
          if (reason === 'rolledBack' && !isPutBack) broken('behind its anchor');
        },
      };
    },
  },
];
