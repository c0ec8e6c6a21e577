/**
 * Requests: each goes to the right place, under the key of its operation, no earlier than the upstream asked, and not
 * again where that could do the work twice.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { Task } from '../oracle/trace.ts';

export const requests: readonly Clause[] = [
  {
    breach: 'done twice without a key',
    says: {
      page: 'how-to/rely-on-idempotency-keys',
      sentence:
        'An attempt without an answer, or with a 5xx that leaves open how far it came, then waits as `inReview` instead of being repeated.',
    },
    requirements: ['RT-2', 'OP-3'],
    watch: (known, broken) => {
      const seen = new Set<Task>();
      return {
        applied: ({ task, key, isKeyless }) => {
          if (isKeyless !== true) return;
          const id = known.idOf(key);
          const isAskedFor = known.hurried.has(id) || known.mayBeReplayed(id);
          if (seen.has(task) && !isAskedFor) broken(`${task} under ${key}`);
          seen.add(task);
        },
      };
    },
  },
  {
    breach: 'came before it was time',
    says: {
      page: 'requirements',
      sentence: "`Retry-After` is honoured: of one 429, by the operation's subject.",
    },
    requirements: ['RT-2'],
    watch: (known, broken) => ({
      cameEarly: ({ key, byMs }) => {
        // A notice to people keeps its own pace.
        if (key.startsWith('escalation:')) return;
        const id = known.idOf(key);
        if (known.isCrisis(id) || known.hurried.has(id) || known.mayBeReplayed(id)) return;
        broken(`${key} by ${byMs} ms`);
      },
    }),
  },
  {
    breach: 'redirect followed',
    says: { page: 'how-to/call-an-http-api', sentence: 'a redirect, which is not followed' },
    requirements: ['RT-2'],
    watch: (_, broken) => ({
      followed: ({ key }) => {
        broken(key);
      },
    }),
  },
  {
    breach: 'key of no attempt',
    says: {
      page: 'how-to/rely-on-idempotency-keys',
      sentence:
        'Every attempt carries the same key, over restarts too, as the header `Idempotency-Key`',
    },
    requirements: ['OP-3'],
    watch: (_, broken) => ({
      strayed: ({ key }) => {
        broken(key);
      },
    }),
  },
];
