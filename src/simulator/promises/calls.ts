/**
 * Guarded calls: each ends by its deadline, its function runs no more often than its caller allows, and nothing holds
 * back a call in a crisis.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';

/** Codes that never refuse a call in a crisis: it needs no permit, no queue and no rate. */
const HELD_BACK: readonly string[] = ['HF_UPSTREAM_DOWN', 'HF_QUEUE_FULL'];

export const calls: readonly Clause[] = [
  {
    breach: 'call outlived its deadline',
    says: { page: 'how-to/write-a-handler', sentence: 'with `HF_EXPIRED` after `deadlineMs`' },
    requirements: ['CB-1'],
    watch: (_, broken) => ({
      called: ({ upstream, isLate, code }) => {
        if (isLate) broken(`at ${upstream}: ${code ?? 'done'}`);
      },
    }),
  },
  {
    breach: 'call expired before its deadline',
    says: { page: 'how-to/write-a-handler', sentence: 'with `HF_EXPIRED` after `deadlineMs`' },
    requirements: ['CB-1'],
    watch: (_, broken) => ({
      called: ({ upstream, isEarly }) => {
        if (isEarly) broken(`at ${upstream}`);
      },
    }),
  },
  {
    breach: 'call made again',
    says: {
      page: 'how-to/write-a-handler',
      sentence:
        'The function may run again: with `isRepeatSafe: false` only where the upstream surely did nothing, and with `retry: false` never.',
    },
    requirements: ['RT-1'],
    watch: (_, broken) => ({
      called: ({ upstream, mayRepeat, runs, hasActedAgain }) => {
        if (hasActedAgain || (!mayRepeat && runs > 1)) broken(`at ${upstream}, ${runs} times`);
      },
    }),
  },
  {
    breach: 'call of a crisis held back',
    says: {
      page: 'how-to/write-a-handler',
      sentence: "A call with `priority: 'crisis'` always passes.",
    },
    requirements: ['CR-2'],
    watch: (_, broken) => ({
      called: ({ upstream, isCrisis, runs, code }) => {
        const hasPassed = code === null || !HELD_BACK.includes(code);
        if (isCrisis && (!hasPassed || (runs === 0 && code !== 'HF_CLOSED')))
          broken(`at ${upstream}: ${code}`);
      },
    }),
  },
];
