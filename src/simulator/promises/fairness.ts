/**
 * Fairness: no failing endpoint, subject or type holds up others, and people are told of a crisis that nobody takes.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import type { Look } from '../oracle/look.ts';
import { Takings } from './takings.ts';

/** Least wait before a clause judges a turn to be late. */
const TURN_MS_MIN = 900_000;
/** Longest time until a look sees the escalation of a crisis. */
const ESCALATED_WITHIN_MS = 60_000;

/** Tells whether people's orders, options or the process itself hold back work of this upstream. */
function isKeptBack({ health }: Look, upstream: string): boolean {
  const at = health.upstreams[upstream];
  return (
    at === undefined ||
    at.hold !== null ||
    at.flow.ratePerSecond !== null ||
    health.level !== 'normal' ||
    health.hold !== null ||
    health.phase !== 'running' ||
    health.storage.state !== 'well'
  );
}

export const fairness: readonly Clause[] = [
  {
    breach: 'held up by others',
    says: {
      page: 'requirements',
      sentence:
        "A type whose every probe fails while another's succeed is parked by itself: it goes on being probed, holds up nothing else, and health names it.",
    },
    requirements: ['CB-2', 'DG-2'],
    needs: ['looks'],
    watch: (_, broken) => {
      /** Last look at which something held back work of each upstream: the work gets its turn after that. */
      const keptBackAtMs = new Map<string, number>();
      return {
        looked: (look) => {
          const { rows, world, health } = look;
          for (const name of Object.keys(health.upstreams)) {
            if (isKeptBack(look, name)) keptBackAtMs.set(name, world.atMs);
          }
          const sameMs = Math.min(world.upMs, world.diskWellMs);
          for (const row of rows) {
            const { upstream, state, type, isCrisis, unchangedMs } = row;
            const withinMs = world.turnWithinMs[upstream ?? ''];
            if (upstream === null || withinMs === undefined) continue;
            const limitMs = Math.max(TURN_MS_MIN, withinMs);
            if (sameMs < limitMs || state !== 'waiting' || isCrisis) continue;
            const freeMs = world.atMs - (keptBackAtMs.get(upstream) ?? Number.NEGATIVE_INFINITY);
            const wellMs = Math.min(unchangedMs, world.typeWellMs[type] ?? 0, freeMs);
            if (wellMs < limitMs || health.upstreams[upstream] === undefined) continue;
            broken(`${row.id} (${type}) at ${upstream} for ${unchangedMs} ms`);
          }
        },
      };
    },
  },
  {
    breach: 'crisis not escalated',
    says: {
      page: 'requirements',
      sentence:
        'or when it is not delivered within `crisis.escalateAfterMs` (60 s) of acceptance for whatever reason',
    },
    requirements: ['CR-5'],
    needs: ['looks'],
    // A backup keeps who has taken on a crisis.
    outlivesRestore: true,
    watch: (_, broken) => {
      /** Last look at a held store: work accepted before that waits until the hold is over. */
      let heldAtMs = Number.NEGATIVE_INFINITY;
      const takings = new Takings();
      return {
        asked: (order) => {
          takings.noteAsked(order);
        },
        ordered: (order) => {
          takings.noteOrder(order);
        },
        looked: ({ rows, health, world }) => {
          takings.noteLook(world);
          const limitMs = world.escalateAfterMs + ESCALATED_WITHIN_MS;
          if (health.phase !== 'running' || health.hold !== null) heldAtMs = world.atMs;
          // A disk that takes no writes may lack the ending of a delivered crisis.
          if (Math.min(world.upMs, world.diskWellMs, world.atMs - heldAtMs) < limitMs) return;
          const overdue = rows.filter(
            ({ id, isCrisis, isTest, openMs }) =>
              isCrisis && !isTest && openMs >= limitMs && !takings.mayBeFirst(id, world, limitMs),
          );
          if (overdue.length <= health.crises.escalated) return;
          broken(
            `${overdue.length} undelivered, ${health.crises.escalated} escalated, ${overdue[0]?.id} in ${overdue[0]?.state} for ${overdue[0]?.openMs} ms`,
          );
        },
      };
    },
  },
];
