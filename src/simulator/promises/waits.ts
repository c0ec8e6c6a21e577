/**
 * Waits: no restart shortens or lengthens a pending delay.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';

export const waits: readonly Clause[] = [
  {
    breach: 'before it was due',
    says: { page: 'requirements', sentence: 'never shortens or lengthens a pending delay' },
    requirements: ['RT-4'],
    needs: ['steadyWallClock'],
    watch: (known, broken) => {
      /** When an attempt may be made at the earliest, as the disk said at some crash. */
      const dueAtMs = new Map<string, number>();
      return {
        disk: ({ rows }) => {
          for (const row of rows) {
            if (row.isBackingOff) dueAtMs.set(`${row.key} #${row.attempt + 1}`, row.dueAtMs);
          }
        },
        attempted: ({ key, attempt, atMs, id = known.accepted.get(key) ?? '', onDisk }) => {
          if (known.hurried.has(id) || known.mayBeReplayed(id)) return;
          const dueByDisk = dueAtMs.get(`${key} #${attempt}`) ?? 0;
          // The instant stays on disk while the attempt that it was for is ordered.
          const dueByOrder = known.isCrisis(id) ? 0 : (onDisk?.dueAtMs ?? 0);
          const earlyMs = Math.max(dueByDisk, dueByOrder) - atMs;
          if (earlyMs > 0) broken(`attempt ${attempt} of ${key}, ${earlyMs} ms early`);
        },
      };
    },
  },
  {
    breach: 'due time moved',
    says: { page: 'requirements', sentence: 'never shortens or lengthens a pending delay' },
    requirements: ['RT-4'],
    needs: ['everyWrite'],
    watch: (known, broken) => {
      const moved = new Set<string>();
      return {
        dueTimeMoved: ({ id }) => void moved.add(id),
        // Whom somebody asks to go on at once may be asked just after the write.
        finished: () => {
          for (const id of moved) if (!known.hurried.has(id)) broken(id);
        },
      };
    },
  },
];
