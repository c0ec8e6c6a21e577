/**
 * Stores with planted defects, for controls of the restart tests.
 *
 * @module
 */

import type { AuditNote } from '../../../persistence/port/audit.ts';
import type { Store, UpdateWrite, Write, WriteResult } from '../../../persistence/port/store.ts';
import type { AuditSabotage, EditSabotage, Sabotage } from './childRuntimeMessages.ts';

/** How much later than promised a sabotaged write reaches the disk. */
const LATE_MS = 150;

/** A store with a defect that the oracle of the restart tests must catch. */
export function sabotaged(
  store: Store,
  sabotage: Sabotage | EditSabotage | AuditSabotage,
  lateMs = LATE_MS,
): Store {
  const { commit } = defects(store, lateMs)[sabotage];
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commit') return commit;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

function defects(
  store: Store,
  lateMs: number,
): Record<Sabotage | EditSabotage | AuditSabotage, Pick<Store, 'commit'>> {
  return {
    acknowledgeBeforeCommit: answersBefore(store, () => true, lateMs),
    effectBeforeJournal: answersBefore(store, isOrder, lateMs),
    attemptCountNotDurable: changes(store, (write) =>
      write.kind === 'update' && write.standing !== 'settled'
        ? withContext(write, { attempt: 1 })
        : write,
    ),
    dueTimeForgotten: changes(store, (write) =>
      write.kind === 'update' && write.standing === 'due' ? { ...write, dueAtMs: 0 } : write,
    ),
    keyForgotten: changes(store, (write) =>
      write.kind === 'update' ? withContext(write, { idempotencyKey: 'another' }) : write,
    ),
    sentBodyForgotten: changes(store, (write) =>
      write.kind === 'update'
        ? { ...write, payload: asGiven(write.payload), newPayload: undefined }
        : write,
    ),
    endingNotRecorded: changes(store, (write) =>
      write.kind === 'update' ? { ...write, audit: undefined } : write,
    ),
    endingRecordedLater: recordsLater(
      store,
      (write) => (write.kind === 'update' ? { ...write, audit: undefined } : write),
      (write) => (write.kind === 'update' ? write.audit : undefined),
      lateMs,
    ),
    noteRecordedLater: recordsLater(
      store,
      (write) => (write.kind === 'audit' ? { kind: 'component', name: 'none', state: '' } : write),
      (write) => (write.kind === 'audit' ? write.note : undefined),
      lateMs,
    ),
    laneForgotten: changes(store, (write) =>
      write.kind === 'accept' ? { ...write, lane: null } : write,
    ),
  };
}

/** Puts something else on disk than was ordered. */
function changes(store: Store, change: (write: Write) => Write): Pick<Store, 'commit'> {
  return { commit: async (writes) => await store.commit(writes.map(change)) };
}

/** Records some of what was done a little later, as a listener to facts would. */
function recordsLater(
  store: Store,
  without: (write: Write) => Write,
  noteOf: (write: Write) => AuditNote | undefined,
  lateMs: number,
): Pick<Store, 'commit'> {
  return {
    commit: async (writes) => {
      const results = await store.commit(writes.map(without));
      const notes = writes.map(noteOf).filter((note) => note !== undefined);
      setTimeout(() => {
        void store.commit(notes.map((note) => ({ kind: 'audit', note })));
      }, lateMs);
      return results;
    },
  };
}

/** Answers some writes at once and performs them later; what follows them waits behind them. */
function answersBefore(
  store: Store,
  isEarly: (write: Write) => boolean,
  lateMs: number,
): Pick<Store, 'commit'> {
  let last: Promise<unknown> = Promise.resolve();
  return {
    commit: async (writes) => {
      const early = writes.every(isEarly);
      const performed = last.then(async () => {
        if (early) await new Promise((resolve) => setTimeout(resolve, lateMs));
        return await store.commit(writes);
      });
      last = performed;
      return early ? writes.map(guess) : await performed;
    },
  };
}

function isOrder(write: Write): boolean {
  return write.kind === 'update' && stateOf(write.state).value === 'ordering';
}

function guess(write: Write): WriteResult {
  switch (write.kind) {
    case 'accept':
      return { kind: 'accepted', laneBusy: false, raised: null };
    case 'update':
      return { kind: 'updated', laneNext: null };
    case 'withdraw':
      return { kind: 'withdrawn', laneNext: null };
    default:
      return { kind: 'componentKept' };
  }
}

function withContext(write: UpdateWrite, changed: object): UpdateWrite {
  const state = stateOf(write.state);
  return {
    ...write,
    state: JSON.stringify({ ...state, context: { ...state.context, ...changed } }),
  };
}

/** The body of an edit as its app gave it, without what it is sent as. */
function asGiven(payload: string | null): string | null {
  if (payload === null) return null;
  const { merged: _, ...given } = JSON.parse(payload) as { readonly merged?: object };
  return JSON.stringify(given);
}

function stateOf(text: string): { readonly value: string; readonly context: object } {
  return JSON.parse(text) as { value: string; context: object };
}
