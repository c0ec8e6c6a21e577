/**
 * The calls of a person in service of a store: about dead letters and the quarantine. The same calls
 * are made in the process that runs on the store, on a store at rest, and over the control socket.
 *
 * @module
 */

import type { ServiceAccess } from '../../actors/recovery/serviceAccess.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';
import { deadLetterCalls } from './deadLetterCalls.ts';
import type { DeadLetterCalls } from './deadLetters.ts';
import { type QuarantineCalls, quarantineCalls } from './quarantine.ts';

/** A call by its name with its arguments; the names are those of the calls' interface. */
export interface ServiceCall {
  readonly call: string;
  readonly args: readonly unknown[];
}

/** What a call came to; `null` for one that gives nothing. */
export interface ServiceAnswer {
  readonly done: unknown;
}

export interface ServiceCalls {
  readonly deadLetters: DeadLetterCalls;
  readonly quarantine: QuarantineCalls;
}

/** What may be called from outside; nothing else of the objects can be reached. */
export const CALL_NAMES = {
  deadLetters: ['page', 'show', 'replay', 'purge', 'batch'],
  quarantine: ['page', 'sealed', 'show', 'retry', 'purge'],
} as const satisfies {
  readonly [Group in keyof ServiceCalls]: readonly (keyof ServiceCalls[Group])[];
};

/** The calls on a store; each waits for `before`. */
export function serviceCalls(
  access: ServiceAccess,
  { before }: { readonly before: () => Promise<void> },
): ServiceCalls {
  const calls: ServiceCalls = {
    deadLetters: deadLetterCalls(access),
    quarantine: quarantineCalls(access),
  };
  return forwardedCalls(async (group, { call, args }) => {
    await before();
    return await invoke(calls, group, { call, args });
  });
}

/** The calls as `send` carries them elsewhere and brings back their answers. */
export function forwardedCalls(
  send: (group: keyof ServiceCalls, call: ServiceCall) => Promise<unknown>,
): ServiceCalls {
  const forward = <Group extends keyof ServiceCalls>(group: Group): ServiceCalls[Group] =>
    Object.fromEntries(
      CALL_NAMES[group].map((call) => [
        call,
        (...args: readonly unknown[]) => send(group, { call, args }),
      ]),
    ) as unknown as ServiceCalls[Group];
  return { deadLetters: forward('deadLetters'), quarantine: forward('quarantine') };
}

const CALL_KINDS = { call: 'text', args: 'array' } as const satisfies OptionRules<ServiceCall>;

/** Answers a call that came over the control socket. */
export async function answerServiceCall(
  calls: ServiceCalls,
  request: { readonly method: keyof ServiceCalls; readonly params: ServiceCall },
): Promise<ServiceAnswer> {
  checkFields(request.params, CALL_KINDS, 'params');
  return { done: (await invoke(calls, request.method, request.params)) ?? null };
}

async function invoke(
  calls: ServiceCalls,
  group: keyof ServiceCalls,
  { call, args }: ServiceCall,
): Promise<unknown> {
  const names: readonly string[] = CALL_NAMES[group];
  if (!names.includes(call) || !Array.isArray(args)) {
    throw new HoldfastError('HF_OPTION_INVALID', `${group} has no such call.`, { field: 'call' });
  }
  const made: unknown = Reflect.get(calls[group], call);
  if (typeof made !== 'function') throw new HoldfastError('HF_INTERNAL', `${call} is no call.`);
  return await (Reflect.apply(made, calls[group], args) as Promise<unknown>);
}
