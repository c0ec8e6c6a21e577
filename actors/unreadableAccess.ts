/**
 * Crises that can't be read, among those that people look at and decide about (CR-4, CR-5): they are listed with
 * their ids and since when, and a person takes one on. What else is decided of them is restored or purged.
 *
 * @module
 */

import { passesBy } from '../machines/policy/crisis/passes.ts';
import { type ErrorCode, HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { Standing } from '../machines/vocabulary/standing.ts';
import type { Store, StoredOperation } from '../persistence/port/store.ts';
import { decodeWork } from './charts/workRecord.ts';
import {
  acceptedAtMsOf,
  knownCode,
  type UnreadableCrises,
  type UnreadableCrisis,
} from './escalation/unreadableCrises.ts';
import type { CrisisAccess, CrisisView } from './recovery/crisisAccess.ts';

/** Where they are known: in a running process, or in a store at rest. */
interface UnreadableSource {
  all(): Promise<readonly UnreadableCrisis[]>;
  /** Nobody runs on a store at rest who would keep that one was taken on. */
  readonly running: {
    readonly crises: UnreadableCrises;
    readonly written: () => Promise<boolean>;
  } | null;
}

export function unreadableIn(
  crises: UnreadableCrises,
  journal: { readonly written: () => Promise<boolean> },
): UnreadableSource {
  return {
    all: () => Promise.resolve(crises.all),
    running: { crises, written: () => journal.written() },
  };
}

export function unreadableAtRest(store: Pick<Store, 'quarantine' | 'inHand'>): UnreadableSource {
  return {
    async all() {
      // First, since what can't be opened is quarantined by that.
      const found = await unreadInHand(store);
      for (let afterSeq = 0; ; ) {
        const rows = await store.quarantine({ afterSeq, limit: PAGE_ROWS });
        for (const { id, urgency, stood, code, setAsideAtMs } of rows) {
          if (!passesBy('flow', { urgency }) || stood === 'settled') continue;
          found.push(foundAtRest(id, knownCode(code), stood, setAsideAtMs));
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE_ROWS) return found;
        afterSeq = last.seq;
      }
    },
    running: null,
  };
}

const PAGE_ROWS = 128;

/** Those that open, and of which nobody here can read what they hold. */
async function unreadInHand(store: Pick<Store, 'inHand'>): Promise<UnreadableCrisis[]> {
  const found: UnreadableCrisis[] = [];
  let after: Parameters<Store['inHand']>[0]['after'] = null;
  for (;;) {
    const rows: readonly StoredOperation[] = await store.inHand({ after, limit: PAGE_ROWS });
    const crises = rows.filter((row) => passesBy('flow', row));
    for (const row of crises) {
      try {
        decodeWork(row);
      } catch (error) {
        const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
        found.push(foundAtRest(row.id, code, row.standing, null));
      }
    }
    const last = crises.at(-1);
    // The most urgent come first.
    if (last === undefined || crises.length < PAGE_ROWS) return found;
    after = { urgency: last.urgency, seq: last.seq };
  }
}

function foundAtRest(
  id: string,
  code: ErrorCode,
  stood: Standing | null,
  setAsideAtMs: number | null,
): UnreadableCrisis {
  const foundAtMs = setAsideAtMs ?? acceptedAtMsOf(id, Number.MAX_SAFE_INTEGER);
  const acceptedAtMs = acceptedAtMsOf(id, foundAtMs);
  return { id, acceptedAtMs, foundAtMs, code, stood, toldAtMs: null, takenOn: null };
}

/** The same crises, and those that can't be read. */
export function withUnreadable(access: CrisisAccess, source: UnreadableSource): CrisisAccess {
  const find = async (id: string): Promise<UnreadableCrisis | null> =>
    (await source.all()).find((one) => one.id === id) ?? null;
  return {
    ...access,
    async open() {
      const open = await access.open();
      const unreadable = (await source.all()).map(viewOf);
      if (unreadable.length === 0) return open;
      return [...open, ...unreadable].toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
    },
    async find(id) {
      const crisis = await find(id);
      return crisis === null ? await access.find(id) : viewOf(crisis);
    },
    async decide(id, decision) {
      if ((await find(id)) === null) return await access.decide(id, decision);
      if (source.running === null || decision.what !== 'acknowledge') throw notRead();
      const { crises, written } = source.running;
      const taken = crises.takeOn(id, decision.by, decision.note);
      if (taken === null) return await access.decide(id, decision);
      return { crisis: viewOf(taken), what: 'acknowledged', isDurable: await written() };
    },
  };
}

function viewOf(crisis: UnreadableCrisis): CrisisView {
  const { id, acceptedAtMs, foundAtMs, code, toldAtMs, takenOn } = crisis;
  const view = {
    ...{ id, type: null, subject: null, tier: null, upstream: null, attempt: 0, failure: code },
    delivery: 'unreadable',
    escalation:
      takenOn !== null
        ? 'acknowledged'
        : toldAtMs === null
          ? 'notifyDue'
          : 'awaitingAcknowledgement',
    ...{ acceptedAtMs, escalatedAtMs: foundAtMs, cause: 'unreadable', settledAtMs: null },
    ...{ steps: [], toldAtMs, takenOn: null },
    decisions: takenOn === null ? [] : [{ what: 'acknowledged', ...takenOn }],
  };
  return view as unknown as CrisisView;
}

function notRead(): HoldfastError {
  return new HoldfastError(
    'HF_QUARANTINED',
    "This crisis can't be read, and may have been delivered or not. A running process takes on from you that somebody looks after the person (acknowledge); else restore it (holdfast quarantine retry) or purge it. Nothing was changed.",
    { field: 'id' },
  );
}
