/**
 * Waits: no restart shortens or lengthens a pending delay.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { AHEAD_MS_MAX } from '../oracle/trace.ts';

/** Longest delay until a look sees the end of a pause. */
const ENDS_WITHIN_MS = 60_000;

export const waits: readonly Clause[] = [
  {
    breach: 'pause lengthened',
    says: { page: 'requirements', sentence: 'never shortens or lengthens a pending delay' },
    requirements: ['RT-4'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ rows, views, world }) => {
        const byId = new Map(rows.map((row) => [row.id, row]));
        for (const { id, wait } of views) {
          const { pauseMs = null, unchangedMs = 0 } = byId.get(id) ?? {};
          if (wait?.reason !== 'backoff' || pauseMs === null) continue;
          const forMs = Math.min(unchangedMs, world.upMs, world.diskWellMs);
          if (forMs > pauseMs + ENDS_WITHIN_MS) broken(`${id}: ${forMs} ms, of ${pauseMs}`);
        }
      },
    }),
  },
  {
    breach: 'before it was due',
    says: { page: 'requirements', sentence: 'never shortens or lengthens a pending delay' },
    requirements: ['RT-4'],
    outlivesRestore: true,
    watch: (known, broken) => {
      let isMoved = false;
      /** Earliest time of each attempt, as the disk said at a crash. */
      const dueAtMs = new Map<string, number>();
      return {
        clockMoved: () => {
          isMoved = true;
        },
        // A backup may be of the time before that wait.
        restored: () => {
          dueAtMs.clear();
        },
        disk: ({ rows }) => {
          for (const row of rows) {
            if (row.isBackingOff) dueAtMs.set(`${row.key} #${row.attempt + 1}`, row.dueAtMs);
          }
        },
        attempted: ({ key, attempt, atMs, id = known.accepted.get(key) ?? '', onDisk }) => {
          if (isMoved || known.hurried.has(id) || known.mayBeReplayed(id)) return;
          const dueByDisk = dueAtMs.get(`${key} #${attempt}`) ?? 0;
          // The time stays on disk while its attempt is ordered.
          const dueByOrder = known.isCrisis(id) ? 0 : (onDisk?.dueAtMs ?? 0);
          const earlyMs = Math.max(dueByDisk, dueByOrder) - atMs;
          // The clock of a slow processor is a little ahead of the one that judges.
          if (earlyMs > AHEAD_MS_MAX) broken(`attempt ${attempt} of ${key}, ${earlyMs} ms early`);
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
        // An order to go on at once may be reported just after the write that it causes.
        finished: () => {
          for (const id of moved) if (!known.hurried.has(id)) broken(id);
        },
      };
    },
  },
];
