/**
 * State before effect: the disk knows of every attempt, and no crash spends an attempt or resets the count.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { Known } from '../oracle/known.ts';
import { isCrisisKey, type Task } from '../oracle/trace.ts';

/**
 * A dead letter that is run again begins with attempt 1, a purged one has no attempt on disk, and an earlier copy that a
 * person takes for the record goes on from its own.
 */
function isCountedAnew(known: Known, id: string): boolean {
  return known.mayBeReplayed(id) || known.mayBePurged(id) || known.takenAnew.has(id);
}

export const attempts: readonly Clause[] = [
  {
    breach: 'effect before state',
    says: {
      page: 'requirements',
      sentence: 'No effect of a state runs before that state is durable',
    },
    requirements: ['PS-2', 'RT-4'],
    watch: (known, broken) => {
      const highest = new Map<string, number>();
      const ids = new Map<string, string>();
      return {
        // Operations whose callers were left in doubt count, too.
        attempted: ({ key, attempt, id = known.accepted.get(key) ?? '' }) => {
          ids.set(key, id);
          if (!isCrisisKey(key)) highest.set(key, Math.max(attempt, highest.get(key) ?? 0));
        },
        atRest: (rows) => {
          // An edit that was made again before its first attempt is only known by its id.
          const onDisk = new Map(
            rows.flatMap((row) => [[row.key, row] as const, [row.id, row] as const]),
          );
          for (const [key, attempt] of highest) {
            const row = onDisk.get(key);
            // A crisis is the listed exception: its delivery starts beside the write (CR-4).
            if (row?.isCrisis === true || known.damaged.has(key)) continue;
            if (isCountedAnew(known, row?.id ?? ids.get(key) ?? '')) continue;
            if (attempt > (row?.attempt ?? 0)) broken(`attempt ${attempt} of ${key}`);
          }
        },
      };
    },
  },
  {
    breach: 'attempt not ordered',
    says: { page: 'durability', sentence: 'every effect was ordered on disk before it began' },
    requirements: ['PS-2'],
    needs: ['diskAtAnyMoment'],
    watch: (_, broken) => ({
      attempted: ({ key, attempt, onDisk }) => {
        if (isCrisisKey(key) || onDisk === undefined) return;
        const isOrdered = onDisk?.isOrdered === true && onDisk.attempt === attempt;
        if (!isOrdered) broken(`attempt ${attempt} of ${key}`);
      },
    }),
  },
  {
    breach: 'attempt went back',
    says: { page: 'requirements', sentence: 'A restart never resets the attempt count' },
    requirements: ['RT-4'],
    watch: (known, broken) => {
      const highest = new Map<Task, number>();
      return {
        attempted: ({ task, key, attempt, id = known.accepted.get(key) ?? '' }) => {
          const before = highest.get(task) ?? 0;
          if (attempt < before && !isCrisisKey(key) && !isCountedAnew(known, id)) {
            broken(`${key} from ${before} to ${attempt}`);
          }
          highest.set(task, Math.max(before, attempt));
        },
      };
    },
  },
  {
    breach: 'attempt spent by a crash',
    says: { page: 'requirements', sentence: 'bystanders lose no attempt' },
    requirements: ['RT-4'],
    needs: ['attemptEnds'],
    outlivesRestore: true,
    watch: (_, broken) => {
      const spent = new Set<string>();
      return {
        attemptOver: ({ task, attempt, isSpent }) => {
          if (isSpent) spent.add(`${task} #${attempt}`);
        },
        attempted: ({ task, key, attempt }) => {
          if (attempt === 1 || isCrisisKey(key) || spent.has(`${task} #${attempt - 1}`)) return;
          broken(`attempt ${attempt - 1} of ${key}`);
        },
      };
    },
  },
];
