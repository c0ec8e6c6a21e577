/**
 * Steps of troubles with a device's disk: with its database, and with the files beside it.
 *
 * @module
 */

import { operationId } from '../../../actors/platform/operationId.ts';
import { checkRequest } from '../../../machines/policy/request/request.ts';
import type { ErrorCode } from '../../../machines/vocabulary/errors.ts';
import type { Write } from '../../../persistence/port/store.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import type { Trouble } from '../disk/simulatedDisk.ts';
import { noteCrisis } from '../oracle/sentKeys.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { CRISES } from './crises.ts';
import { deviceAt, TYPES } from './work.ts';

const MINUTE_MS = 60_000;

/** True for the half of the disks that hang which hang in what they write alone. */
function isReadStill(forMs: number): boolean {
  return forMs % 2 === 1;
}

/** Adds a trouble to the disk for a time; calls `ended` then. */
function trouble(
  scene: Scene,
  device: Device,
  forMs: number,
  given: Trouble,
  ended = (): void => undefined,
): void {
  const { troubles, isBehind } = device.disk;
  troubles.add(given);
  // A crisis before the store is open may be lost, as durability.md says.
  const isFull = given.code === 'HF_STORE_FULL' && troubles.size === 1 && !isBehind;
  device.tell({ event: 'full', isFull });
  const end = scene.untilHealed(() => {
    troubles.delete(given);
    device.tell({ event: 'full', isFull: false });
    ended();
  });
  scene.clock.schedule(forMs, end);
}

/** Refusals of writes by a disk that can still be read: the store's code, and the system's code for its files. */
const REFUSALS = {
  full: ['HF_STORE_FULL', 'ENOSPC'],
  readOnly: ['HF_STORE_READ_ONLY', 'EROFS'],
  locked: ['HF_STORE_LOCKED', null],
} as const satisfies Record<string, readonly [ErrorCode, string | null]>;

function refusing(way: keyof typeof REFUSALS, roomBytes: number): Trouble {
  const [code, systemCode] = REFUSALS[way];
  return {
    code,
    fate: () => 'failsUnwritten',
    files: {
      // A full disk still writes over space that a file already has.
      fails: (call) =>
        way === 'readOnly' && (call === 'open' || call === 'copy') ? systemCode : null,
      roomBytes: () => (way === 'full' ? roomBytes : Number.POSITIVE_INFINITY),
    },
  };
}

/** Writes that make room. */
const PURGES: ReadonlySet<Write['kind']> = new Set(['purgeSettled', 'purgeKept']);

/** Kind of the step that raises a crisis. */
const CRISIS = kindOf('work.crisis');

function kindOf(name: string): AnyStepKind {
  const found = CRISES.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`There is no kind of step ${name}.`);
  return found;
}

/** Cuts the machine's power: the disk may forget unsynced writes. */
function cutPower(scene: Scene, device: Device, random: SeededRandom): void {
  if (device.disk.onlySpilled.size > 0) scene.saw('a power cut while a crisis is spilled');
  device.process.kill();
  device.disk.files.powerCut(random);
  void device.killAndBoot();
}

type Crises = readonly { readonly subject: string; readonly afterMs: number }[];

/** Raises each of the crises at its time. */
function raiseAll(
  scene: Scene,
  device: Device,
  at: number,
  crises: Crises,
  random: SeededRandom,
): void {
  for (const { subject, afterMs } of crises) {
    scene.clock.schedule(afterMs, () => {
      device.whenAsked(() => {
        CRISIS.take(scene, { device: at, subject } as never, random);
      });
    });
  }
}

/** Ends the process at a time, unless the device is off then. */
function endLater(
  scene: Scene,
  device: Device,
  afterMs: number,
  how: 'well' | 'killed' | 'powerCut',
  random: SeededRandom,
): void {
  if (how === 'well') return;
  scene.clock.schedule(afterMs, () => {
    if (device.isOff) return;
    if (how === 'powerCut') cutPower(scene, device, random);
    else void device.killAndBoot();
  });
}

/** Draws the length of a fault: mostly minutes, now and then seconds. */
function drawSpan(random: SeededRandom): number {
  return 1_000 + random.below(random.chance(0.3) ? 20_000 : 10 * MINUTE_MS);
}

/** Releases a restored store after a time, as a person does, unless somebody did before. */
export function releaseLater(scene: Scene, device: Device, afterMs: number): void {
  const end = scene.untilHealed(() => {
    device.disk.release().catch(() => undefined);
  });
  scene.clock.schedule(afterMs, () => {
    device.runtime.release().then(end, () => undefined);
  });
}

export const DISK: readonly AnyStepKind[] = [
  stepKind({
    kind: 'disk.fails',
    counts: 'fault',
    weight: 3,
    draw: (random) => ({
      device: random.below(16),
      code: random.pick(['HF_STORE_IO', 'HF_STORE_UNAVAILABLE'] as const),
      share: random.pick([0.3, 1]),
      isReadable: random.chance(0.3),
      spares: random.pick(['files', 'nothing'] as const),
      forMs: drawSpan(random),
    }),
    take: (scene, { device, code, share, isReadable, spares, forMs }, random) => {
      const fails = (): boolean => random.chance(share);
      trouble(scene, deviceAt(scene, device), forMs, {
        code,
        fate: () =>
          fails()
            ? random.pick(['failsUnwritten', 'failsInDoubt', 'failsWritten'] as const)
            : 'works',
        readFails: () => !isReadable && fails(),
        openFails: () => !isReadable && fails(),
        ...(spares === 'files' ? {} : { files: { fails: () => (fails() ? 'EIO' : null) } }),
      });
    },
    says: ({ device, code, share, spares, forMs }) =>
      `the disk of device ${device} fails ${share * 100} % of its calls with ${code}, ${spares === 'files' ? 'not those to files' : 'those to files too'}, for ${forMs} ms`,
  }),
  stepKind({
    kind: 'disk.refuses',
    counts: 'fault',
    weight: 3,
    draw: (random) => ({
      device: random.below(16),
      way: random.pick(['full', 'full', 'readOnly', 'locked'] as const),
      roomBytes: random.pick([0, 700, 100_000]),
      forMs: drawSpan(random),
    }),
    take: (scene, { device, way, roomBytes, forMs }) => {
      trouble(scene, deviceAt(scene, device), forMs, refusing(way, roomBytes));
    },
    says: ({ device, way, roomBytes, forMs }) =>
      `the disk of device ${device} is ${way}${way === 'full' ? ` (${roomBytes} bytes left)` : ''} for ${forMs} ms`,
  }),
  stepKind({
    kind: 'disk.fullUntilPurged',
    counts: 'beneath',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      // A process purges ten seconds after its start, and then as things come due.
      afterMs: random.below(9_500),
      forMs: drawSpan(random),
    }),
    take: (scene, { device: at, afterMs, forMs }) => {
      const device = deviceAt(scene, at);
      const given: Trouble = {
        code: 'HF_STORE_FULL',
        fate: (writes) => {
          if (!writes.every(({ kind }) => PURGES.has(kind))) return 'failsUnwritten';
          if (device.disk.troubles.delete(given))
            scene.saw('a purge that makes room on a full disk');
          return 'works';
        },
      };
      void device.killAndBoot();
      const cancel = scene.clock.schedule(afterMs, () => {
        trouble(scene, device, forMs, given);
      });
      scene.untilHealed(cancel);
    },
    says: ({ device, afterMs, forMs }) =>
      `device ${device} starts again, and its disk is full ${afterMs} ms later, until something is purged or for ${forMs} ms`,
  }),
  stepKind({
    kind: 'disk.crisesMeanwhile',
    isOfOwnApp: true,
    counts: 'fault',
    weight: 2,
    draw: (random) => ({
      device: random.below(16),
      way: random.pick(['fails', 'full', 'readOnly', 'locked'] as const),
      roomBytes: random.pick([0, 700, 100_000]),
      crises: Array.from({ length: 1 + random.below(6) }, () => ({
        subject: `user-${random.below(5)}`,
        afterMs: random.below(2 * MINUTE_MS),
      })),
      forMs: MINUTE_MS + random.below(3 * MINUTE_MS),
      thenEnds: random.pick(['well', 'killed', 'powerCut'] as const),
    }),
    take: (scene, { device: at, way, roomBytes, crises, forMs, thenEnds }, random) => {
      const device = deviceAt(scene, at);
      const given: Trouble =
        way === 'fails'
          ? { code: 'HF_STORE_IO', fate: () => 'failsInDoubt' }
          : refusing(way, roomBytes);
      trouble(scene, device, forMs, given);
      raiseAll(scene, device, at, crises, random);
      endLater(scene, device, forMs - 1, thenEnds, random);
    },
    says: ({ device, way, crises, forMs, thenEnds }) =>
      `the disk of device ${device} is ${way} for ${forMs} ms, ${crises.length} crises come meanwhile, and it ends ${thenEnds}`,
  }),
  stepKind({
    kind: 'disk.unreadSpill',
    isOfOwnApp: true,
    counts: 'among',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      share: random.pick([0.3, 0.6, 0.9]),
      crises: Array.from({ length: 4 + random.below(8) }, () => ({
        subject: `user-${random.below(5)}`,
        afterMs: random.below(MINUTE_MS),
      })),
      forMs: MINUTE_MS + random.below(MINUTE_MS),
      thenEnds: random.pick(['well', 'killed', 'killed', 'powerCut'] as const),
    }),
    take: (scene, { device: at, share, crises, forMs, thenEnds }, random) => {
      const device = deviceAt(scene, at);
      trouble(scene, device, forMs, {
        code: 'HF_STORE_UNAVAILABLE',
        fate: () => 'failsUnwritten',
        files: {
          fails: (call) => {
            if (call !== 'read' || !random.chance(share)) return null;
            if (device.disk.onlySpilled.size > 0) {
              scene.saw('crises that were spilled and can not be read');
            }
            return 'EIO';
          },
        },
      });
      raiseAll(scene, device, at, crises, random);
      endLater(scene, device, forMs - 1, thenEnds, random);
    },
    says: ({ device, share, crises, forMs, thenEnds }) =>
      `the database of device ${device} is opened again and again and takes nothing, and ${share * 100} % of the reads of the files beside it fail, for ${forMs} ms; ${crises.length} crises come meanwhile, and it ends ${thenEnds}`,
  }),
  stepKind({
    kind: 'disk.slow',
    counts: 'fault',
    weight: 2,
    draw: (random) => ({
      device: random.below(16),
      mostMs: random.pick([20, 400, 5_000]),
      forMs: drawSpan(random),
    }),
    take: (scene, { device, mostMs, forMs }, random) => {
      const delayMs = (): number => random.below(mostMs);
      trouble(scene, deviceAt(scene, device), forMs, {
        code: 'HF_STORE_IO',
        delayMs,
        files: { delayMs },
      });
    },
    says: ({ device, mostMs, forMs }) =>
      `the disk of device ${device} takes up to ${mostMs} ms a call for ${forMs} ms`,
  }),
  stepKind({
    kind: 'disk.hangs',
    counts: 'fault',
    weight: 2,
    draw: (random) => ({ device: random.below(16), forMs: drawSpan(random) }),
    take: (scene, { device, forMs }) => {
      let answer: () => void = () => undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const hang = (): Promise<void> => answered;
      const looksHang = isReadStill(forMs) ? () => null : hang;
      const given: Trouble = { code: 'HF_STORE_IO', hang, looksHang };
      trouble(scene, deviceAt(scene, device), forMs, given, answer);
    },
    says: ({ device, forMs }) =>
      `the disk of device ${device} ${isReadStill(forMs) ? 'writes' : 'answers'} nothing for ${forMs} ms`,
  }),
  stepKind({
    kind: 'disk.damage',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      which: random.next(),
      count: 1 + random.below(3),
    }),
    take: (scene, { device: at, which, count }) => {
      void damageRows(scene, deviceAt(scene, at), which, count);
    },
    says: ({ device, count }) => `${count} records on the disk of device ${device} are damaged`,
  }),
  stepKind({
    kind: 'disk.damageFile',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({ device: random.below(16) }),
    take: (scene, { device: at }, random) => {
      const device = deviceAt(scene, at);
      const lost = device.disk.damageFile(random);
      if (lost.length > 0) scene.saw('a file of crises was damaged');
      for (const id of lost) device.tell({ event: 'damaged', id, key: id });
    },
    says: ({ device }) => `a byte of a file of crises on device ${device} changes`,
  }),
  stepKind({
    kind: 'disk.powerCut',
    counts: 'restart',
    weight: 2,
    draw: (random) => ({ device: random.below(16) }),
    take: (scene, { device: at }, random) => {
      cutPower(scene, deviceAt(scene, at), random);
    },
    says: ({ device }) => `device ${device} loses its power`,
  }),
  stepKind({
    kind: 'crisis.outside',
    isOfOwnApp: true,
    counts: 'restart',
    weight: 1,
    draw: (random) => ({ device: random.below(16), subject: `user-${random.below(5)}` }),
    take: (scene, { device: at, subject }, random) => {
      const device = deviceAt(scene, at);
      const id = operationId(device.clock.now(), random);
      const key = `crisis-${scene.nextRequest()}`;
      const given = { type: TYPES[0], subject, idempotencyKey: key };
      const request = checkRequest({ ...noteCrisis(given, scene.clock.now()), priority: 'crisis' });
      device.tell({ event: 'answered', key, id, waitedMs: 0 });
      if (device.disk.keepOutside({ id, request: JSON.stringify(request) })) {
        scene.saw('a crisis is kept by another thread');
        device.tell({ event: 'accepted', key, id });
      }
      void device.killAndBoot();
    },
    says: ({ device, subject }) =>
      `${subject} is in crisis and asks at the socket of device ${device}, whose process is blocked, and is killed`,
  }),
  stepKind({
    kind: 'disk.restore',
    counts: 'restart',
    weight: 0.3,
    draw: (random) => ({
      device: random.below(16),
      share: 0.3 + 0.7 * random.next(),
      releasedAfterMs: random.below(60 * MINUTE_MS),
    }),
    take: (scene, { device: at, share, releasedAfterMs }) => {
      const device = deviceAt(scene, at);
      scene.saw('a store is restored');
      void device.restoreAndBoot(share);
      releaseLater(scene, device, releasedAfterMs);
    },
    says: ({ device, share, releasedAfterMs }) =>
      `device ${device} is restored from a backup of the first ${Math.round(share * 100)} % of what it wrote, and released after ${releasedAfterMs} ms`,
  }),
  stepKind({
    kind: 'disk.putBack',
    counts: 'elsewhere',
    isOfOwnApp: true,
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      share: random.pick([0, 0.5, 0.9, 0.99]) + 0.01 * random.next(),
      releasedAfterMs: random.below(60 * MINUTE_MS),
    }),
    take: (scene, { device: at, share, releasedAfterMs }) => {
      const device = deviceAt(scene, at);
      void device.putBackAndBoot(share);
      releaseLater(scene, device, releasedAfterMs);
    },
    says: ({ device, share, releasedAfterMs }) =>
      `the folder of device ${device} is put back as it was after the first ${Math.round(share * 100)} % of what it wrote, and released after ${releasedAfterMs} ms`,
  }),
  stepKind({
    kind: 'disk.copied',
    counts: 'restart',
    weight: 0.3,
    draw: (random) => ({ device: random.below(16), releasedAfterMs: random.below(60 * MINUTE_MS) }),
    take: (scene, { device: at, releasedAfterMs }) => {
      const device = deviceAt(scene, at);
      scene.saw('a store is copied');
      void device.copyAndBoot();
      releaseLater(scene, device, releasedAfterMs);
    },
    says: ({ device, releasedAfterMs }) =>
      `the store of device ${device} is copied to another disk, and released after ${releasedAfterMs} ms`,
  }),
  stepKind({
    kind: 'disk.upgrade',
    counts: 'restart',
    weight: 0.7,
    draw: (random) => ({
      device: random.below(16),
      takesMs: random.below(5 * MINUTE_MS),
      isKilledMeanwhile: random.chance(0.3),
    }),
    take: (scene, { device: at, takesMs, isKilledMeanwhile }) => {
      const device = deviceAt(scene, at);
      device.disk.upgrade(takesMs);
      device.tell({ event: 'full', isFull: false });
      void device.killAndBoot();
      if (!isKilledMeanwhile) return;
      scene.clock.schedule(takesMs / 2, () => void device.killAndBoot());
    },
    says: ({ device, takesMs, isKilledMeanwhile }) =>
      `device ${device} starts in a newer version, which takes ${takesMs} ms to bring its store up to date${isKilledMeanwhile ? ' and is killed at it' : ''}`,
  }),
];

/** Damages records on the disk, anywhere in the order of acceptance. */
async function damageRows(
  scene: Scene,
  device: Device,
  which: number,
  count: number,
): Promise<void> {
  const rows = await device.rows();
  const from = Math.floor(which * rows.length);
  for (const { id, key, lane, outcome } of rows.slice(from, from + count)) {
    device.disk.damaged.add(id);
    device.tell({ event: 'damaged', id, key, lane: outcome === null ? lane : null });
    scene.saw(outcome === null ? 'a record of unfinished work is damaged' : 'a record is damaged');
  }
}
