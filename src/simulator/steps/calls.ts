/**
 * Steps beside all others: guarded calls, keys that come with another body, work that ends its process, and orders
 * about work that is refused for good.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import {
  AttemptFailure,
  classifyStatus,
  failureOf,
  mayBeApplied,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { send as sendOver } from '../../http/send.ts';
import { urlOf } from '../network/link.ts';
import { processNetwork } from '../network/processNetwork.ts';
import { refusalOf } from '../oracle/diskRow.ts';
import { noteSent } from '../oracle/sentKeys.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { releaseLater } from './disk.ts';
import { give, PERSONS } from './orders.ts';
import { deviceAt, send, TYPES, watch } from './work.ts';

const MINUTE_MS = 60_000;
/** Delay past its deadline from which a call is late: no machine is so busy here. */
const LATE_MS = 5_000;

interface DrawnCall {
  readonly device: number;
  readonly upstream: number;
  readonly tier: 'premium' | 'basic' | 'trial';
  readonly isCrisis: boolean;
  readonly mayRepeat: boolean;
  readonly isRepeatSafe: boolean;
  readonly waitWhileDown: boolean;
  readonly deadlineMs: number;
}

/** Reads from an upstream by a guarded call, and tells how that ended and how often it ran. */
function call(scene: Scene, drawn: DrawnCall, number: number): void {
  const device = deviceAt(scene, drawn.device);
  const { process } = device;
  const names = Object.keys(process.runtime.getHealthStatus().upstreams);
  const upstream = names[drawn.upstream % Math.max(1, names.length)];
  const [service = ''] = [...scene.upstreams.keys()].filter((name) => upstream?.startsWith(name));
  if (upstream === undefined || service === '') return;
  const network = processNetwork(device.link, process.clock);
  const { isCrisis, mayRepeat, isRepeatSafe, deadlineMs, tier, waitWhileDown } = drawn;
  let fromMs = scene.clock.monotonic();
  const begunAtMs = device.clock.monotonic();
  let turnsBefore = process.life.turns();
  /** Tells whether the process could go on all the time since `fromMs`. */
  const isWell = (): boolean =>
    !process.life.isStill() &&
    process.life.turns() === turnsBefore &&
    !device.clock.hasSleptSince(fromMs);
  let runs = 0;
  /** True while the last run may have acted. */
  let mayHaveActed = false;
  let hasActedAgain = false;
  let isOver = false;
  const over = (code: string | null): void => {
    if (isOver || process.isDead()) return;
    isOver = true;
    const forMs = scene.clock.monotonic() - fromMs;
    const isLate = isWell() && forMs > deadlineMs + LATE_MS;
    // By the device's own clock, which is a little ahead while its processor is slow.
    const hadMs = device.clock.monotonic() - begunAtMs;
    const isEarly = isWell() && code === 'HF_EXPIRED' && hadMs < deadlineMs;
    const how = { isCrisis, mayRepeat, runs, hasActedAgain, isLate, isEarly };
    device.tell({ event: 'called', upstream, ...how, code });
  };
  const lookLater = (): void => {
    scene.clock.schedule(deadlineMs + 2 * LATE_MS, () => {
      if (isOver || process.isDead()) return;
      if (isWell()) over('unheard');
      else {
        // A process that could not go on gets the same time again.
        fromMs = scene.clock.monotonic();
        turnsBefore = process.life.turns();
        lookLater();
      }
    });
  };
  lookLater();
  process.runtime
    .call(
      upstream,
      async ({ signal }) => {
        runs += 1;
        hasActedAgain ||= mayHaveActed && !isRepeatSafe;
        mayHaveActed = true;
        process.calls.count(upstream, 1);
        const headers = new Headers({ traceparent: `call-${number}-${runs}` });
        const init = { method: 'GET', headers, redirect: 'manual', signal } as const;
        const url = new URL(`${urlOf(service)}/rates`);
        try {
          const whose = isCrisis ? 'crisis' : 'ordinary';
          const { status } = await sendOver(network, url, init, whose);
          if (status < 400 || status === 404) return;
          throw new AttemptFailure(classifyStatus(status), 'No rates.', { status });
        } catch (error) {
          mayHaveActed = mayBeApplied(failureOf(error));
          throw error;
        } finally {
          process.calls.count(upstream, -1);
        }
      },
      {
        ...{ tier, deadlineMs, waitWhileDown, retry: mayRepeat, isRepeatSafe },
        priority: isCrisis ? 'crisis' : 'normal',
      },
    )
    .then(
      () => {
        over(null);
      },
      (error: unknown) => {
        over(isHoldfastError(error) ? error.code : 'of the function');
      },
    );
}

/** Hands in one of two different requests under one key. */
function ask(scene: Scene, device: Device, request: SyncRequest, is: 'first' | 'other'): void {
  const { idempotencyKey: key = '' } = request;
  if (is === 'first') {
    send(device, request);
    return;
  }
  const { schema } = device.process.options.handlers[request.type] ?? {};
  device.tell({ event: 'askedAgain', key });
  device.runtime.sync(request).then(
    (operation) => {
      const { id } = operation;
      device.tell({ event: 'otherBody', key, id });
      device.tell({ event: 'accepted', key, id });
      watch(device, operation);
    },
    (error: unknown) => {
      scene.saw('a key that comes with another body');
      const { code } = refusalOf(error);
      // The app's own schema comes before the key, and is another than the first request met.
      if (code === 'HF_REQUEST_INVALID' && schema !== undefined) return;
      device.tell({ event: 'otherBodyRefused', key, code });
    },
  );
}

/** Orders about dead letters. */
const ABOUT_LETTERS = [
  'deadLetter.replayBatch',
  'deadLetter.replayBatch',
  'deadLetter.purgeBatch',
] as const;

export const CALLS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'call.made',
    counts: 'beside',
    weight: 10,
    draw: (random) => ({
      device: random.below(16),
      upstream: random.below(16),
      tier: random.pick(['premium', 'basic', 'trial'] as const),
      isCrisis: random.chance(0.1),
      mayRepeat: random.chance(0.7),
      isRepeatSafe: random.chance(0.6),
      waitWhileDown: random.chance(0.5),
      deadlineMs: random.pick([200, 3_000, 30_000, 5 * MINUTE_MS]),
      number: 1 + random.below(20),
      /** Time until the process is asked to stop, with calls under way; `null` for never. */
      stopsMs: random.chance(0.1) ? random.below(2_000) : null,
    }),
    take: (scene, { number, stopsMs, ...drawn }) => {
      const device = deviceAt(scene, drawn.device);
      device.whenAsked(() => {
        for (let left = number; left > 0; left -= 1) call(scene, drawn, scene.nextRequest());
        if (stopsMs === null) return;
        const { process } = device;
        scene.clock.schedule(stopsMs, () => {
          if (process.isDead() || device.process !== process) return;
          scene.saw('a stop beside calls');
          const closed = process.runtime.close({ deadlineMs: 1_000 }).catch(() => undefined);
          void closed.then(() => {
            if (!process.isDead() && device.process === process) void device.killAndBoot();
          });
        });
      });
    },
    says: ({ device, number, isCrisis, deadlineMs, stopsMs }) =>
      `device ${device} makes ${number} ${isCrisis ? 'crisis ' : ''}calls within ${deadlineMs} ms${stopsMs === null ? '' : `, and is closed after ${stopsMs} ms`}`,
  }),
  stepKind({
    kind: 'call.otherBody',
    counts: 'beside',
    weight: 6,
    draw: (random) => ({
      device: random.below(16),
      type: random.pick([...TYPES]),
      subject: `user-${random.below(5)}`,
      entity: random.chance(0.5) ? random.below(4) : null,
      laterMs: random.chance(0.4) ? 0 : random.below(random.pick([5_000, 30 * MINUTE_MS])),
    }),
    take: (scene, { device: at, type, subject, entity, laterMs }) => {
      const device = deviceAt(scene, at);
      const request = noteSent({
        ...{ type, subject, idempotencyKey: `key-${scene.nextRequest()}`, payload: 'one' },
        ...(entity === null ? {} : { entity: { type: 'account', id: `a${entity}` } }),
      });
      device.whenAsked(() => {
        ask(scene, device, request, 'first');
        if (laterMs === 0) ask(scene, device, { ...request, payload: 'other' }, 'other');
      });
      if (laterMs === 0) return;
      scene.clock.schedule(laterMs, () => {
        device.whenAsked(() => {
          // A key holds as long as its operation is kept; the judge knows each key as one operation.
          void device.keeps(request.idempotencyKey).then((isKept) => {
            if (!isKept) return;
            device.whenAsked(() => {
              ask(scene, device, { ...request, payload: 'other' }, 'other');
            });
          });
        });
      });
    },
    says: ({ type, subject, laterMs }) =>
      `${subject} asks for ${type}, and after ${laterMs} ms for something else under the same key`,
  }),
  stepKind({
    kind: 'call.endsProcess',
    counts: 'beside',
    weight: 0.5,
    draw: (random) => ({
      device: random.below(16),
      type: random.pick([...TYPES]),
      entity: random.chance(0.5) ? random.below(4) : null,
      afterMs: random.pick([0, 5, 300]),
    }),
    take: (scene, { device: at, type, entity, afterMs }) => {
      const device = deviceAt(scene, at);
      const key = `key-${scene.nextRequest()}`;
      scene.endsProcess.set(key, { afterMs, times: 0 });
      device.whenAsked(() => {
        send(device, {
          ...{ type, subject: 'user-1', idempotencyKey: key },
          ...(entity === null ? {} : { entity: { type: 'account', id: `a${entity}` } }),
        });
      });
    },
    says: ({ device, type, afterMs }) =>
      `somebody at device ${device} asks for ${type}, of which each attempt ends the process after ${afterMs} ms`,
  }),
  stepKind({
    kind: 'upstream.letters',
    counts: 'beside',
    weight: 4,
    draw: (random) => ({
      device: random.below(16),
      type: random.pick([...TYPES]),
      number: 2 + random.below(5),
      entity: random.chance(0.6) ? random.below(4) : null,
      forMs: 20_000 + random.below(2 * MINUTE_MS),
      call: random.pick([...ABOUT_LETTERS]),
      by: random.below(PERSONS.length),
      meanwhile: random.pick(['nothing', 'nothing', 'kill', 'restore'] as const),
    }),
    take: (scene, { device: at, type, number, entity, forMs, call: order, by, meanwhile }) => {
      const device = deviceAt(scene, at);
      const trouble = { kind: 'rejects', endpoint: type.replaceAll('.', '/'), share: 1 } as const;
      for (const upstream of scene.upstreams.values()) {
        scene.clock.schedule(forMs, scene.untilHealed(upstream.add(trouble)));
      }
      device.whenAsked(() => {
        for (let left = number; left > 0; left -= 1) {
          send(device, {
            ...{ type, subject: 'user-1', idempotencyKey: `key-${scene.nextRequest()}` },
            ...(entity === null ? {} : { entity: { type: 'account', id: `a${entity}` } }),
          });
        }
      });
      scene.clock.schedule(forMs, () => {
        device.whenAsked(() => {
          void give(device, order, { filter: { type }, by: PERSONS[by % PERSONS.length] });
          if (meanwhile === 'nothing') return;
          device.at('timer', 2, 0, () => {
            if (device.process.isDead()) return;
            scene.saw(`a ${meanwhile} while dead letters are ordered about`);
            if (meanwhile === 'kill') void device.killAndBoot();
            else {
              void device.restoreAndBoot(1);
              releaseLater(scene, device, 10 * MINUTE_MS);
            }
          });
        });
      });
    },
    says: ({ device, type, number, forMs, call: order, meanwhile }) =>
      `${number} requests for ${type} at device ${device} are refused for good for ${forMs} ms, and then a person asks for ${order}${meanwhile === 'nothing' ? '' : `, with a ${meanwhile} meanwhile`}`,
  }),
];
