/**
 * Reasons: every wait has a true reason, and the end that it shows is still to come.
 *
 * @module
 */

import type { OperationView } from '../../../actors/port.ts';
import { crisisWaitsFor, isCrisisState } from '../../../machines/crisis/crisisDemand.ts';
import { BROUGHT_BACK } from '../../../machines/operation/repeatSafety.ts';
import type { SyncOperationState } from '../../../machines/operation/syncOperationMachine.ts';
import { waitReasonOf } from '../../../machines/operation/waitReason.ts';
import type { Clause } from '../oracle/clause.ts';
import { type Look, type OpenRow, standsStill } from '../oracle/look.ts';

/**
 * Time for which a row must be unchanged before its reason is judged: until then something under way may change it.
 */
const UNCHANGED_MS_MIN = 30_000;
/**
 * Distance behind the clock at which the end of a wait counts as past, and least time since the clock was set.
 */
const PAST_MS_MAX = 120_000;

type Reason = NonNullable<OperationView['wait']>['reason'];

/** Tests of whether a reason may be true of a row now. A reason that nothing could disprove is not listed. */
const HOLDS: Partial<Readonly<Record<Reason, (row: OpenRow, look: Look) => boolean>>> = {
  // A hold keeps an operation in its lane until the release, even when the lane becomes free.
  lane: ({ lane, seq }, { rows, health }) =>
    standsStill(health) ||
    rows.some((other) => lane !== null && other.lane === lane && other.seq < seq),
  backoff: ({ state }) => reasonOnChart(state) === 'backoff',
  startAt: ({ state }) => reasonOnChart(state) === 'startAt',
  handler: ({ type }, { world }) => !world.handled.has(type),
  conflict: ({ state }) => state === 'conflicted',
  review: ({ state }) => state === 'inReview',
  operator: ({ upstream }, { health }) => atOf(upstream, health)?.hold?.kind === 'forcedOpen',
  breaker: ({ upstream }, { health }) => isShut(upstream, health),
  probe: ({ upstream }, { health }) => isShut(upstream, health),
  storage: (_, { health }) => health.storage.state !== 'well',
  start: ({ upstream }, { health }) =>
    health.phase !== 'running' || standsStill(health) || upstream === null,
  stopping: (_, { health }) => health.phase !== 'running',
  subject: ({ upstream }, { health }) => (atOf(upstream, health)?.parkedSubjects ?? null) !== null,
  type: ({ upstream }, { health }) => (atOf(upstream, health)?.parkedTypes.length ?? 0) > 0,
  overhang: (_, { health }) => health.waiting.overhanging > 0,
};

/** The reason that the chart of this state has for a wait there: that of crises, or that of all other work. */
function reasonOnChart(state: string): string | null {
  return isCrisisState(state) ? crisisWaitsFor(state) : waitReasonOf(state as SyncOperationState);
}

function atOf(upstream: string | null, health: Look['health']) {
  return upstream === null ? undefined : health.upstreams[upstream];
}

function isShut(upstream: string | null, health: Look['health']): boolean {
  const breaker = atOf(upstream, health)?.breaker;
  return breaker === 'open' || breaker === 'halfOpen' || breaker === 'forcedOpen';
}

function* judged(look: Look): Generator<readonly [OperationView, OpenRow]> {
  if (look.world.upMs < UNCHANGED_MS_MIN || look.world.diskWellMs < UNCHANGED_MS_MIN) return;
  const byId = new Map(look.rows.map((row) => [row.id, row]));
  for (const view of look.views) {
    const row = byId.get(view.id);
    if (row !== undefined && row.unchangedMs >= UNCHANGED_MS_MIN) yield [view, row];
  }
}

export const reasons: readonly Clause[] = [
  {
    breach: 'wait without a true reason',
    says: {
      page: 'requirements',
      sentence: 'Every waiting operation has its reason, since when, and until when if known.',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        for (const [{ id, wait, state }, row] of judged(look)) {
          if (state === BROUGHT_BACK && row.standing === 'held' && wait?.reason !== 'lane') {
            broken(`${id} in ${state} says ${wait?.reason ?? 'none'}`);
          }
          if (wait === null) {
            const isAtRest = row.standing === 'due' || row.standing === 'held';
            if (isAtRest && !row.isCrisis) broken(`${id} in ${state} says none`);
            continue;
          }
          if (HOLDS[wait.reason]?.(row, look) === false) {
            broken(`${id} in ${state} says ${wait.reason}`);
          }
        }
      },
    }),
  },
  {
    breach: 'end of a wait is past',
    says: {
      page: 'requirements',
      sentence: 'The end of a wait is shown by the clock in force.',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        const { nowMs, upMs } = look.world;
        if (upMs < PAST_MS_MAX) return;
        for (const [{ id, wait }] of judged(look)) {
          const untilAtMs = wait?.untilAtMs ?? null;
          if (untilAtMs === null || untilAtMs >= nowMs - PAST_MS_MAX) continue;
          broken(`${id} waits for ${wait?.reason} until ${nowMs - untilAtMs} ms ago`);
        }
      },
    }),
  },
];
