/**
 * Storage health: whether what is written becomes durable, and when it is tried again (PS-6, DG-1).
 *
 * - Facts come from the journal: a write is overdue, was committed, or failed in some way. Each is
 *   stamped with the generation in which it was posted. A failure begins the next one, so that what
 *   was under way beside it moves nothing: only a probe, posted after it, tells how storage is now.
 * - A disk that goes on answering nothing hangs: what it was given may still become durable, nothing
 *   more is given to it, and its next answer ends that.
 * - While there is trouble, or slowness that nothing else could see the end of, a probe is due at an instant, at first soon and then ever later. It
 *   repeats what could not be written; one that works means that storage is well.
 * - What each state means for the work is a table in `policy/storageTrouble.ts`.
 *
 * Nothing of this is kept on disk: each process finds out for itself.
 *
 * @module
 */

import { assign, type SnapshotFrom, setup } from 'xstate';
import {
  HANGING_AFTER_MS,
  nextProbeDelayMs,
  OVERDUE_AFTER_MS,
  type StorageState,
  type StorageTrouble,
} from '../policy/service/storageTrouble.ts';

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

interface AtFacts {
  readonly atMs: number;
}

interface WriteFacts extends AtFacts {
  /** The chart's generation when the write was posted. */
  readonly generation: number;
}

interface OverdueFacts extends WriteFacts {
  /** How long nothing was answered, while that write was out. */
  readonly silentMs: number;
}

interface CommitFacts extends WriteFacts {
  readonly tookMs: number;
}

interface FailureFacts extends WriteFacts {
  readonly trouble: StorageTrouble;
}

export type StorageHealthEvent =
  | ({ readonly type: 'write.overdue' } & OverdueFacts)
  | ({ readonly type: 'write.committed' } & CommitFacts)
  | ({ readonly type: 'write.failed' } & FailureFacts)
  | { readonly type: 'write.refused'; readonly atMs: number }
  | { readonly type: 'probe.due'; readonly atMs: number };

const storageHealthSetup = setup({
  types: {
    context: {} as StorageHealthContext,
    events: {} as StorageHealthEvent,
    meta: {} as { readonly requirements: readonly string[] },
  },
  guards: {
    isPresent: ({ context }, params: WriteFacts) => params.generation === context.generation,
    isPresentAndInTime: ({ context }, params: CommitFacts) =>
      params.generation === context.generation && params.tookMs < OVERDUE_AFTER_MS,
    isPresentAndSilent: ({ context }, params: OverdueFacts) =>
      params.generation === context.generation && params.silentMs >= HANGING_AFTER_MS,
    isPresentTrouble: ({ context }, params: FailureFacts & { readonly is: StorageTrouble }) =>
      params.generation === context.generation && params.trouble === params.is,
    isProbeDue: ({ context }, params: { atMs: number }) =>
      context.probeAtMs !== null && params.atMs >= context.probeAtMs,
  },
  actions: {
    /** Provided by actors/: repeats what could not be written. */
    orderProbe: () => {},
    recordTrouble: assign(({ context }, { atMs }: FailureFacts) => {
      const probeDelayMs = nextProbeDelayMs(context.probeDelayMs);
      return {
        generation: context.generation + 1,
        sinceAtMs: atMs,
        probeDelayMs,
        probeAtMs: atMs + probeDelayMs,
      };
    }),
    recordEntry: assign((_, { atMs }: AtFacts) => ({ sinceAtMs: atMs })),
    recordRecovery: assign((_, { atMs }: WriteFacts) => ({
      sinceAtMs: atMs,
      probeAtMs: null,
      probeDelayMs: 0,
    })),
    /** The disk may get well without any work: then only a probe can tell. */
    recordLateness: assign(({ context }, { atMs }: AtFacts) => {
      if (context.probeAtMs !== null) return {};
      const probeDelayMs = nextProbeDelayMs(context.probeDelayMs);
      return { probeDelayMs, probeAtMs: atMs + probeDelayMs };
    }),
    recordProbe: assign({ probeAtMs: null }),
  },
});

export const storageHealthMachine = storageHealthSetup.createMachine({
  id: 'storageHealth',
  version: '1',
  description: 'Knows whether what is written becomes durable, and decides when it is tried again.',
  context: { generation: 0, sinceAtMs: null, probeAtMs: null, probeDelayMs: 0 },
  options: { maxIterations: 1000 },
  initial: 'well',
  on: {
    'write.failed': [
      {
        guard: {
          type: 'isPresentTrouble',
          params: ({ event }) => ({ ...event, is: 'locked' }),
        },
        target: '.troubled.locked',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isPresentTrouble', params: ({ event }) => ({ ...event, is: 'full' }) },
        target: '.troubled.full',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isPresentTrouble', params: ({ event }) => ({ ...event, is: 'readOnly' }) },
        target: '.troubled.readOnly',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isPresentTrouble', params: ({ event }) => ({ ...event, is: 'failing' }) },
        target: '.troubled.failing',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isPresentTrouble', params: ({ event }) => ({ ...event, is: 'corrupt' }) },
        target: '.troubled.corrupt',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isPresentTrouble', params: ({ event }) => ({ ...event, is: 'lost' }) },
        target: '.troubled.lost',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
    ],
  },
  states: {
    well: {
      description: 'What is written becomes durable, in time.',
      meta: { requirements: ['PS-6'] },
      on: {
        'write.overdue': {
          guard: { type: 'isPresent', params: ({ event }) => event },
          target: 'slow',
          actions: [{ type: 'recordEntry', params: ({ event }) => event }],
        },
      },
    },
    slow: {
      description:
        'A write takes too long, and has not failed. What is urgent goes on; the disk is spared the rest. It ends with a write in time.',
      meta: { requirements: ['PS-6', 'DG-1'] },
      on: {
        'write.committed': [
          {
            guard: { type: 'isPresentAndInTime', params: ({ event }) => event },
            target: 'well',
            actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
          },
          {
            guard: { type: 'isPresent', params: ({ event }) => event },
            actions: [{ type: 'recordLateness', params: ({ event }) => event }],
          },
        ],
        'write.overdue': {
          guard: { type: 'isPresentAndSilent', params: ({ event }) => event },
          target: 'hanging',
          actions: [{ type: 'recordEntry', params: ({ event }) => event }, 'recordProbe'],
        },
        'probe.due': {
          guard: { type: 'isProbeDue', params: ({ event }) => event },
          actions: ['recordProbe', 'orderProbe'],
        },
      },
    },
    hanging: {
      description:
        'The disk answers nothing, and has not failed. Requests are refused before it is given them, nothing but crises starts, and what was accepted is kept in order. It ends with any answer.',
      meta: { requirements: ['PS-6', 'OP-6', 'DG-1', 'CR-4'] },
      on: {
        'write.committed': {
          guard: { type: 'isPresent', params: ({ event }) => event },
          target: 'slow',
          actions: [
            { type: 'recordEntry', params: ({ event }) => event },
            { type: 'recordLateness', params: ({ event }) => event },
          ],
        },
        'write.refused': {
          target: 'slow',
          actions: [
            { type: 'recordEntry', params: ({ event }) => event },
            { type: 'recordLateness', params: ({ event }) => event },
          ],
        },
      },
    },
    troubled: {
      description:
        'Nothing can be made durable. New work is refused, what was accepted is kept in memory in order, and crises go on.',
      meta: { requirements: ['PS-6', 'DG-1', 'CR-4'] },
      initial: 'failing',
      on: {
        'write.committed': {
          guard: { type: 'isPresent', params: ({ event }) => event },
          target: 'well',
          actions: [{ type: 'recordRecovery', params: ({ event }) => event }],
        },
        'probe.due': {
          guard: { type: 'isProbeDue', params: ({ event }) => event },
          actions: ['recordProbe', 'orderProbe'],
        },
      },
      states: {
        locked: {
          description: 'Another program holds the lock of the file.',
          meta: { requirements: ['PS-6'] },
        },
        full: {
          description: 'The disk has no room left.',
          meta: { requirements: ['PS-6'] },
        },
        readOnly: {
          description: 'The disk, the folder or the file can only be read.',
          meta: { requirements: ['PS-6'] },
        },
        failing: {
          description:
            'The disk failed to write or to sync. The file is opened anew for each probe.',
          meta: { requirements: ['PS-6'] },
        },
        corrupt: {
          description: 'The file is damaged where every write needs it.',
          meta: { requirements: ['PS-6'] },
        },
        lost: {
          description:
            'The file is not where it was: deleted, moved, or another lies in its place. While it is still open, its contents are written back as soon as its place is free.',
          meta: { requirements: ['PS-6'] },
        },
      },
    },
  },
});

export type StorageHealthSnapshot = SnapshotFrom<typeof storageHealthMachine>;

/** How storage is. */
export function storageStateOf({ value }: Pick<StorageHealthSnapshot, 'value'>): StorageState {
  return typeof value === 'string' ? value : value.troubled;
}

/** The event the chart waits for and when it is due; `null` when it waits for no instant. */
export function storageHealthDue(
  snapshot: StorageHealthSnapshot,
): { readonly type: 'probe.due'; readonly atMs: number } | null {
  const { probeAtMs } = snapshot.context;
  return probeAtMs === null ? null : { type: 'probe.due', atMs: probeAtMs };
}
