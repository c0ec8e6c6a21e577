/**
 * Crises that can't be read, among those that people look at and decide about (CR-4, CR-5): they are listed with
 * their ids and since when, and a person takes one on. What else is decided of them is restored or purged.
 *
 * @module
 */

import type { ChainStep, CrisisDecision } from '../../machines/crisis/crisisEscalation.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import type { Store, StoredOperation } from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import {
  acceptedAtMsOf,
  knownCode,
  type UnreadableCrises,
  type UnreadableCrisis,
  type UnreadableTakenOn,
} from '../escalation/unreadableCrises.ts';
import type { CrisisAccess, CrisisView } from './crisisAccess.ts';

/** Where they are known: in a running process, or in a store at rest. */
interface UnreadableSource {
  all(): Promise<readonly UnreadableCrisis[]>;
  readonly viewOf: (crisis: UnreadableCrisis) => CrisisView;
  /** Nobody runs on a store at rest who would keep that one was taken on. */
  readonly running: {
    readonly crises: UnreadableCrises;
    readonly written: () => Promise<boolean>;
    /** How long an acknowledgement lasts that does not say, in milliseconds. */
    readonly acknowledgedMs: number;
  } | null;
}

export function unreadableIn(
  crises: UnreadableCrises,
  journal: { readonly written: () => Promise<boolean> },
  acknowledgedMs: number,
): UnreadableSource {
  return {
    all: () => Promise.resolve(crises.all),
    viewOf: (crisis) => viewOf(crisis, crises.stepsOf(crisis.id)),
    running: { crises, written: () => journal.written(), acknowledgedMs },
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
    viewOf: (crisis) => viewOf(crisis, []),
    running: null,
  };
}

const PAGE_ROWS = 128;

/** Crises in hand whose records open, and of which nobody here can read what they hold. */
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
  return {
    id,
    acceptedAtMs,
    foundAtMs,
    code,
    stood,
    toldAtMs: null,
    takenOn: null,
    lastTakenOn: null,
  };
}

/** The same crises, and those that can't be read. */
export function withUnreadable(access: CrisisAccess, source: UnreadableSource): CrisisAccess {
  const find = async (id: string): Promise<UnreadableCrisis | null> =>
    (await source.all()).find((one) => one.id === id) ?? null;
  return {
    ...access,
    async open() {
      const open = await access.open();
      const unreadable = (await source.all()).map(source.viewOf);
      if (unreadable.length === 0) return open;
      return [...open, ...unreadable].toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
    },
    async find(id) {
      const crisis = await find(id);
      return crisis === null ? await access.find(id) : source.viewOf(crisis);
    },
    async decide(id, decision) {
      if ((await find(id)) === null) return await access.decide(id, decision);
      const isOfReadable = decision.what === 'callOff' || decision.what === 'saySafe';
      if (source.running === null || isOfReadable) throw notRead();
      const { crises, written, acknowledgedMs } = source.running;
      const { by, note } = decision;
      const its =
        decision.what === 'release'
          ? crises.release(id)
          : crises.takeOn(id, { by, note, forMs: decision.forMs ?? acknowledgedMs });
      if (its === null) return await access.decide(id, decision);
      const what = decision.what === 'release' ? 'released' : 'acknowledged';
      return { crisis: source.viewOf(its), what, isDurable: await written() };
    },
  };
}

function viewOf(crisis: UnreadableCrisis, steps: readonly ChainStep[]): CrisisView {
  const { id, acceptedAtMs, foundAtMs, code, toldAtMs, takenOn, lastTakenOn } = crisis;
  const escalation = toldAtMs === null ? 'notifyDue' : 'awaitingAcknowledgement';
  return {
    ...{ id, type: null, subject: null, tier: null, upstream: null, attempt: 0, failure: code },
    delivery: 'unreadable',
    escalation: takenOn === null ? escalation : 'acknowledged',
    ...{ acceptedAtMs, escalatedAtMs: foundAtMs, cause: 'unreadable', settledAtMs: null },
    ...{ toldAtMs, steps, saidSafeAtMs: null, isTest: false },
    takenOn:
      takenOn === null
        ? null
        : {
            ...{ by: takenOn.by, atMs: takenOn.atMs, untilMs: takenOn.untilMs },
            ...{ step: null, asks: 0, askAtMs: null, askWaitMs: 0 },
          },
    decisions: lastTakenOn === null ? [] : [acknowledgedBy(lastTakenOn)],
  };
}

function acknowledgedBy({ by, note, atMs }: UnreadableTakenOn): CrisisDecision {
  return { what: 'acknowledged', by, note, atMs };
}

function notRead(): HoldfastError {
  return new HoldfastError(
    'HF_QUARANTINED',
    "This crisis can't be read, and may have been delivered or not. A running process takes on from you that somebody looks after the person (acknowledge); else restore it (holdfast quarantine retry) or purge it. Nothing was changed.",
    { field: 'id' },
  );
}
