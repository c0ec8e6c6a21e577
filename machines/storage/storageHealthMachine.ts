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

import type { SnapshotFrom } from 'xstate';
import type { StorageState } from '../policy/service/storageTrouble.ts';
import { storageHealthSetup } from './storageHealthSetup.ts';

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
        guard: { type: 'isLocked', params: ({ event }) => event },
        target: '.troubled.locked',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isFull', params: ({ event }) => event },
        target: '.troubled.full',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isReadOnly', params: ({ event }) => event },
        target: '.troubled.readOnly',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isFailing', params: ({ event }) => event },
        target: '.troubled.failing',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isCorrupt', params: ({ event }) => event },
        target: '.troubled.corrupt',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
      {
        guard: { type: 'isLost', params: ({ event }) => event },
        target: '.troubled.lost',
        actions: [{ type: 'recordTrouble', params: ({ event }) => event }],
      },
    ],
  },
  states: {
    well: {
      description: 'What is written becomes durable, in time.',
      meta: { requirements: ['PS-6'], lasts: 'Until a write is overdue, after 1 s, or fails.' },
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
      meta: {
        requirements: ['PS-6', 'DG-1'],
        lasts: 'Until a write is in time again. After 5 s without any answer the disk hangs.',
      },
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
      meta: {
        requirements: ['PS-6', 'OP-6', 'DG-1', 'CR-4'],
        lasts: 'Until the disk answers anything.',
      },
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
      meta: {
        requirements: ['PS-6', 'DG-1', 'CR-4'],
        lasts:
          'Until a write becomes durable: it is tried again after 0.1 s at first, and every 5 s at most.',
      },
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
