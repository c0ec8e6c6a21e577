/**
 * The people who hear of undelivered crises: a pager, a telephone and a desk, and what the people reached by them do.
 *
 * @module
 */

import type { EscalationNotice } from '../../../actors/port.ts';
import { unknownOutcome } from '../../../machines/policy/retry/classifyFailure.ts';
import { type EscalationStepOptions, webhookNotifier } from '../../crisis/escalationOptions.ts';
import { type Network, notesHost } from '../../http/send.ts';
import { pass } from '../../virtual/life.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { urlOf } from '../network/link.ts';
import type { Serve } from '../network/simulatedUpstream.ts';
import type { Device } from '../scene/device.ts';
import type { Scene } from '../scene/scene.ts';
import { give, type Params, PERSONS } from './orders.ts';

/** Number of steps in the chain where a plan draws none. */
export const CHAIN_STEPS = 3;
/** Text in the payload of each crisis, and nowhere else. */
export const IN_CONFIDENCE = 'said in confidence';

const SECRET = 'a secret of the simulated pager';
/** Longest time that a person looks at a crisis before doing something. */
const THINK_MS_MAX = 600_000;
const SHIFT_MS_MAX = 1_200_000;
const CALL_MS_MAX = 8_000;

/** Acts of people who have heard of a crisis. */
const MINDS = [
  'nothing',
  'nothing',
  'takes it on',
  'takes it on',
  'takes it on for a minute',
  'takes all of them on',
  'takes it on and gives it back',
  'calls it off',
] as const;

/**
 * Builds the chain of a process.
 *
 * @param isDead - tells whether the process has ended, so that it hears no answer any more
 */
export function chainOf(
  scene: Scene,
  device: Device,
  {
    number,
    network,
    isDead,
  }: {
    /** Number of steps in the chain. */
    readonly number: number;
    readonly network: Network;
    readonly isDead: () => boolean;
  },
): readonly EscalationStepOptions[] {
  const url = new URL(urlOf('pager'));
  const awake = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      if (!isDead()) device.process.life.whenAwake(resolve);
    });
  };
  const answered = (notify: NonNullable<EscalationStepOptions['notify']>): typeof notify =>
    notesHost(
      async (notice, how) => {
        await awake();
        try {
          await notify(notice, how);
        } finally {
          await awake();
        }
      },
      { host: url.hostname, network },
    );
  const webhook = (name: string, more: object): EscalationStepOptions => {
    const at = { url: `${url.href}/${device.name}/${name}`, ...more };
    return { name, notify: answered(webhookNotifier(at, `crisis.escalation.${name}`, network)) };
  };
  const steps: readonly EscalationStepOptions[] = [
    webhook('on-call', { secret: SECRET }),
    {
      name: 'clinician',
      acknowledgeWithinMs: 120_000,
      notify: answered(async (notice, { signal }) => {
        await telephone(scene, device, notice, signal);
      }),
    },
    webhook('desk', { headers: () => ({ authorization: 'Bearer of-the-desk' }) }),
  ];
  return steps.slice(0, number);
}

/** Handles a notice as the pager does. It takes the same notice twice, as people do. */
export function pagerOf(scene: Scene): Serve {
  return ({ path, body, random, headers }) => {
    const [name, step = ''] = path.split('/').slice(-2);
    const device = scene.devices.find((each) => each.name === name);
    if (device === undefined) return { status: 404, headers: {}, body: '' };
    if (step === 'on-call' && !headers.has('holdfast-signature')) {
      device.tell({ event: 'noticeWrong', what: 'it is not signed' });
    }
    heard(scene, device, JSON.parse(body) as EscalationNotice, random);
    return { status: 202, headers: {}, body: '' };
  };
}

/** Calls a telephone, which somebody mostly answers. */
async function telephone(
  scene: Scene,
  device: Device,
  notice: EscalationNotice,
  signal: AbortSignal,
): Promise<void> {
  const random = device.link.chanceOf(`${notice.idempotencyKey} ${scene.clock.monotonic()}`);
  const end = random.next();
  // Nobody picks up: the call lasts until it is aborted.
  if (end < 0.1) {
    await new Promise<void>((_, reject) => {
      const abort = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
    });
  }
  await pass(scene.clock, random.below(CALL_MS_MAX));
  if (end < 0.25) throw new Error('The number is busy.');
  heard(scene, device, notice, random);
  if (end < 0.3) throw unknownOutcome('The line broke.');
}

/** Tells that a person has heard a notice, and lets them act on it later, or not. */
function heard(scene: Scene, device: Device, notice: EscalationNotice, random: SeededRandom): void {
  const { operationId: id, operationIds: ids, subject, step, ask, test: isTest } = notice;
  scene.saw(
    ask === null ? `people are told: ${step}` : 'people are asked whether they still have it',
  );
  if (notice.subject === null) scene.saw('people are told of many at once');
  device.tell({ event: 'heard', step, ids, isTest });
  if (JSON.stringify(notice).includes(IN_CONFIDENCE)) {
    device.tell({ event: 'noticeWrong', what: 'it holds what the person has said' });
  }
  const mind = random.pick([...MINDS]);
  const by = PERSONS[random.below(3)] ?? PERSONS[0];
  const later = (ms: number, call: string, params: Params): void => {
    scene.clock.schedule(ms, () => {
      device.whenAsked(() => void give(device, call, { by, ...params }));
    });
  };
  const afterMs = random.below(THINK_MS_MAX);
  switch (mind) {
    case 'takes it on':
      later(afterMs, 'crisis.acknowledge', { id });
      break;
    case 'takes it on for a minute':
      later(afterMs, 'crisis.acknowledge', { id, forMs: 60_000, note: 'for now' });
      break;
    case 'takes all of them on':
      if (subject !== null) later(afterMs, 'crisis.acknowledgeSubject', { subject });
      break;
    case 'takes it on and gives it back':
      later(afterMs, 'crisis.acknowledge', { id, forMs: 14_400_000 });
      later(afterMs + random.below(SHIFT_MS_MAX), 'crisis.release', { id, note: 'off shift' });
      break;
    case 'calls it off':
      later(afterMs, 'crisis.callOff', { id, reason: 'she is with us' });
      break;
    default:
  }
}
