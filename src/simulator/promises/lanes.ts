/**
 * Order: operations of one entity run one at a time, and take effect in the order of their acceptance. A handler that
 * was given up and has not returned still runs.
 *
 * @module
 */

import type { SyncOperationState } from '../../../machines/operation/syncOperationMachine.ts';
import { waitReasonOf } from '../../../machines/operation/waitReason.ts';
import type { Clause } from '../oracle/clause.ts';
import type { DiskRow, TraceEvents } from '../oracle/trace.ts';

/** Names each effect of a lane that came after one with a higher rank. */
function unordered(
  effects: readonly TraceEvents['applied'][],
  rows: readonly DiskRow[],
  rankOf: (row: DiskRow) => number | undefined,
  broken: (detail: string) => void,
): void {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const last = new Map<string, { readonly rank: number; readonly key: string }>();
  for (const { key, isLate = false } of effects) {
    const row = byKey.get(key);
    if (row === undefined || row.lane === null) continue;
    // A late effect comes from an attempt that was given up or died with its process. An operation that ended
    // otherwise has left the lane without it; one that completed had its effect before the next in the lane began.
    if (isLate && row.outcome?.status !== 'completed') continue;
    const rank = rankOf(row);
    if (rank === undefined) continue;
    const before = last.get(row.lane);
    if (before !== undefined && rank < before.rank) {
      broken(`${key} after ${before.key} in ${row.lane}`);
    }
    if (before === undefined || rank > before.rank) last.set(row.lane, { rank, key });
  }
}

/** Names each head of a lane that is less urgent on disk than one that waits behind it. */
function unraised(rows: readonly DiskRow[], broken: (detail: string) => void): void {
  const heads = new Map<string, DiskRow | null>();
  const letters = new Set<string | null>();
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    if (row.outcome?.status === 'deadLettered') letters.add(row.lane);
    if (row.lane === null || row.outcome !== null) continue;
    const head = heads.get(row.lane);
    if (head === undefined) {
      // A dead letter holds this lane, so nobody is its head.
      const isHeld = letters.has(row.lane) && isInLane(row);
      heads.set(row.lane, isHeld ? null : row);
    } else if (head !== null && row.ownUrgency < head.urgency) {
      broken(`${row.key} behind ${head.key} in ${row.lane}`);
    }
  }
}

function isInLane({ state }: DiskRow): boolean {
  return waitReasonOf(state as SyncOperationState) === 'lane';
}

export const lanes: readonly Clause[] = [
  {
    breach: 'less urgent than who waits for it',
    says: {
      page: 'requirements',
      sentence:
        'The head of a lane is as urgent as the most urgent operation behind it, on disk, from the transaction that accepts that one.',
    },
    requirements: ['OP-4'],
    watch: (_, broken) => {
      /** Lanes whose head another hand has deleted or put back: the next in it is raised by the process that finds it. */
      const touched = new Set<string>();
      /** Lanes with a damaged record of unfinished work: it is found when it is read, and surely by a check that begins after. */
      const damaged = new Set<string>();
      return {
        touched: ({ lane = null }) => {
          if (lane !== null) touched.add(lane);
        },
        damaged: ({ lane = null }) => {
          if (lane !== null) damaged.add(lane);
        },
        looked: ({ health }) => {
          if (health.storeCheck.state === 'done') touched.clear();
          else {
            for (const lane of damaged) touched.add(lane);
            damaged.clear();
          }
        },
        atRest: (rows) => {
          const judged = rows.filter(
            ({ lane }) => lane === null || !(touched.has(lane) || damaged.has(lane)),
          );
          unraised(judged, broken);
        },
      };
    },
  },
  {
    breach: 'two in one lane',
    says: {
      page: 'requirements',
      sentence: 'Operations of one entity form a lane and run one at a time, in order',
    },
    requirements: ['OP-3', 'OP-4'],
    needs: ['attemptEnds'],
    watch: (_, broken) => {
      const running = new Map<string, Set<string>>();
      const lanesOf = new Map<string, string>();
      return {
        attempted: ({ task, attempt, process, lane }) => {
          if (lane === null || lane === undefined || process === undefined) return;
          const inLane = running.get(`${process} ${lane}`) ?? new Set();
          const [other] = inLane;
          if (other !== undefined) broken(`${other} and ${task} #${attempt} in ${lane}`);
          running.set(`${process} ${lane}`, inLane.add(`${task} #${attempt}`));
          lanesOf.set(`${process} ${task} #${attempt}`, lane);
        },
        returned: ({ task, attempt, process }) => {
          const lane = lanesOf.get(`${process} ${task} #${attempt}`);
          running.get(`${process} ${lane}`)?.delete(`${task} #${attempt}`);
        },
      };
    },
  },
  {
    breach: 'out of order',
    says: {
      page: 'requirements',
      sentence: 'Operations of one entity form a lane and run one at a time, in order',
    },
    requirements: ['OP-4'],
    watch: (known, broken) => {
      const effects: TraceEvents['applied'][] = [];
      return {
        applied: (event) => {
          // A record that was quarantined and released stands behind those that it was before.
          if (!known.damaged.has(event.key)) effects.push(event);
        },
        atRest: (rows) => {
          // An operation that a person runs again goes to the end of its lane, and may have had its effect before.
          const inOrder = rows.filter(({ id }) => !known.mayBeReplayed(id));
          unordered(effects, inOrder, ({ seq }) => seq, broken);
        },
      };
    },
  },
  {
    breach: 'not in the order of acceptance',
    says: {
      page: 'requirements',
      sentence: 'Operations of one entity form a lane and run one at a time, in order',
    },
    requirements: ['OP-4'],
    needs: ['orderOfAcceptance'],
    watch: (known, broken) => {
      const effects: TraceEvents['applied'][] = [];
      const ranks = new Map<string, number>();
      return {
        applied: (event) => void effects.push(event),
        accepted: ({ id, client }) => {
          // A client's answer takes time, and may arrive after that of a later operation.
          if (client === undefined && !ranks.has(id)) ranks.set(id, ranks.size);
        },
        finished: ({ rows }) => {
          // The clause above judges late effects of operations that did not complete. An operation that a person runs
          // again goes to the end of its lane.
          const completed = rows.filter(
            ({ id, outcome }) => outcome?.status === 'completed' && !known.mayBeReplayed(id),
          );
          unordered(effects, completed, ({ id }) => ranks.get(id), broken);
        },
      };
    },
  },
];
