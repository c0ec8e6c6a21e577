/**
 * Once: no effect is doubled. A request reaches the upstream under one key, with one body, and not again after it has
 * ended.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { isCrisisKey, isEditKey, type Task } from '../oracle/trace.ts';

export const once: readonly Clause[] = [
  {
    breach: 'applied twice',
    says: {
      page: 'requirements',
      sentence: 'exactly-once on an upstream that honours the key while it keeps it',
    },
    requirements: ['OP-3'],
    outlivesRestore: true,
    watch: (_, broken) => {
      const seen = new Set<Task>();
      const edits = new Set<Task>();
      const forgotten = new Set<string>();
      return {
        // The work may be done again: the clause below judges that.
        keyForgotten: ({ key }) => void forgotten.add(key),
        applied: ({ task, key, isKeyless }) => {
          if (isKeyless === true) return;
          if (seen.has(task) && !forgotten.has(key)) broken(`${task} under ${key}`);
          seen.add(task);
          if (isEditKey(key, String(task))) edits.add(task);
        },
        // A device merges an edit that its backup has forgotten with the upstream's value, which is that edit.
        restored: () => {
          for (const task of edits) seen.delete(task);
        },
      };
    },
  },
  {
    breach: 'sent under a forgotten key',
    says: {
      page: 'how-to/rely-on-idempotency-keys',
      sentence: 'after that, an attempt whose outcome is unknown waits for a person',
    },
    requirements: ['RT-2', 'OP-3'],
    watch: (known, broken) => {
      let isMoved = false;
      return {
        // While a clock is behind, the time between two processes does not count.
        clockMoved: () => {
          isMoved = true;
        },
        // A backup knows nothing of what went out since.
        restored: () => {
          isMoved = true;
        },
        keyForgotten: ({ key, isExcused }) => {
          if (isMoved || isExcused || !known.applied.has(key) || isCrisisKey(key)) return;
          const id = known.idOf(key);
          // An earlier copy that a person has taken for the record knows nothing of what went out since either.
          if (known.hurried.has(id) || known.mayBeReplayed(id) || known.takenAnew.has(id)) return;
          broken(key);
        },
      };
    },
    outlivesRestore: true,
  },
  {
    breach: 'two keys',
    says: { page: 'requirements', sentence: 'One body has one key over all attempts and restarts' },
    requirements: ['OP-3', 'OP-8'],
    outlivesRestore: true,
    watch: (_, broken) => {
      const keys = new Map<Task, string>();
      return {
        attempted: ({ task, key }) => {
          const earlier = keys.get(task) ?? key;
          if (earlier !== key) broken(`${earlier} and ${key} for ${task}`);
          keys.set(task, key);
        },
      };
    },
  },
  {
    breach: 'body changed',
    says: {
      page: 'requirements',
      sentence:
        'After an unknown outcome the same body goes out under the same key until a person decides or it is known whether it was applied.',
    },
    requirements: ['OP-3'],
    needs: ['bodies'],
    outlivesRestore: true,
    watch: (_, broken) => {
      const sent = new Set<string>();
      /**
       * Edits that went out before a restore: their bodies carry what the device has seen, which it now counts from
       * the start.
       */
      const begunAnew = new Set<string>();
      return {
        attempted: ({ key }) => void sent.add(key),
        restored: () => {
          for (const key of sent) if (isEditKey(key, '')) begunAnew.add(key);
        },
        bodyChanged: ({ key }) => {
          if (!begunAnew.has(key)) broken(key);
        },
      };
    },
  },
  {
    breach: 'attempted after it completed',
    says: { page: 'durability', sentence: 'The ending is on disk. It will not run again' },
    requirements: ['OP-3', 'PS-2'],
    needs: ['oneOrder'],
    watch: (known, broken) => ({
      attempted: ({ key, id = known.accepted.get(key) ?? '', attempt }) => {
        // The runtime tells of a crisis's delivery before that is on disk (CR-4).
        if (known.outcomes.get(id)?.status !== 'completed' || known.isCrisis(id)) return;
        // A person has decided that an earlier copy of it is to run.
        if (known.takenAnew.has(id)) return;
        broken(`attempt ${attempt} of ${id}`);
      },
    }),
  },
  {
    breach: 'attempted after its end was on disk',
    says: { page: 'durability', sentence: 'The ending is on disk. It will not run again' },
    requirements: ['OP-3', 'PS-2'],
    watch: (known, broken) => {
      const ended = new Set<string>();
      return {
        disk: ({ rows }) => {
          for (const { id, key, outcome } of rows) {
            if (outcome === null) continue;
            const mayGoOn = outcome.status === 'deadLettered' && known.mayBeReplayed(id);
            if (!mayGoOn) ended.add(key);
          }
        },
        // An operation that was given up goes on once somebody runs it again.
        asked: ({ id, what }) => {
          if (what !== 'replay') return;
          for (const row of known.rows.values()) {
            if (row.outcome?.status === 'deadLettered' && (id ?? row.id) === row.id) {
              ended.delete(row.key);
            }
          }
        },
        attempted: ({ key, attempt }) => {
          // An earlier copy of a crisis is delivered, rather twice than never (CR-4); another one if a person says so.
          const isTaken = isCrisisKey(key) ? known.damaged.has(key) : known.takenAnew.has(key);
          if (ended.has(key) && !isTaken) broken(`attempt ${attempt} of ${key}`);
        },
      };
    },
  },
];
