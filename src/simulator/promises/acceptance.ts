/**
 * Acceptance: nothing accepted is lost, and one key is accepted once.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { isCrisisKey } from '../oracle/trace.ts';

/** Refusals that say nothing of the key: of a runtime that is closed or full, and of a disk in trouble. */
const MAY_COME_FIRST = /^HF_(?:STORE_.*|CLOSED|QUEUE_FULL)$/;

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
        // A key holds as long as its operation is kept.
        if (earlier !== id && !known.mayBePurged(earlier)) broken(`${key} as ${earlier} and ${id}`);
      },
    }),
  },
  {
    breach: 'another body taken',
    says: {
      page: 'how-to/rely-on-idempotency-keys',
      sentence: 'The same key with another payload is rejected with `HF_IDEMPOTENCY_CONFLICT`.',
    },
    requirements: ['OP-8'],
    watch: (known, broken) => {
      const firstOf = (key: string): string | null => {
        const first = known.accepted.get(key);
        const isKept = first !== undefined && !known.damaged.has(first);
        return isKept && !known.mayBePurged(first) ? first : null;
      };
      return {
        otherBody: ({ key, id }) => {
          const first = firstOf(key);
          if (first !== null) broken(`${key} as ${id}, after ${first}`);
        },
        otherBodyRefused: ({ key, code }) => {
          if (code === 'HF_IDEMPOTENCY_CONFLICT' || MAY_COME_FIRST.test(code ?? '')) return;
          const first = firstOf(key);
          if (first !== null) broken(`${key} is refused with ${code}, after ${first}`);
        },
      };
    },
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
  {
    breach: 'refused and stored',
    says: {
      page: 'durability',
      sentence: 'Nothing was accepted and nothing runs, not even after a kill',
    },
    requirements: ['OP-2'],
    needs: ['refusals'],
    watch: (known, broken) => {
      /** Keys of requests whose callers were told that nothing is stored. */
      const refused = new Set<string>();
      /** Keys that came more than once, or whose callers were left in doubt: one request may be stored. */
      const inDoubt = new Set<string>();
      return {
        accepted: ({ key }) => void inDoubt.add(key),
        askedAgain: ({ key }) => void inDoubt.add(key),
        refused: ({ key, isForSure }) => {
          if (isForSure !== true || refused.has(key) || isCrisisKey(key)) inDoubt.add(key);
          else refused.add(key);
        },
        attempted: ({ key, attempt }) => {
          if (refused.has(key) && !inDoubt.has(key)) broken(`attempt ${attempt} of ${key}`);
        },
        atRest: (rows) => {
          for (const { key, id } of rows) {
            if (!refused.has(key) || inDoubt.has(key) || known.accepted.has(key)) continue;
            broken(`${key} as ${id}`);
          }
        },
      };
    },
  },
];
