/**
 * What the chart of storage health is made of: its context, its events, its guards and actions. The chart itself
 * is in storageHealthMachine.ts.
 *
 * @module
 */

import { assign, setup } from 'xstate';
import {
  HANGING_AFTER_MS,
  nextProbeDelayMs,
  OVERDUE_AFTER_MS,
  type StorageTrouble,
} from '../policy/service/storageTrouble.ts';
import type { StateMeta } from '../vocabulary/stateMeta.ts';

export interface StorageHealthContext {
  /** Grows with every failure that counts. */
  readonly generation: number;
  /** When the present state was entered; `null` for the first. */
  readonly sinceAtMs: number | null;
  /** When the next probe is due; `null` while one is under way, and while none is needed. */
  readonly probeAtMs: number | null;
  /** How long the wait for that probe is, or was; 0 while storage is well. */
  readonly probeDelayMs: number;
}

export interface AtFacts {
  readonly atMs: number;
}

export interface WriteFacts extends AtFacts {
  /** The chart's generation when the write was posted. */
  readonly generation: number;
}

export interface OverdueFacts extends WriteFacts {
  /** How long nothing was answered, while that write was out. */
  readonly silentMs: number;
}

export interface CommitFacts extends WriteFacts {
  readonly tookMs: number;
}

export interface FailureFacts extends WriteFacts {
  readonly trouble: StorageTrouble;
}

export type StorageHealthEvent =
  /** A write has not become durable in time, and has not failed. */
  | ({ readonly type: 'write.overdue' } & OverdueFacts)
  /** A write has become durable. */
  | ({ readonly type: 'write.committed' } & CommitFacts)
  /** A write could not be made durable. */
  | ({ readonly type: 'write.failed' } & FailureFacts)
  /** A write was refused by a store that is well: the disk answers again. */
  | { readonly type: 'write.refused'; readonly atMs: number }
  /** The instant has come at which storage is probed. */
  | { readonly type: 'probe.due'; readonly atMs: number };

export const storageHealthSetup = setup({
  types: {
    context: {} as StorageHealthContext,
    events: {} as StorageHealthEvent,
    meta: {} as StateMeta,
  },
  guards: {
    /** The write was posted after the latest failure, so that it tells how storage is now. */
    isPresent: ({ context }, params: WriteFacts) => params.generation === context.generation,
    /** The write was posted after the latest failure, and became durable in time. */
    isPresentAndInTime: ({ context }, params: CommitFacts) =>
      params.generation === context.generation && params.tookMs < OVERDUE_AFTER_MS,
    /** The write was posted after the latest failure, and the disk has answered nothing for so long that it hangs. */
    isPresentAndSilent: ({ context }, params: OverdueFacts) =>
      params.generation === context.generation && params.silentMs >= HANGING_AFTER_MS,
    /** Another program holds the lock of the file, as a write says that was posted after the latest failure. */
    isLocked: ({ context }, params: FailureFacts) => isPresentTrouble(context, params, 'locked'),
    /** The disk has no room left, as a write says that was posted after the latest failure. */
    isFull: ({ context }, params: FailureFacts) => isPresentTrouble(context, params, 'full'),
    /** The disk, the folder or the file can only be read, as a write says that was posted after the latest failure. */
    isReadOnly: ({ context }, params: FailureFacts) =>
      isPresentTrouble(context, params, 'readOnly'),
    /** The disk failed to write or to sync, as a write says that was posted after the latest failure. */
    isFailing: ({ context }, params: FailureFacts) => isPresentTrouble(context, params, 'failing'),
    /** The file is damaged, as a write says that was posted after the latest failure. */
    isCorrupt: ({ context }, params: FailureFacts) => isPresentTrouble(context, params, 'corrupt'),
    /** The file is not where it was, as a write says that was posted after the latest failure. */
    isLost: ({ context }, params: FailureFacts) => isPresentTrouble(context, params, 'lost'),
    /** The instant has come at which storage is probed. */
    isProbeDue: ({ context }, params: { atMs: number }) =>
      context.probeAtMs !== null && params.atMs >= context.probeAtMs,
  },
  actions: {
    /** Orders a probe: what could not be written is written again. */
    // Provided by actors/.
    orderProbe: () => {},
    /** Begins the next generation, and notes since when there is trouble and when storage is probed. */
    recordTrouble: assign(({ context }, { atMs }: FailureFacts) => {
      const probeDelayMs = nextProbeDelayMs(context.probeDelayMs);
      return {
        generation: context.generation + 1,
        sinceAtMs: atMs,
        probeDelayMs,
        probeAtMs: atMs + probeDelayMs,
      };
    }),
    /** Notes since when storage is so. */
    recordEntry: assign((_, { atMs }: AtFacts) => ({ sinceAtMs: atMs })),
    /** Notes since when storage is well: no probe is due. */
    recordRecovery: assign((_, { atMs }: WriteFacts) => ({
      sinceAtMs: atMs,
      probeAtMs: null,
      probeDelayMs: 0,
    })),
    /**
     * Notes when storage is probed next, where no probe is due yet: the disk may get well without any work, and
     * then only a probe can tell.
     */
    recordLateness: assign(({ context }, { atMs }: AtFacts) => {
      if (context.probeAtMs !== null) return {};
      const probeDelayMs = nextProbeDelayMs(context.probeDelayMs);
      return { probeDelayMs, probeAtMs: atMs + probeDelayMs };
    }),
    /** Notes that no probe is due: it is under way, or none is of use. */
    recordProbe: assign({ probeAtMs: null }),
  },
});

/** What fails was posted after the latest failure, and says what trouble there is. */
function isPresentTrouble(
  context: StorageHealthContext,
  { generation, trouble }: FailureFacts,
  expected: StorageTrouble,
): boolean {
  return generation === context.generation && trouble === expected;
}
