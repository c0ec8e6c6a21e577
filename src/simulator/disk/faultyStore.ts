/**
 * A store that fails, delays and hangs as a test says.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import {
  forwardBeside,
  forwardQuestions,
  type Question,
} from '../../../persistence/port/questions.ts';
import type { Store, Write, WriteResult } from '../../../persistence/port/store.ts';

/**
 * Fate of a commit: it works; it fails unwritten, and the caller knows that or not; it fails though it was written,
 * as when the answer is lost; or it is acknowledged before it is written, which is a planted bug.
 */
export type CommitFate =
  | 'works'
  | 'failsUnwritten'
  | 'failsInDoubt'
  | 'failsWritten'
  | 'acknowledgedUnwritten';

export interface Faults {
  /** Decides over each commit, in order. */
  fate: (writes: readonly Write[]) => CommitFate;
  /** Chooses the error of a commit or an opening that fails. */
  failure: () => ErrorCode;
  /** Time that the disk takes for a commit. */
  delayMs: () => number;
  /** Changes a write before the disk gets it. */
  rewrite: (write: Write) => Write;
  /** Tells whether a read fails. */
  readFails: () => boolean;
  /** Tells whether the store refuses to open. */
  openFails: () => boolean;
  /** Resolves once the disk answers again; `null` while it does. */
  hang: () => Promise<void> | null;
  /** The same for what is asked beside the writer: a disk that syncs nothing may read all the same. */
  looksHang: () => Promise<void> | null;
}

/** Makes a set without faults. */
export function noFaults(): Faults {
  return {
    fate: () => 'works',
    failure: () => 'HF_STORE_UNAVAILABLE',
    delayMs: () => 0,
    rewrite: (write) => write,
    readFails: () => false,
    openFails: () => false,
    hang: () => null,
    looksHang: () => null,
  };
}

/** The store of one process, until the process is killed. */
export interface FaultyStore extends Store {
  readonly faults: Faults;
  /** Time for which the disk has ended no commit, while one is waited for. */
  silentMs(): number;
  /** Kills the process: pending calls may take effect or not, and nobody hears of them. */
  kill(): void;
}

/**
 * Creates a store that fails as disks do. Several in turn may share one `inner`, as processes follow each other on a
 * file. Calls keep their order, however slow one is.
 */
export function createFaultyStore(inner: Store, clock: Clock, faults = noFaults()): FaultyStore {
  let isKilled = false;
  let tail: Promise<unknown> = Promise.resolve();
  /** Times at which the commits began that are waited for, in order. */
  const commitsOut: number[] = [];
  let endedMs = Number.NEGATIVE_INFINITY;

  /** Runs calls in turn; a dead process never gets an answer. */
  const inTurn = async <T>(act: () => Promise<T>): Promise<T> => {
    const turn = tail.then(async () => {
      for (let hang = faults.hang(); hang !== null; hang = faults.hang()) await hang;
      if (isKilled) return await never<T>();
      try {
        const result = await act();
        return isKilled ? await never<T>() : result;
      } catch (error) {
        // The process died during the call.
        if (isKilled) return await never<T>();
        throw error;
      }
    });
    tail = turn.catch(() => undefined);
    return await turn;
  };
  const read = <T>(act: () => Promise<T>): Promise<T> =>
    inTurn(async () => {
      if (faults.readFails()) throw failed(faults.failure());
      return await act();
    });
  /** Reads beside what is under way: no commit and no hanging sync is waited for. */
  const look = async <T>(act: () => Promise<T>): Promise<T> => {
    for (let hang = faults.looksHang(); hang !== null; hang = faults.looksHang()) await hang;
    if (isKilled) return await never<T>();
    if (faults.readFails()) throw failed(faults.failure());
    const result = await act();
    return isKilled ? await never<T>() : result;
  };
  const commit = async (writes: readonly Write[]): Promise<readonly WriteResult[]> => {
    const delayMs = faults.delayMs();
    if (delayMs > 0) {
      await new Promise<void>((resolve) => {
        clock.schedule(delayMs, resolve);
      });
    }
    if (isKilled) return await never();
    switch (faults.fate(writes)) {
      case 'works':
        return await inner.commit(writes.map(faults.rewrite));
      case 'failsUnwritten':
        throw failed(faults.failure());
      case 'failsInDoubt':
        throw failed(faults.failure(), true);
      case 'failsWritten':
        await inner.commit(writes.map(faults.rewrite));
        throw failed(faults.failure(), true);
      case 'acknowledgedUnwritten':
        return writes.map(pretendResult);
    }
  };

  return {
    ...forwardQuestions((question, query) => read(() => askOf(inner, question, query))),
    beside: forwardBeside((question, query) => look(() => askOf(inner, question, query))),
    faults,
    kill: () => {
      isKilled = true;
    },
    open: () =>
      inTurn(() => {
        if (faults.openFails()) throw failed(faults.failure());
        return inner.open();
      }),
    nextSeq: () => inner.nextSeq(),
    silentMs: () => {
      const nowMs = clock.monotonic();
      return nowMs - Math.max(endedMs, commitsOut[0] ?? nowMs);
    },
    commit: async (writes) => {
      commitsOut.push(clock.monotonic());
      try {
        return await inTurn(() => commit(writes));
      } finally {
        commitsOut.shift();
        endedMs = clock.monotonic();
      }
    },
    spill: (write) => inTurn(() => inner.spill(write)),
    clearErased: () => read(() => inner.clearErased()),
    onQuarantine: (listener) => {
      inner.onQuarantine((row) => {
        if (!isKilled) listener(row);
      });
    },
    onNotice: (listener) => {
      inner.onNotice((notice) => {
        if (!isKilled) listener(notice);
      });
    },
    spillLine: () => null,
    close: () => inTurn(() => inner.close()),
  };
}

function askOf(store: Store, question: Question, query: unknown): Promise<unknown> {
  const ask = store[question] as (query: unknown) => Promise<unknown>;
  return ask.call(store, query);
}

/** Makes the answer of a store that lies. */
function pretendResult(write: Write): WriteResult {
  switch (write.kind) {
    case 'accept':
      return { kind: 'accepted', laneBusy: false, raised: null };
    case 'update':
      return { kind: 'updated', laneNext: null };
    case 'withdraw':
      return { kind: 'withdrawn', laneNext: null };
    case 'replay':
      return { kind: 'replayed', laneBusy: false, raised: null };
    case 'purge':
      return { kind: 'purged', laneNext: null };
    case 'quarantine':
      return { kind: 'quarantined' };
    case 'reinstate':
      return { kind: 'notReinstated', code: 'HF_INTERNAL' };
    case 'purgeSettled':
      return { kind: 'purgedSettled', count: 0, nextDueAtMs: null };
    case 'component':
      return { kind: 'componentKept' };
    case 'crisisMode':
    case 'crisisModes':
      return { kind: 'crisisModesKept' };
    case 'crisisPlan': {
      const { subject, plan = null, isPinned = false } = write;
      return { kind: 'crisisPlanKept', kept: { subject, plan, isPinned } };
    }
    case 'keep':
      return { kind: 'kept', revision: write.text === null ? 0 : (write.revision ?? 0) + 1 };
    case 'purgeKept':
      return { kind: 'purgedKept', count: 0, nextDueAtMs: null };
    case 'hold':
      return { kind: 'holdKept' };
    case 'anchored':
      return { kind: 'anchored' };
    case 'audit':
      return { kind: 'audited' };
  }
}

function failed(code: ErrorCode, mayBeStored = false): HoldfastError {
  return new HoldfastError(code, 'The disk failed, as the test wanted.', {
    retry: 'later',
    mayBeStored,
    withStack: false,
  });
}

async function never<T>(): Promise<T> {
  return await new Promise<T>(() => undefined);
}
