/**
 * Requests: each goes to the right place, under the key of its operation, no earlier than the upstream asked, not again
 * where that could do the work twice, and not all at once to an upstream that is just back.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { isCrisisKey, type Task } from '../oracle/trace.ts';

/** A process, and an upstream as it knows it. */
interface At {
  readonly process: number;
  readonly upstream?: string | undefined;
}

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
    watch: (known, broken) => {
      /** The last attempt of each that timed out: an answer that came after that has nobody to wait for it. */
      const timedOut = new Map<Task, number>();
      /** Operations whose attempt before timed out. */
      const unasked = new Set<Task>();
      return {
        attemptOver: ({ task, attempt, isTimedOut = false }) => {
          if (isTimedOut) timedOut.set(task, attempt);
        },
        attempted: ({ task, attempt }) => {
          if (timedOut.get(task) === attempt - 1) unasked.add(task);
          else unasked.delete(task);
        },
        cameEarly: ({ key, byMs }) => {
          // A notice to people keeps its own pace.
          if (key.startsWith('escalation:')) return;
          const id = known.idOf(key);
          if (known.isCrisis(id) || known.hurried.has(id) || known.mayBeReplayed(id)) return;
          if (!unasked.has(id)) broken(`${key} by ${byMs} ms`);
        },
      };
    },
  },
  {
    breach: 'all at once after an outage',
    says: {
      page: 'requirements',
      sentence:
        'probe first, then slots reopen with successes, by priority, over memory and disk as one, so the backlog does not hit the upstream at once',
    },
    requirements: ['DG-3'],
    needs: ['attemptEnds'],
    watch: (_, broken) => {
      /** Attempts that may still begin at an upstream that is just back, by process and upstream. */
      const left = new Map<string, number>();
      const over = ({ process, upstream = '' }: At): void => {
        left.delete(`${process} ${upstream}`);
      };
      return {
        reopened: ({ process, upstream, atOnce }) => {
          left.set(`${process} ${upstream}`, atOnce);
        },
        attempted: ({ key, attempt, process, upstream = '' }) => {
          const at = `${process} ${upstream}`;
          const before = left.get(at);
          if (before === undefined || isCrisisKey(key)) return;
          if (before === 0) broken(`attempt ${attempt} of ${key} at ${upstream}`);
          left.set(at, before - 1);
        },
        attemptOver: over,
        slotsMoved: over,
      };
    },
  },
  {
    breach: 'attempt cut short',
    says: {
      page: 'requirements',
      sentence:
        'A longer one set for a handler, type or tier prevails: measuring never shortens it',
    },
    requirements: ['PF-1'],
    watch: (_, broken) => ({
      cutShort: ({ key, byMs }) => {
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
