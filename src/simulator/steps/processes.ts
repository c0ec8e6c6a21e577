/**
 * Steps that happen to the processes of devices, and to their clocks.
 *
 * @module
 */

import {
  CONFLICT_FAULT_POINTS,
  OPERATION_FAULT_POINTS,
} from '../../../persistence/port/faultPoints.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import type { Device, Moment } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { give, PERSONS } from './orders.ts';
import { deviceAt, send, TYPES } from './work.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** More microtasks than the work of a timer, or of a request up to its acceptance, has. */
const MICROTASKS_MAX = 300;
/** Time past the deadline of `close()` after which a SIGKILL follows, as a service manager sends it. */
const STOPS_WITHIN_MS = 90_000;

/** Times past a stop's deadline at which nothing may be wrong; at the last, the stop is late. */
const LATE_MS = [0, 500, 1_000, 1_500, 2_000] as const;

/** Chance that the next process has other options. */
const CHANGED_SHARE = 0.3;

/** Rows that a slow processor takes up in a turn, at the least. */
const ROWS_A_TURN = 8;

/** The memory store has no owner, and makes all changes of a commit in one step. */
const POINTS = [...OPERATION_FAULT_POINTS, ...CONFLICT_FAULT_POINTS].filter(
  (point) => !point.startsWith('open.') && point !== 'store.beforeRaise',
);

/** Draws how long a device stays off: mostly not at all. */
function drawOffMs(random: SeededRandom): number {
  if (random.chance(0.6)) return 0;
  return 1 + random.below(random.pick([1_000, 10 * MINUTE_MS, HOUR_MS]));
}

function drawMoment(random: SeededRandom): Moment {
  if (random.chance(0.2)) return 'now';
  if (random.chance(0.3)) return 'timer';
  return POINTS[random.below(POINTS.length)] ?? 'now';
}

function offText(offMs: number): string {
  return offMs === 0 ? '' : `, and off for ${offMs} ms`;
}

function changedText(isChanged: boolean): string {
  return isChanged ? '; the next process has other options' : '';
}

function changeOptions(scene: Scene, device: Device): void {
  device.changeOptions();
  scene.saw('a process starts with other options than the one before');
}

interface Stop {
  readonly deadlineMs: number;
  readonly offMs: number;
  readonly isChanged: boolean;
}

/** Closes the process, or kills it where that takes too long. */
function stop(scene: Scene, device: Device, { deadlineMs, offMs, isChanged }: Stop): void {
  const { process } = device;
  const fromMs = scene.clock.monotonic();
  const turnsBefore = process.life.turns();
  /** Tells whether neither disk nor process nor machine holds up the stop. */
  const isWell = (): boolean =>
    device.disk.troubles.size === 0 &&
    !process.life.isStill() &&
    process.life.turns() === turnsBefore &&
    !device.clock.hasSleptSince(fromMs);
  const looks = LATE_MS.map((byMs, at) =>
    scene.clock.schedule(deadlineMs + byMs, () => {
      if (process.isDead() || !isWell()) cancelLooks();
      else if (at === LATE_MS.length - 1) device.tell({ event: 'stopLate', deadlineMs, byMs });
    }),
  );
  const cancelLooks = (): void => {
    for (const cancelLook of looks) cancelLook();
  };
  const end = (): void => {
    cancel();
    cancelLooks();
    if (process.isDead()) return;
    if (isChanged) changeOptions(scene, device);
    if (device.process === process) void device.killAndBootAfter(offMs);
    else process.kill();
  };
  const cancel = scene.clock.schedule(deadlineMs + STOPS_WITHIN_MS, () => {
    scene.saw('a stop that was ended by force');
    end();
  });
  scene.saw('a stop in good order');
  process.runtime.close({ deadlineMs }).then(end, end);
}

export const PROCESSES: readonly AnyStepKind[] = [
  stepKind({
    kind: 'process.kill',
    counts: 'restart',
    weight: 5,
    draw: (random) => ({
      device: random.below(16),
      moment: drawMoment(random),
      passage: 1 + random.below(6),
      microtasks: random.chance(0.4) ? 0 : random.below(MICROTASKS_MAX),
      offMs: drawOffMs(random),
      isChanged: random.chance(CHANGED_SHARE),
    }),
    take: (scene, { device: at, moment, passage, microtasks, offMs, isChanged }) => {
      const device = deviceAt(scene, at);
      device.at(moment, passage, microtasks, () => {
        if (device.process.isDead()) return;
        scene.note(`${device.name} dies, at ${moment}`);
        scene.saw(`a kill at ${moment}`);
        if (isChanged) changeOptions(scene, device);
        void device.killAndBootAfter(offMs);
      });
    },
    says: ({ device, moment, passage, microtasks, offMs, isChanged }) =>
      `the process of device ${device} will be killed ${moment === 'now' ? 'now' : `at ${moment}, passage ${passage}`}, ${microtasks} microtasks later${offText(offMs)}${changedText(isChanged)}`,
  }),
  stepKind({
    kind: 'process.stop',
    counts: 'restart',
    weight: 2,
    draw: (random) => ({
      device: random.below(16),
      deadlineMs: random.pick([0, 200, 5_000, 60_000]),
      offMs: drawOffMs(random),
      isChanged: random.chance(CHANGED_SHARE),
    }),
    take: (scene, { device, ...how }) => {
      stop(scene, deviceAt(scene, device), how);
    },
    says: ({ device, deadlineMs, offMs, isChanged }) =>
      `device ${device} is closed within ${deadlineMs} ms${offText(offMs)}${changedText(isChanged)}`,
  }),
  stepKind({
    kind: 'process.crashLoop',
    counts: 'restart',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      times: 2 + random.below(12),
      everyMs: random.pick([0, 10, 500, 5_000]),
      moment: drawMoment(random),
    }),
    take: (scene, { device: at, times, everyMs, moment }) => {
      const device = deviceAt(scene, at);
      const again = (left: number): void => {
        device.at(moment, 1, 0, () => {
          if (device.process.isDead()) return;
          void device.killAndBoot();
          if (left > 1)
            scene.clock.schedule(everyMs, () => {
              again(left - 1);
            });
        });
      };
      again(times);
    },
    says: ({ device, times, everyMs, moment }) =>
      `device ${device} crashes ${times} times at ${moment}, ${everyMs} ms after the one before`,
  }),
  stepKind({
    kind: 'process.slow',
    counts: 'beneath',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      readMs: random.pick([0.1, 0.4, 2.5]),
      turnMs: random.pick([4, 20, 150]),
      forMs: 1_000 + random.below(10 * MINUTE_MS),
      isStarted: random.chance(0.7),
    }),
    take: (scene, { device: at, readMs, turnMs, forMs, isStarted }) => {
      const device = deviceAt(scene, at);
      const { clock } = device;
      if (isStarted) void device.killAndBoot();
      clock.slow(readMs, turnMs);
      const end = scene.untilHealed(() => {
        clock.slow(0, 0);
      });
      scene.clock.schedule(forMs, end);
      scene.saw('a slow processor');
    },
    says: ({ device, readMs, turnMs, forMs, isStarted }) =>
      `the processor of device ${device} is slow (${readMs} ms between two looks at its clock, ${turnMs} ms a turn) for ${forMs} ms${isStarted ? ', from a start on' : ''}`,
  }),
  stepKind({
    kind: 'process.slowStarts',
    isOfOwnApp: true,
    counts: 'among',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      type: random.pick([...TYPES]),
      count: 50 + random.below(100),
      inMs: 5_000 + random.below(MINUTE_MS),
      readMs: random.pick([0.02, 0.05]),
      turnMs: random.pick([20, 150]),
      cancels: Array.from({ length: 5 + random.below(15) }, () => ({
        which: random.next(),
        // As a share of the time for which the work is taken up.
        after: random.next(),
      })),
    }),
    take: (scene, { device: at, type, count, inMs, readMs, turnMs, cancels }) => {
      const device = deviceAt(scene, at);
      const { clock } = device;
      const startAtMs = clock.now() + inMs;
      const ids: string[] = [];
      for (let number = 0; number < count; number += 1) {
        const idempotencyKey = `key-${scene.nextRequest()}`;
        const subject = `user-${number % 5}`;
        send(device, { type, subject, startAtMs, tier: 'basic', idempotencyKey }, (id) => {
          ids.push(id);
        });
      }
      const takesMs = (count / ROWS_A_TURN) * turnMs;
      scene.clock.schedule(inMs - 1, () => {
        clock.slow(readMs, turnMs);
        scene.clock.schedule(
          1 + takesMs,
          scene.untilHealed(() => {
            clock.slow(0, 0);
          }),
        );
      });
      for (const { which, after } of cancels) {
        scene.clock.schedule(inMs + Math.round(after * takesMs), () => {
          const id = ids[Math.floor(which * ids.length)];
          if (id === undefined) return;
          device.whenAsked(() => void give(device, 'operation.cancel', { id, by: PERSONS[0] }));
        });
      }
      scene.saw('work of which much may start at one instant');
    },
    says: ({ device, type, count, inMs, turnMs, cancels }) =>
      `${count} requests for ${type} at device ${device} may all start in ${inMs} ms, when its processor is slow (${turnMs} ms a turn), and ${cancels.length} of them are cancelled meanwhile`,
  }),
  stepKind({
    kind: 'clock.set',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      byMs: Math.round((random.next() * 2 - 1) * random.pick([5_000, HOUR_MS, YEAR_MS])),
    }),
    take: (scene, { device: at, byMs }) => {
      const device = deviceAt(scene, at);
      device.clock.setWall(byMs);
      device.tell({ event: 'clockMoved', isAsleep: false });
    },
    says: ({ device, byMs }) => `the clock of device ${device} is set by ${byMs} ms`,
  }),
  stepKind({
    kind: 'device.sleeps',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      forMs: 1 + random.below(random.pick([MINUTE_MS, 10 * MINUTE_MS, 2 * HOUR_MS])),
      isCounted: random.chance(0.5),
    }),
    take: (scene, { device: at, forMs, isCounted }) => {
      const device = deviceAt(scene, at);
      device.clock.sleep(isCounted);
      device.tell({ event: 'clockMoved', isAsleep: true });
      scene.clock.schedule(forMs, () => {
        device.wake();
      });
    },
    says: ({ device, forMs, isCounted }) =>
      `device ${device} sleeps for ${forMs} ms, which its clock ${isCounted ? 'counts' : 'does not count'}`,
  }),
  stepKind({
    kind: 'handlers.late',
    counts: 'other',
    weight: 2,
    draw: (random) => ({ device: random.below(16) }),
    take: (scene, { device: at }) => {
      deviceAt(scene, at).registerLate();
    },
    says: ({ device }) => `device ${device} registers the handlers that it lacks`,
  }),
];
