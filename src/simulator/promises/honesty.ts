/**
 * Honesty: what a device says of itself is true at any moment. Health reads counts a little after a change, so the
 * clauses judge them once nothing has changed for a while and the disk has answered all that time.
 *
 * @module
 */

import { madeAtMs } from '../../../actors/platform/operationId.ts';
import type { Overview } from '../../../inspector/protocol.ts';
import type { SyncOperationState } from '../../../machines/operation/syncOperationMachine.ts';
import {
  asksForSomebody,
  type WaitReason,
  waitReasonOf,
} from '../../../machines/operation/waitReason.ts';
import type { HealthStatus } from '../../views/health.ts';
import type { Clause } from '../oracle/clause.ts';
import { type Look, type OpenRow, standsStill } from '../oracle/look.ts';

/** Time within which health knows what is on disk: it reads counts again 5 s after a failed reading. */
const TOLD_WITHIN_MS = 15_000;
/** Longest that work may be due, with a slot free, before health must say so. */
const IDLE_MS_MAX = 180_000;

/** Time after which a disk that ends no write hangs, and a moment to say so. */
const HANGS_AFTER_MS = 6_000;
/** Longest that a first start may take before health must say so. */
const STARTS_WITHIN_MS = 5_000;

type Counted = keyof HealthStatus['waiting'];

const COUNTED_AS: Partial<Readonly<Record<WaitReason, Counted>>> = {
  conflict: 'conflicted',
  review: 'inReview',
  handler: 'handlerMissing',
  lane: 'inLane',
  startAt: 'scheduled',
  rate: 'rateLimited',
  turn: 'turn',
  backoff: 'turn',
};

/** Names the count that a row belongs to; `null` for a row under way. */
export function countedAs({ standing, state, isCrisis }: OpenRow): Counted | null {
  if (standing === 'deadLettered') return 'deadLettered';
  if (standing === 'inHand' || isCrisis) return null;
  const reason = waitReasonOf(state as SyncOperationState);
  // A brought-back operation has the same state behind others of its entity as in line.
  if (standing === 'held' && reason === 'turn') return 'inLane';
  return reason === null ? null : (COUNTED_AS[reason] ?? null);
}

/** Tells whether the process has known for long enough what is on disk. */
export function isSettled({ health, world }: Look): boolean {
  const leastMs = Math.min(world.upMs, world.diskWellMs, world.stillMs);
  return (
    leastMs >= TOLD_WITHIN_MS &&
    health.phase === 'running' &&
    health.storage.state === 'well' &&
    !standsStill(health)
  );
}

const JUDGED: readonly Counted[] = [
  'conflicted',
  'inReview',
  'handlerMissing',
  'deadLettered',
  'inLane',
  'scheduled',
  'rateLimited',
  'turn',
];

/** Tells whether people have to be told of the row. */
function needsPerson({ standing, state, isCrisis, isEdit }: OpenRow): boolean {
  if (standing === 'deadLettered') return true;
  if (standing === 'inHand' || isCrisis) return false;
  const reason = waitReasonOf(state as SyncOperationState);
  // Edits merge by themselves; their conflicts ask for a person.
  return reason !== null && asksForSomebody(reason) && !(reason === 'conflict' && isEdit);
}

/** Computes the overall health that the findings amount to. */
function worstOf(amiss: HealthStatus['findings']): HealthStatus['overall'] {
  if (amiss.some(({ health }) => health === 'critical')) return 'critical';
  return amiss.length > 0 ? 'degraded' : 'healthy';
}

/** Tells whether the upstream says that calls may go out, and none does. */
function isIdle({ health, world }: Look, upstream: string | null): boolean {
  const at = upstream === null ? undefined : health.upstreams[upstream];
  if (at?.breaker !== 'closed' || at.inFlight > 0 || at.hold !== null) return false;
  // Health owes an app that sets a rate no finding about a token still to come.
  return at.waits?.reason !== 'rate' || (at.waits.untilAtMs ?? 0) <= world.nowMs;
}

export const honesty: readonly Clause[] = [
  {
    breach: 'verdict without reason',
    says: {
      page: 'health',
      sentence: 'A finding whose `health` is `healthy` is a note: no reason, no cost',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ health: { overall, score, reasons, findings, components } }) => {
        const amiss = findings.filter(({ health }) => health !== 'healthy');
        const costs = amiss.reduce((sum, finding) => sum + finding.costs, 0);
        const isSaid =
          overall === worstOf(amiss) &&
          score === Math.max(0, 100 - costs) &&
          reasons.join() === amiss.map(({ reason }) => reason).join();
        if (!isSaid) broken(`${overall} ${score} for ${reasons.length} reasons`);
        for (const [component, said] of Object.entries(components)) {
          const is = worstOf(amiss.filter((finding) => finding.component === component));
          if (said !== is) broken(`${component} ${said}, by its findings ${is}`);
        }
      },
    }),
  },
  {
    breach: 'sums differ',
    says: {
      page: 'requirements',
      sentence: 'Health counts them by reason, and by upstream and rank',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ health: { queue, waiting } }) => {
        for (const reason of ['turn', 'inLane'] as const) {
          const sum = queue.reduce((all, row) => all + row[reason], 0);
          if (sum !== waiting[reason]) broken(`${reason} ${waiting[reason]}, by upstream ${sum}`);
        }
      },
    }),
  },
  {
    breach: 'count untrue',
    says: {
      page: 'requirements',
      sentence: 'Each count in health and `status` equals what the command named beside it lists.',
    },
    requirements: ['HM-1', 'OP-10'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        if (!isSettled(look)) return;
        const counts = new Map<Counted, number>();
        for (const row of look.rows) {
          const as = countedAs(row);
          if (as !== null) counts.set(as, (counts.get(as) ?? 0) + 1);
        }
        for (const as of JUDGED) {
          const [said, is] = [look.health.waiting[as], counts.get(as) ?? 0];
          if (said !== is) broken(`${as} ${said}, on disk ${is}`);
        }
      },
    }),
  },
  {
    breach: 'queue untrue',
    says: {
      page: 'requirements',
      sentence:
        'Health counts them by reason, and by upstream and rank with the oldest and since when.',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        if (!isSettled(look)) return;
        const { queue } = look.health;
        const names = new Set([...queue, ...look.rows].map(({ upstream }) => upstream));
        for (const name of names) {
          const said = queue.filter(({ upstream }) => upstream === name);
          for (const as of ['turn', 'inLane'] as const) {
            const rows = look.rows.filter((row) => row.upstream === name && countedAs(row) === as);
            const sum = said.reduce((all, row) => all + row[as], 0);
            if (sum !== rows.length) broken(`${as} ${sum} at ${name}, on disk ${rows.length}`);
            if (as === 'inLane' || rows.length === 0) continue;
            const oldest = rows.reduce((one, row) => (row.seq < one.seq ? row : one));
            const told = said.map(({ oldestAtMs }) => oldestAtMs);
            if (!told.includes(madeAtMs(oldest.id)))
              broken(`the oldest at ${name} is not ${oldest.id}`);
          }
        }
      },
    }),
  },
  {
    breach: 'nobody is told',
    says: { page: 'health', sentence: 'and `newerVersion` need somebody' },
    requirements: ['HM-1', 'OP-5'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        if (!isSettled(look) || look.health.overall !== 'healthy') return;
        const row = look.rows.find(needsPerson);
        if (row !== undefined) broken(`${row.id} in ${row.state} needs a person`);
      },
    }),
  },
  {
    breach: 'healthy while nothing starts',
    says: {
      page: 'requirements',
      sentence: 'or while work is due, a slot is free and nothing starts.',
    },
    requirements: ['HM-1'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: (look) => {
        const { health, rows, world } = look;
        const isJudged = Math.min(world.upMs, world.diskWellMs) >= IDLE_MS_MAX;
        if (!isJudged || health.overall !== 'healthy') return;
        for (const { id, state, upstream, unchangedMs, isCrisis } of rows) {
          const isDue = state === 'waiting' && !isCrisis && unchangedMs >= IDLE_MS_MAX;
          if (isDue && isIdle(look, upstream)) broken(`${id} at ${upstream}`);
        }
      },
    }),
  },
  {
    breach: 'a view waits for a write',
    says: { page: 'requirements', sentence: 'none waits for a commit or a sync' },
    requirements: ['PS-1'],
    needs: ['looks'],
    watch: (_known, broken) => ({
      looked: ({ world: { isViewWaiting, diskSilentMs } }) => {
        if (isViewWaiting) broken(`for ${Math.round(diskSilentMs)} ms`);
      },
    }),
  },
  {
    breach: 'healthy while the disk hangs',
    says: { page: 'requirements', sentence: 'Never `healthy` while the disk hangs' },
    requirements: ['HM-1', 'PS-6'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ health: { overall }, world: { diskSilentMs } }) => {
        if (overall === 'healthy' && diskSilentMs >= HANGS_AFTER_MS)
          broken(`for ${diskSilentMs} ms`);
      },
    }),
  },
  {
    breach: 'healthy while it starts',
    says: {
      page: 'health',
      sentence:
        'A first start of 5 s and longer, as with a large migration or a silent disk, is a reason: health is `degraded` until it ends',
    },
    requirements: ['HM-1', 'SV-6'],
    needs: ['looks'],
    watch: (_, broken) => ({
      looked: ({ health: { phase, overall }, world: { upMs } }) => {
        if (phase !== 'starting' || overall !== 'healthy' || upMs < STARTS_WITHIN_MS) return;
        broken(`for ${upMs} ms`);
      },
    }),
  },
  {
    breach: 'page differs from health',
    says: { page: 'requirements', sentence: 'page and health give the same counts' },
    requirements: ['OB-1', 'HM-1'],
    needs: ['looks'],
    watch: (_, broken) => {
      /**
       * Differences of the last page: a page may lag by a moment, so only a difference that the next page shows again
       * counts.
       */
      let before: readonly string[] = [];
      return {
        shown: ({ page, health }) => {
          const now = differences(page, health);
          for (const each of now) if (before.includes(each)) broken(each);
          before = now;
        },
      };
    },
  },
];

function differences(page: Overview, health: HealthStatus): readonly string[] {
  const both: readonly (readonly [string, unknown, unknown])[] = [
    ['overall', page.overall, health.overall],
    ['score', page.score, health.score],
    ['phase', page.phase, health.phase],
    ['level', page.level, health.level],
    ['storage', page.storage.state, health.storage.state],
    ['findings', page.findings.map(({ id }) => id), health.findings.map(({ id }) => id)],
    ...JUDGED.map((as) => [as, page.waiting[as], health.waiting[as]] as const),
  ];
  return both.flatMap(([what, shown, said]) => {
    const [one, other] = [JSON.stringify(shown), JSON.stringify(said)];
    return one === other ? [] : `${what} ${one}, in health ${other}`;
  });
}
