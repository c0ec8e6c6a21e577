/**
 * Fairness: no failing endpoint, subject or type holds up others, and people are told of a crisis that nobody takes.
 *
 * @module
 */

import type { Clause } from '../oracle/clause.ts';
import { type Look, standsStill } from '../oracle/look.ts';
import { Takings } from './takings.ts';

/** Least wait before a clause judges a turn to be late. */
const TURN_MS_MIN = 900_000;
/** Longest time until a look sees the escalation of a crisis. */
const ESCALATED_WITHIN_MS = 60_000;

/** Tells whether people's orders, options or the process itself hold back work of this upstream. */
function isKeptBack({ health }: Look, upstream: string): boolean {
  const at = health.upstreams[upstream];
  const { overhanging } = health.waiting;
  return (
    at === undefined ||
    // As many may give their slots back as there are; the next one keeps its slot (OP-3).
    (overhanging > 0 && overhanging >= at.flow.slots) ||
    at.hold !== null ||
    at.flow.ratePerSecond !== null ||
    health.level !== 'normal' ||
    standsStill(health) ||
    health.phase !== 'running' ||
    health.storage.state !== 'well'
  );
}

/** Tells whether work of this upstream may wait for a probe. */
function isProbed({ health }: Look, upstream: string): boolean {
  const { breaker, parkedTypes, parkedSubjects } = health.upstreams[upstream] ?? {};
  return breaker !== 'closed' || parkedTypes?.length !== 0 || parkedSubjects !== null;
}

export const fairness: readonly Clause[] = [
  {
    breach: 'held up by others',
    says: {
      page: 'requirements',
      sentence: 'it goes on being probed, holds up nothing else',
    },
    requirements: ['CB-2', 'DG-2'],
    needs: ['looks'],
    watch: (_, broken) => {
      /** Last look at which something held back work of each upstream: the work gets its turn after that. */
      const keptBackAtMs = new Map<string, number>();
      /** Last look at which work of each upstream waited for probes, which options may put far apart. */
      const probedAtMs = new Map<string, number>();
      return {
        looked: (look) => {
          const { rows, world, health } = look;
          for (const name of Object.keys(health.upstreams)) {
            if (isKeptBack(look, name)) keptBackAtMs.set(name, world.atMs);
            if (isProbed(look, name)) probedAtMs.set(name, world.atMs);
          }
          const sameMs = Math.min(world.upMs, world.diskWellMs);
          const sinceOf = (times: ReadonlyMap<string, number>, upstream: string): number =>
            world.atMs - (times.get(upstream) ?? Number.NEGATIVE_INFINITY);
          for (const row of rows) {
            const { upstream, state, type, subject, isCrisis, unchangedMs } = row;
            if (upstream === null || state !== 'waiting' || isCrisis) continue;
            const upWithinMs = world.turnWhileUpMs[upstream] ?? Number.POSITIVE_INFINITY;
            const isUp = sinceOf(probedAtMs, upstream) >= Math.max(TURN_MS_MIN, upWithinMs);
            const withinMs = world.turnWithinMs[upstream] ?? (isUp ? upWithinMs : null);
            if (withinMs === null || !Number.isFinite(withinMs)) continue;
            const limitMs = Math.max(TURN_MS_MIN, withinMs);
            if (sameMs < limitMs) continue;
            const freeMs = sinceOf(keptBackAtMs, upstream);
            const ofSubjectMs = world.subjectWellMs[`${type} ${subject}`] ?? freeMs;
            const ofTypeMs = Math.min(world.typeWellMs[type] ?? 0, ofSubjectMs);
            const wellMs = Math.min(unchangedMs, ofTypeMs, freeMs);
            if (wellMs < limitMs || health.upstreams[upstream] === undefined) continue;
            broken(`${row.id} (${type}) at ${upstream} for ${unchangedMs} ms`);
          }
        },
      };
    },
  },
  {
    breach: 'parked and not named',
    says: {
      page: 'requirements',
      sentence:
        "and health names it. So is a subject whose every call of a type fails while others' succeed; health counts these.",
    },
    requirements: ['CB-2', 'HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ health: { upstreams, findings } }) => {
        const isNamed = (id: string, name: string): boolean =>
          findings.some((finding) => finding.id === id && finding.upstream === name);
        for (const [name, { parkedTypes, parkedSubjects }] of Object.entries(upstreams)) {
          if (parkedTypes.length > 0 && !isNamed('typeParked', name)) broken(`a type at ${name}`);
          if (parkedSubjects !== null && !isNamed('subjectsParked', name))
            broken(`a subject at ${name}`);
        }
      },
    }),
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
    watch: (known, broken) => {
      /** Last look at a held store: work accepted before that waits until the hold is over. */
      let heldAtMs = Number.NEGATIVE_INFINITY;
      const takings = new Takings();
      return {
        ...takings.hears,
        looked: ({ rows, health, world }) => {
          takings.noteLook(world);
          const limitMs = world.escalateAfterMs + ESCALATED_WITHIN_MS;
          if (health.phase !== 'running' || standsStill(health)) heldAtMs = world.atMs;
          // A disk that takes no writes may lack the ending of a delivered crisis.
          if (Math.min(world.upMs, world.diskWellMs, world.atMs - heldAtMs) < limitMs) return;
          const overdue = rows.filter(
            ({ id, isCrisis, isTest, openMs }) =>
              isCrisis &&
              !isTest &&
              openMs >= limitMs &&
              // Of an earlier copy that is put back under it, a process knows better how far the crisis is.
              !known.damaged.has(id) &&
              !takings.mayBeFirst(id, world, limitMs),
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
