/**
 * What a management call declares: its name, its parameters, the capability it needs, what of it is
 * audited, where it works, and what it does. Whatever offers calls derives from that: the runtime's
 * API, the control socket, the command line.
 *
 * @module
 */

import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import type { OverrideRule } from './overrides.ts';
import type { ManagedRuntime, ManagedStore } from './targets.ts';

/**
 * What a caller must be allowed to do (AC-1). A holder of the runtime, the socket or the key file may
 * do all of it.
 */
export type Capability =
  /** See states, counts and reasons; nothing of a person. */
  | 'view'
  /** See whom an operation is about. */
  | 'viewSubjects'
  /** Take out of the store what is sealed in it: records as they lie there, what an upstream said. */
  | 'export'
  /** Decide how work goes on. */
  | 'operate'
  /** Forget records for good. */
  | 'destroy';

interface Declaration<Params extends object, Result> {
  /** Subject and verb: `deadLetter.replay`. It is the call's address on the socket, too. */
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly capability: Capability;
  readonly params: OptionRules<Params>;
  /** The parameters that an audit entry may hold, never a payload; `null` where the call is not audited. */
  readonly audited: readonly string[] | null;
  /** What it is told of as where it changes something; `null` for a call that only looks. */
  readonly override: OverrideRule<Params, Awaited<Result>> | null;
  /** Whether `by` must have a role, where that depends on what is ordered. */
  needsRole?(params: Params): boolean;
  /** Whether only code of the process can make it, for its parameters hold functions. Default false. */
  readonly isLocal?: boolean | undefined;
}

/** A call on the store, at rest or under a running process. It waits until the store is open. */
export interface StoreCall<Params extends object, Result> extends Declaration<Params, Result> {
  readonly worksOn: 'store';
  run(store: ManagedStore, params: Params): Promise<Result>;
}

/** A call that only a running process can answer. It does not wait for the store. */
export interface RuntimeCall<Params extends object, Result> extends Declaration<Params, Result> {
  readonly worksOn: 'runtime';
  run(runtime: ManagedRuntime, params: Params): Result;
}

/** A call with its parameters and what it gives. */
export type ManagementCall<Params extends object, Result> =
  | StoreCall<Params, Result>
  | RuntimeCall<Params, Result>;

/** A call of the registry, whatever its parameters. */
export type AnyCall = ManagementCall<object, unknown>;

/** Names of parameters, so that one which is renamed is not audited under its old name. */
interface Audited<Params> {
  readonly audited: readonly (keyof Params & string)[] | null;
}

/** Declares a call on the store. */
export function storeCall<Params extends object, Result>(
  call: Omit<StoreCall<Params, Result>, 'worksOn'> & Audited<Params>,
): StoreCall<Params, Result> {
  return { ...call, worksOn: 'store' };
}

/** Declares a call that only a running process answers. */
export function runtimeCall<Params extends object, Result>(
  call: Omit<RuntimeCall<Params, Result>, 'worksOn'> & Audited<Params>,
): RuntimeCall<Params, Result> {
  return { ...call, worksOn: 'runtime' };
}

/** What carries calls: to the runtime of this process, a store at rest, or the owner's socket. */
export interface Caller {
  /** @throws HoldfastError (rejects) `HF_OPTION_INVALID` for parameters, and what the call throws. */
  call<Params extends object, Result>(
    call: ManagementCall<Params, Result>,
    params: Params,
  ): Promise<Awaited<Result>>;
}
