/**
 * Nothing accepted is lost, and one key is accepted once.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';

export const acceptance: readonly Clause[] = [
  {
    breach: 'lost',
    says: {
      page: 'requirements',
      sentence: 'After that no crash, kill, power cut or full disk loses the operation.',
    },
    requirements: ['OP-2'],
    watch: (known, broken) => ({
      accepted: ({ key, id, onDisk }) => {
        if (onDisk === null) broken(`${key} as ${id}`);
      },
      atRest: (rows) => {
        const onDisk = new Set(rows.map(({ id }) => id));
        for (const [key, id] of known.accepted) {
          if (onDisk.has(id) || known.damaged.has(id) || known.mayBePurged(id)) continue;
          broken(`${key} as ${id}`);
        }
      },
    }),
  },
  {
    breach: 'accepted twice',
    says: {
      page: 'requirements',
      sentence: 'Submitting the same request twice under one idempotency key makes one operation',
    },
    requirements: ['OP-8'],
    watch: (known, broken) => ({
      accepted: ({ key, id }) => {
        const earlier = known.accepted.get(key);
        if (earlier === undefined || known.damaged.has(earlier)) return;
        if (earlier !== id) broken(`${key} as ${earlier} and ${id}`);
      },
    }),
  },
  {
    breach: 'untyped error',
    says: {
      page: 'errors',
      sentence: 'Every error that holdfast makes is a `HoldfastError` with a stable `code`.',
    },
    requirements: ['OP-2'],
    needs: ['refusals'],
    watch: (_, broken) => ({
      refused: ({ key, code }) => {
        if (code === null) broken(key);
      },
    }),
  },
];
