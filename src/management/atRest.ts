/**
 * The management calls on a store at rest, which this process owns meanwhile.
 *
 * @module
 */

import { loadEntities } from '../../actors/conflict/loadEntities.ts';
import { systemClock, systemRandom } from '../../actors/platform/systemClock.ts';
import type { AnchorSource } from '../../actors/port.ts';
import { compareAtRest } from '../../actors/recovery/anchorKeeper.ts';
import { recordsAtRest } from '../../actors/recovery/recordsAtRest.ts';
import type { AtOpen } from '../../actors/recovery/subjectRecords.ts';
import { decodeConflict } from '../../machines/conflict/conflictRecord.ts';
import { checkRequest } from '../../machines/policy/request/request.ts';
import { PAYLOAD_BYTES_MAX } from '../../machines/policy/request/requestBody.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing, WaitsFor } from '../../machines/vocabulary/standing.ts';
import { openAtRest, type StoreOptions } from '../../persistence/openStore.ts';
import { type AnchorVerdict, anchorError } from '../../persistence/port/anchor.ts';
import type { Hold } from '../../persistence/port/review.ts';
import type { QuarantinedRow, Store } from '../../persistence/port/store.ts';
import { Management } from './management.ts';

/**
 * Opens a store that nobody owns, and closes it once `use` has ended.
 *
 * @throws HoldfastError (rejects) `HF_STORE_…` or `HF_KEY_…`, and what `use` throws.
 */
export async function withStoreAtRest<Result>(
  options: StoreOptions & {
    readonly onQuarantine: (row: QuarantinedRow) => void;
    /** The place of its anchor, which a release looks at. */
    readonly anchor?: AnchorSource | undefined;
  },
  use: (management: Management) => Promise<Result>,
): Promise<Result> {
  await loadEntities();
  const { store, info } = await openAtRest(options);
  store.onQuarantine(options.onQuarantine);
  try {
    const payloadBytesMax = PAYLOAD_BYTES_MAX;
    const { hold } = info;
    const { anchor } = options;
    const ports = { clock: systemClock, random: systemRandom };
    const opened = { store, hold, atOpen: info };
    return await use(managementAtRest({ ...opened, anchor, ...ports, payloadBytesMax }));
  } finally {
    await store.close();
  }
}

/** A store at rest, as its file counts it. */
export interface RestingStore {
  readonly hold: Pick<Hold, 'reason' | 'sinceAtMs'> | null;
  readonly counts: Readonly<Record<Standing, number>>;
  /** The conflicts that wait for a person, or whose decision is to be carried out. */
  readonly conflicts: { readonly count: number; readonly oldestAtMs: number | null };
  readonly waiting: Readonly<Record<Extract<WaitsFor, 'conflict' | 'review' | 'handler'>, number>>;
  /** The open crises, with those that can't be read. */
  readonly crises: {
    readonly count: number;
    readonly unreadable: number;
    /** When the oldest open crisis was accepted; `null` where there is none. */
    readonly sinceAtMs: number | null;
  };
}

/** Counts what a store at rest holds, and how much of it waits for a person. */
export async function restOf(store: Store, hold: Hold | null): Promise<RestingStore> {
  // This comes first, since it quarantines records that can't be opened.
  const open = await recordsAtRest(store, hold, systemClock, systemRandom).crises.open();
  const [counts, waiting, kept, oldest] = await Promise.all([
    store.counts(),
    store.blockedCounts(),
    store.keptCounts(),
    store.keptPage({ room: 'conflict', isOpen: true, order: 'oldest', fromSeq: 0, limit: 1 }),
  ]);
  const [first] = oldest.rows;
  const record = first !== undefined && 'text' in first ? decodeConflict(first.text) : null;
  const oldestAtMs = record?.openedAtMs ?? null;
  return {
    hold: hold && { reason: hold.reason, sinceAtMs: hold.sinceAtMs },
    conflicts: { count: kept.openConflicts, oldestAtMs },
    ...{ counts, waiting },
    crises: {
      count: open.length,
      unreadable: open.filter(({ delivery }) => delivery === 'unreadable').length,
      sinceAtMs: open[0]?.acceptedAtMs ?? null,
    },
  };
}

/** The calls on an open store without a runtime. */
export function managementAtRest(parts: {
  readonly store: Store;
  readonly hold: Hold | null;
  /** Results of the store's opening; left out: nothing beside what is in its tables. */
  readonly atOpen?: AtOpen | undefined;
  readonly anchor?: AnchorSource | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly payloadBytesMax: number;
}): Management {
  const { anchor, clock, random, payloadBytesMax } = parts;
  const records = recordsAtRest(parts.store, parts.hold, clock, random, parts.atOpen);
  return new Management({
    store: {
      records,
      clock,
      random,
      // The handlers, and what they exempt from the search for card data, are not known here.
      checkRequest: async (request) => checkRequest(request, { payloadBytesMax }),
      // The disk is not watched here: the person who waits can end the command.
      whileAnswering: (work) => work,
      release: async () =>
        records.release(anchor ? await ownAnchor(anchor, parts.store, clock) : null),
    },
    runtime: null,
    whenOpen: () => Promise.resolve(),
    via: 'commandLine',
    onOverride: () => undefined,
  });
}

/** How a store at rest stands to its anchor, and what there is to tell of that. */
export interface RestingAnchor {
  readonly verdict: AnchorVerdict;
  readonly error: HoldfastError | null;
}

/**
 * Compares a store at rest with what lies in a place; with nothing, where none is named.
 *
 * @throws HoldfastError (rejects) `HF_ANCHOR_UNREACHABLE`; `HF_STORE_…`.
 */
export async function anchorAtRest(
  store: Store,
  anchor: AnchorSource | undefined,
  clock: Clock,
): Promise<RestingAnchor> {
  const verdict =
    anchor === undefined
      ? await store.compareAnchor({ found: null })
      : await compareAtRest(anchor, store, clock);
  return { verdict, error: anchorError(verdict) };
}

/** @throws HoldfastError (rejects) as {@link anchorAtRest}; `HF_ANCHOR_REFUSED`, `HF_ANCHOR_MISSING` where what lies there is not of this store. */
async function ownAnchor(anchor: AnchorSource, store: Store, clock: Clock): Promise<AnchorVerdict> {
  const { verdict, error } = await anchorAtRest(store, anchor, clock);
  if (error?.code === 'HF_ANCHOR_REFUSED') throw error;
  // A place that was misspelt has nothing: the next start would hold the store again.
  if (error?.code === 'HF_ANCHOR_MISSING') {
    throw new HoldfastError(
      'HF_ANCHOR_MISSING',
      'There is no anchor in that place, and this store has one: nothing is released. Name the place where it is kept; or leave --anchor out.',
      { withStack: false },
    );
  }
  return verdict;
}
