/**
 * Steps in which callers hand in requests.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Operation } from '../../operation.ts';
import { KEYLESS_TYPE } from '../network/simulatedUpstream.ts';
import { refusalOf, reported } from '../oracle/diskRow.ts';
import { noteSent } from '../oracle/sentKeys.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';

/** Types of requests; each goes to an upstream of the set-up, in turn. */
export const TYPES = ['payments.push', 'records.put', 'mood.post', KEYLESS_TYPE] as const;

/** Type of most of the app's crises. */
export const CRISIS_TYPE = 'crisis.alert';

/** Picks the type of a crisis: `CRISIS_TYPE` where the drawn one has no handler, as the runtime does. */
export function crisisTypeAt({ process }: Device, type: string): string {
  return process.options.handlers[type] === undefined ? CRISIS_TYPE : type;
}

/** Type whose handler is the app's own. */
export const OWN_TYPE = 'mood.post' satisfies (typeof TYPES)[number];

/** Picks the device of this number; the numbers of a plan wrap around. */
export function deviceAt({ devices }: Scene, at: number): Device {
  const device = devices[at % devices.length];
  if (device === undefined) throw new Error('A run has a device.');
  return device;
}

/** Hands in a request, and tells what comes of it; `accepted` hears its id. */
export function send(
  device: Device,
  request: SyncRequest,
  accepted = (_id: string): void => undefined,
): void {
  const key = request.idempotencyKey ?? '';
  device.runtime.sync(noteSent(request)).then(
    (operation) => {
      device.tell({ event: 'accepted', key, id: operation.id });
      accepted(operation.id);
      watch(device, operation);
    },
    (error: unknown) => {
      refused(device, key, error);
    },
  );
}

/** Hands in an earlier request again: one of the two may be refused, and the other stored. */
export function sendAgain(device: Device, request: SyncRequest): void {
  device.tell({ event: 'askedAgain', key: request.idempotencyKey ?? '' });
  send(device, request);
}

export function refused(device: Device, key: string, error: unknown): void {
  device.tell({ event: 'refused', key, ...refusalOf(error) });
}

export function watch(device: Device, { id, outcome }: Pick<Operation, 'id' | 'outcome'>): void {
  outcome.then(
    (made) => {
      device.tell({ event: 'ended', id, outcome: reported(made) });
    },
    () => undefined,
  );
}

export const WORK: readonly AnyStepKind[] = [
  stepKind({
    kind: 'work.request',
    counts: 'work',
    weight: 30,
    draw: (random) => ({
      device: random.below(16),
      type: random.pick([...TYPES]),
      subject: `user-${random.below(5)}`,
      tier: random.pick(['premium', 'basic', 'trial'] as const),
      priority: random.pick(['high', 'normal', 'low'] as const),
      entity: random.chance(0.5) ? random.below(4) : null,
      isRepeated: random.chance(0.05),
    }),
    take: (scene, { device: at, entity, isRepeated, ...rest }) => {
      const device = deviceAt(scene, at);
      const request: SyncRequest = {
        ...rest,
        idempotencyKey: `key-${scene.nextRequest()}`,
        ...(entity === null ? {} : { entity: { type: 'account', id: `a${entity}` } }),
      };
      send(device, request);
      if (isRepeated) sendAgain(device, request);
    },
    says: ({ type, subject, tier, priority, entity }) =>
      `${subject} asks for ${type} (${tier}, ${priority}${entity === null ? '' : `, account a${entity}`})`,
  }),
];
