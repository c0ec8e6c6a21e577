/**
 * The part of a clinic's app that has to reach other systems: bookings go to the records system, people in
 * crisis to the team on call. How they are reached is handed in, so that a test can put something else there.
 *
 * @module
 */

import { defineHandler, type Handler, type Operation, type Runtime, type TypesOf } from 'holdfast';
import { z } from 'zod';

/** What a booking must be. It is looked at before anything is accepted. */
export const booking = z.object({
  patient: z.string().min(1),
  startsAt: z.iso.datetime(),
  minutes: z.int().min(5).max(240).default(30),
});

/** In production `httpHandler({ baseUrl })` for each; in tests an upstream that misbehaves. */
export interface Systems {
  readonly records: Handler['run'];
  readonly onCall: Handler['run'];
}

/** For `createRuntime({ upstreams, handlers: handlersOf(systems) })`. */
export function handlersOf({ records, onCall }: Systems) {
  return {
    'bookings.put': defineHandler()({
      upstream: 'records',
      schema: booking,
      run: records,
    }),
    'crisis.alert': { upstream: 'onCall', run: onCall },
  } as const;
}

export const upstreams = { records: {}, onCall: {} } as const;

export type ClinicRuntime = Runtime<
  TypesOf<ReturnType<typeof handlersOf>>,
  keyof typeof upstreams | 'default'
>;

/** Keeps a booking until the records system has it. Its number is its key: sent again, it finds the first. */
export async function book(
  runtime: ClinicRuntime,
  number: string,
  payload: z.input<typeof booking>,
): Promise<Operation> {
  return await runtime.sync({
    type: 'bookings.put',
    subject: payload.patient,
    entity: { type: 'calendar', id: payload.patient },
    tier: 'basic',
    idempotencyKey: `booking-${number}`,
    payload,
  });
}

/** The reasons to wait that a system which is down, or was a moment ago, gives. */
const DOWN: ReadonlySet<string> = new Set(['backoff', 'breaker', 'probe']);

/** What the reception sees of a booking. */
export async function standing(operation: Operation): Promise<string> {
  const { state, wait } = await operation.view();
  if (state === 'completed') return 'booked';
  if (wait === null) return 'on its way';
  return DOWN.has(wait.reason) ? 'kept until the records system takes it' : `waits: ${wait.reason}`;
}
