/**
 * The audit: what was done is recorded with it, and nothing else; an order before it is carried out.
 *
 * @module
 */

import { editIdOf } from '../../../machines/conflict/conflictRecord.ts';
import { isRecordedFirst } from '../../management/management.ts';
import { MANAGEMENT_CALLS } from '../../management/managementCalls.ts';
import type { AuditSeen } from '../oracle/auditAtRest.ts';
import type { Clause } from '../oracle/clause.ts';
import type { DiskRow } from '../oracle/trace.ts';

/** Calls that wait until their order is on disk. */
const RECORDED_FIRST: ReadonlySet<string> = new Set(
  MANAGEMENT_CALLS.filter(isRecordedFirst).map(({ name }) => name),
);

/** Counts the entries of each act about each operation. */
function countsOf({ entries }: AuditSeen): (act: string, id: string) => number {
  const counts = new Map<string, number>();
  for (const { act, operation } of entries) {
    if (operation === undefined) continue;
    const key = `${act} ${operation}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (act, id) => counts.get(`${act} ${id}`) ?? 0;
}

/** How often an ending of it has to be recorded beyond its replays. That of work that was done is in its history. */
function endingsOf({ isCrisis, outcome }: DiskRow): number {
  return Number(outcome !== null && (isCrisis || outcome.status !== 'completed'));
}

export const audit: readonly Clause[] = [
  {
    breach: 'audit unsound',
    says: { page: 'requirements', sentence: 'Tamper-evident: hash chain, tree' },
    requirements: ['AU-2'],
    needs: ['audit'],
    watch: (_, broken) => ({
      disk: ({ audit: seen }) => {
        for (const fault of seen?.faults ?? []) broken(fault);
      },
    }),
  },
  {
    breach: 'done and not recorded',
    says: { page: 'requirements', sentence: 'in the transaction of the action' },
    requirements: ['AU-1'],
    needs: ['audit'],
    watch: (known, broken) => ({
      disk: ({ rows, audit: seen }) => {
        if (seen === undefined) return;
        const count = countsOf(seen);
        for (const row of rows) {
          const { id, isCrisis, outcome } = row;
          if (known.damaged.has(id)) continue;
          const recorded = count('operation.ended', id) - count('operation.replayed', id);
          if (recorded < endingsOf(row)) broken(`${id} is ${outcome?.status ?? 'ended'}`);
          if (isCrisis && !seen.beside.has(id) && count('crisis.accepted', id) === 0)
            broken(`crisis ${id} was accepted`);
        }
      },
    }),
  },
  {
    breach: 'recorded and not done',
    says: { page: 'requirements', sentence: 'in the transaction of the action' },
    requirements: ['AU-1'],
    needs: ['audit'],
    watch: (known, broken) => ({
      disk: ({ rows, audit: seen }) => {
        if (seen === undefined) return;
        const count = countsOf(seen);
        const byId = new Map(rows.map((row) => [row.id, row]));
        const letters = new Map<string, number>();
        for (const { act, operation: id } of seen.entries) {
          if (id === undefined || known.damaged.has(id)) continue;
          const row = byId.get(id);
          const isPurged = count('operation.purged', id) > 0;
          if (act === 'operation.ended') letters.set(id, (letters.get(id) ?? 0) + 1);
          if (act === 'operation.replayed') letters.set(id, (letters.get(id) ?? 0) - 1);
          if ((letters.get(id) ?? 0) < 0) broken(`${id} was replayed, and was no dead letter`);
          const ended = count('operation.ended', id) - count('operation.replayed', id);
          if (act === 'operation.ended' && !isPurged && ended > (row ? endingsOf(row) : 0))
            broken(`${id} has ended`);
          if (act === 'operation.purged' && row !== undefined) broken(`${id} was purged`);
          if (count('operation.purged', id) > 1) broken(`${id} was purged twice`);
          if (act === 'crisis.accepted' && row === undefined && !isPurged)
            broken(`crisis ${id} was accepted`);
        }
      },
    }),
  },
  {
    breach: 'order not recorded',
    says: {
      page: 'requirements',
      sentence: 'An order is recorded before it is carried out.',
    },
    requirements: ['AU-1'],
    needs: ['audit'],
    watch: (_, broken) => {
      const answered = new Map<string, number>();
      return {
        ordered: ({ call, id, code }) => {
          if (code !== null || !RECORDED_FIRST.has(call)) return;
          const order = `${call} ${id === null ? '' : editIdOf(id)}`;
          answered.set(order, (answered.get(order) ?? 0) + 1);
        },
        disk: ({ audit: seen }) => {
          if (seen === undefined) return;
          const recorded = new Map<string, number>();
          for (const { act, call, operation = '', out } of seen.entries) {
            if (act !== 'call.made' || out !== 'asked') continue;
            const order = `${call} ${operation}`;
            recorded.set(order, (recorded.get(order) ?? 0) + 1);
          }
          for (const [order, count] of answered) {
            const found = recorded.get(order) ?? 0;
            if (found < count) broken(`${order}: answered ${count} times, recorded ${found}`);
          }
        },
      };
    },
  },
];
