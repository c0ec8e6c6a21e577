/**
 * Endings: everything accepted ends once, in the right way, and every ending told is on disk.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { Known } from '../oracle/known.ts';
import { type DiskRow, isEditKey, type Task, type ToldOutcome } from '../oracle/trace.ts';

/** Tells whether two reports of one ending agree in all that both contain. */
function isSame(one: ToldOutcome, other: ToldOutcome): boolean {
  const fields = ['status', 'attempts', 'settledAtMs', 'code'] as const;
  return fields.every(
    (field) =>
      one[field] === undefined || other[field] === undefined || one[field] === other[field],
  );
}

/** Tells whether an operation may end once more: a dead letter that is replayed, and an earlier copy that a person takes for the record. */
function mayEndAgain(known: Known, id: string, told: ToldOutcome): boolean {
  return (told.status === 'deadLettered' && known.mayBeReplayed(id)) || known.takenAnew.has(id);
}

/**
 * Tells whether an ending on disk agrees with the one told. The runtime tells a crisis's ending before it is on disk
 * (CR-4), and a crash may make the crisis end again: then only its status must be the same, unless somebody asked for
 * its cancellation.
 */
function isKept(known: Known, id: string, told: ToldOutcome, kept: ToldOutcome): boolean {
  if (mayEndAgain(known, id, told)) return true;
  if (!known.isCrisis(id)) return isSame(told, kept);
  const statuses = [told.status, kept.status];
  return told.status === kept.status || (known.cancelled.has(id) && statuses.includes('cancelled'));
}

/** Tells whether an operation told as ended may be open on disk, or missing there. */
function mayBeOpen(
  known: Known,
  id: string,
  told: ToldOutcome,
  row: DiskRow | null | undefined,
): boolean {
  if (known.isCrisis(id)) return true;
  if (row !== undefined) return mayEndAgain(known, id, told);
  return told.status === 'deadLettered' && known.mayBePurged(id);
}

/** Crashes that are enough to convict work that ends the process, though most of them find it beside other work. */
const CRASHES_MAX = 60;

/** Tells whether an edit may have had its turn without an attempt. */
function isOverByComparing({ status }: ToldOutcome, failureCode: string | null): boolean {
  return status === 'completed' || failureCode?.startsWith('HF_UPSTREAM_') === true;
}

export const endings: readonly Clause[] = [
  {
    breach: 'ending changed',
    says: { page: 'durability', sentence: 'The ending is on disk. It will not run again' },
    requirements: ['PS-2'],
    watch: (known, broken) => ({
      ended: ({ id, outcome }) => {
        const earlier = known.outcomes.get(id);
        if (earlier === undefined || isKept(known, id, earlier, outcome)) return;
        broken(`${id} from ${earlier.status} to ${outcome.status}`);
      },
    }),
  },
  {
    breach: 'outcome not kept',
    says: { page: 'durability', sentence: 'every reported outcome is on disk' },
    requirements: ['PS-2'],
    watch: (known, broken) => {
      const compare = (id: string, told: ToldOutcome, row: DiskRow | null | undefined): void => {
        if (known.damaged.has(id)) return;
        const kept = row?.outcome ?? null;
        if (kept === null ? mayBeOpen(known, id, told, row) : isKept(known, id, told, kept)) return;
        broken(`${told.status} of ${id}`);
      };
      return {
        ended: ({ id, outcome, onDisk }) => {
          if (onDisk !== undefined) compare(id, outcome, onDisk);
        },
        atRest: (rows) => {
          const byId = new Map(rows.map((row) => [row.id, row]));
          for (const [id, told] of known.outcomes) compare(id, told, byId.get(id));
        },
      };
    },
  },
  {
    breach: 'completed without effect',
    says: { page: 'requirements', sentence: 'effects are at-least-once under it' },
    requirements: ['OP-3', 'PS-2'],
    watch: (known, broken) => ({
      atRest: (rows) => {
        for (const { id, key, outcome } of rows) {
          if (outcome?.status !== 'completed' || isEditKey(key, id)) continue;
          if (!known.applied.has(key) && !known.pretended.has(key)) broken(id);
        }
      },
    }),
  },
  {
    breach: 'not settled',
    says: {
      page: 'durability',
      sentence: 'The operation survives any crash, and reaches one of the endings of its chart',
    },
    requirements: ['OP-1', 'SV-3'],
    watch: (_, broken) => ({
      finished: ({ rows, mayWait }) => {
        for (const { id, state, outcome } of rows)
          if (outcome === null && mayWait?.has(id) !== true) broken(`${id} in ${state}`);
      },
    }),
  },
  {
    breach: 'never reported',
    says: {
      page: 'durability',
      sentence: 'The operation survives any crash, and reaches one of the endings of its chart',
    },
    requirements: ['OP-1'],
    needs: ['everyEnding'],
    watch: (known, broken) => ({
      finished: () => {
        for (const id of known.unreported) broken(id);
      },
    }),
  },
  {
    breach: 'never attempted',
    says: {
      page: 'requirements',
      sentence: 'So everything accepted gets its turn, unless its lane, backoff or rate holds it.',
    },
    requirements: ['OP-1'],
    watch: (known, broken) => ({
      finished: ({ rows }) => {
        for (const { id, key, outcome, failureCode } of rows) {
          if (outcome === null || known.attempted.has(key) || known.culprits.has(id)) continue;
          // An edit's turn begins by comparing: its upstream may refuse that, or hold all of it already.
          if (isEditKey(key, id) && isOverByComparing(outcome, failureCode)) continue;
          if (!['cancelled', 'expired'].includes(outcome.status)) broken(id);
        }
      },
    }),
  },
  {
    breach: 'wrong ending',
    says: {
      page: 'requirements',
      sentence:
        'durable settlement, and every ending: `completed`, `deadLettered`, `cancelled`, `expired`.',
    },
    requirements: ['OP-1'],
    needs: ['expectedEndings'],
    watch: (known, broken) => ({
      finished: ({ rows }) => {
        for (const { id, key, outcome, failureCode } of rows) {
          const expected = known.expected(key);
          if (outcome === null || expected === null || known.culprits.has(id)) continue;
          if (!expected.includes(outcome.status)) {
            broken(`${outcome.status} of ${key} (${failureCode ?? 'no failure'})`);
          }
        }
      },
    }),
  },
  {
    breach: 'given up too early',
    says: {
      page: 'errors',
      sentence: 'The last attempt that the retry policy allows failed',
    },
    requirements: ['OP-5', 'RT-1'],
    watch: (_, broken) => ({
      atRest: (rows) => {
        for (const { id, outcome, attemptsMax = null } of rows) {
          if (outcome?.code !== 'HF_ATTEMPTS_EXHAUSTED' || attemptsMax === null) continue;
          if (outcome.attempts < attemptsMax) broken(`${id} after ${outcome.attempts} attempts`);
        }
      },
    }),
  },
  {
    breach: 'given up in an outage',
    says: {
      page: 'requirements',
      sentence:
        'So an outage of any length dead-letters nothing but what alone is answered with failures.',
    },
    requirements: ['RT-1'],
    watch: (_, broken) => {
      /** Operations with an attempt at a time when some call was answered, or before that in the same outage. */
      const outside = new Set<Task>();
      /**
       * Last failure of each operation; true where it may be the operation's own fault: as far as its process knows,
       * it alone got a failure as an answer.
       */
      const isAlone = new Map<Task, boolean>();
      /** Operations that failed in an outage, by outage and process. */
      const failedIn = new Map<string, Map<number, Set<Task>>>();
      /** True while people hold a breaker: failures then count as they look. */
      let isHeld = false;
      return {
        attemptOver: ({ task, process, isSpent, outage }) => {
          if (outage === undefined) {
            outside.add(task);
            return;
          }
          const byProcess = failedIn.get(outage.name) ?? new Map<number, Set<Task>>();
          const failed = byProcess.get(process) ?? new Set();
          if (isSpent) failedIn.set(outage.name, byProcess.set(process, failed.add(task)));
          const others = failed.size - (failed.has(task) ? 1 : 0);
          isAlone.set(task, outage.isAnswered && others === 0);
        },
        // A redirect is an answer for good (docs/how-to/call-an-http-api.md), which ends a run of failures.
        redirected: ({ outage }) => {
          for (const failed of failedIn.get(outage)?.values() ?? []) {
            for (const task of failed) outside.add(task);
          }
        },
        ordered: ({ call, code }) => {
          isHeld ||= call.startsWith('breaker.') && code === null;
        },
        atRest: (rows) => {
          for (const { id, outcome } of isHeld ? [] : rows) {
            if (outcome?.code !== 'HF_ATTEMPTS_EXHAUSTED') continue;
            if (outside.has(id) || isAlone.get(id) !== false) continue;
            broken(`${id} after ${outcome.attempts} attempts`);
          }
        },
      };
    },
  },
  {
    breach: 'culprit not convicted',
    says: {
      page: 'requirements',
      sentence: 'work that kills the process ends in the dead letters',
    },
    requirements: ['RT-4'],
    watch: (_, broken) => ({
      endedProcess: ({ key, times }) => {
        if (times === CRASHES_MAX) broken(`${key} after ${times} crashes`);
      },
    }),
  },
  {
    breach: 'wrongly convicted',
    says: {
      page: 'requirements',
      sentence:
        'work that kills the process ends in the dead letters, and bystanders lose no attempt.',
    },
    requirements: ['RT-4'],
    watch: (known, broken) => ({
      atRest: (rows) => {
        for (const { id, failureCode } of rows) {
          if (failureCode === 'HF_CRASHES_PROCESS' && !known.culprits.has(id)) broken(id);
        }
      },
    }),
  },
];
