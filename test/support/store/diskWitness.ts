/**
 * Records what is on disk at each moment of a test.
 *
 * @module
 */

import type { WorkContext, WorkState } from '../../../actors/charts/chartOfWork.ts';
import { decodeWork } from '../../../actors/charts/workRecord.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type {
  Raised,
  Standing,
  Store,
  Write,
  WriteResult,
} from '../../../persistence/port/store.ts';

/** An operation as it is on disk at this moment. */
export interface OnDisk {
  readonly seq: number;
  readonly standing: Standing;
  /** By which it is handed out. */
  readonly urgency: number;
  readonly state: WorkState;
  readonly context: WorkContext;
}

/** A disk that can be asked, without waiting, what is on it now. */
export interface DiskWitness {
  readonly store: Store;
  readonly find: (id: string) => OnDisk | undefined;
  readonly all: () => ReadonlyMap<string, OnDisk>;
  /** Waits that a write has changed although nothing had happened to the operation. */
  readonly changedWaits: readonly string[];
}

export function createDiskWitness(): DiskWitness {
  const inner = createMemoryStore();
  const rows = new Map<string, OnDisk>();
  const idOf = new Map<number, string>();
  const changedWaits: string[] = [];

  const note = (write: Write): void => {
    if (write.kind === 'withdraw') rows.delete(write.id);
    if (write.kind !== 'accept' && write.kind !== 'update') return;
    if (write.kind === 'accept') idOf.set(write.seq, write.id);
    const id = idOf.get(write.seq);
    if (id === undefined) return;
    const { state, snapshot } = decodeWork(write);
    const { context } = snapshot;
    const before = rows.get(id);
    const isSameWait = state === 'backingOff' && before?.state === state;
    if (isSameWait && before.context.wakeAtMs !== context.wakeAtMs) changedWaits.push(id);
    const isInLane = write.kind === 'update' && !write.leavesLane;
    const urgency = isInLane ? (before?.urgency ?? write.urgency) : write.urgency;
    rows.set(id, { seq: write.seq, standing: write.standing, urgency, state, context });
  };
  /** The head of a lane has another rank than its own. */
  const noteRank = (result: WriteResult | undefined): void => {
    const ranked = headOf(result);
    const row = ranked === null ? undefined : rows.get(ranked.id);
    if (ranked === null || row === undefined) return;
    rows.set(ranked.id, { ...row, urgency: ranked.urgency });
  };
  const store = new Proxy(inner, {
    get: (target, name) => {
      if (name !== 'commit') {
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      }
      return async (writes: readonly Write[]) => {
        const committing = target.commit(writes);
        // The memory store has written by now, unless it failed.
        const results = await committing;
        for (const [index, write] of writes.entries()) {
          const kind = results[index]?.kind;
          if (kind !== 'duplicate' && kind !== 'missing') note(write);
          noteRank(results[index]);
        }
        return results;
      };
    },
  });
  return { store, find: (id) => rows.get(id), all: () => rows, changedWaits };
}

/** The head of a lane that a write has raised or freed. */
function headOf(result: WriteResult | undefined): Raised | null {
  if (result === undefined) return null;
  if ('raised' in result) return result.raised;
  return 'laneNext' in result ? result.laneNext : null;
}
