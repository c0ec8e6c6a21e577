/**
 * What a management call declares: its name, its parameters, the capability it needs, what of it is audited, where
 * it works, and what it does. All that offers calls derives from that: the runtime's API, the control socket, the
 * command line.
 *
 * @module
 */

import type {
  CrisisModeOrders,
  FactOf,
  OperationRecords,
  Override,
  UpstreamOrders,
} from '../../actors/port.ts';
import type { AnswerShape, AnyShape } from '../../inspector/server/answerShape.ts';
import type { PolicyLayers } from '../../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../../machines/policy/layers/policyTable.ts';
import type { CheckedRequest, SyncRequest } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { OptionRule, OptionRules } from '../../machines/vocabulary/optionRules.ts';
import { PERSON_RULES, type Person } from '../../machines/vocabulary/person.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import type { BackupResult } from '../../persistence/upkeep/backup.ts';
import type { BackupOptions } from '../upkeep/backupInThread.ts';
import type { HealthStatus } from '../views/health.ts';
import type { PolicyView } from '../views/policyView.ts';

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
  /** With which parameters the inspector's page may make it, and what of the answer it may see; left out, it may not. */
  readonly shown?: { readonly params: readonly string[]; readonly answer: AnyShape } | undefined;
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

/** Names of parameters and of what is answered, so that one which is renamed is not meant by its old name. */
interface Named<Params, Result> {
  readonly audited: readonly (keyof Params & string)[] | null;
  /** No parameter by which somebody could find out about a person, and nothing of whom or what it is about. */
  readonly shown?:
    | {
        readonly params: readonly (keyof Params & string)[];
        readonly answer: AnswerShape<Result> | 'nothing';
      }
    | undefined;
}

/** Declares a call on the store. */
export function storeCall<Params extends object, Result>(
  call: Omit<StoreCall<Params, Result>, 'worksOn'> & Named<Params, Awaited<Result>>,
): StoreCall<Params, Result> {
  return { ...call, worksOn: 'store' };
}

/** Declares a call that only a running process answers. */
export function runtimeCall<Params extends object, Result>(
  call: Omit<RuntimeCall<Params, Result>, 'worksOn'> & Named<Params, Awaited<Result>>,
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

/** What an override is about; what is left out says nothing. */
export type OverrideAbout = Partial<
  Pick<FactOf<'override.made'>, 'upstream' | 'operationId' | 'count' | 'by'>
>;

/** Which override a call makes. */
export interface OverrideRule<Params, Result> {
  readonly what: Override;
  /** What it was about; `null` where nothing was changed after all. */
  about(params: Params, result: Result): OverrideAbout | null;
}

/** An override of one operation. */
export function ofOperation(what: Override): OverrideRule<{ readonly id: string }, unknown> {
  return { what, about: ({ id }) => ({ operationId: id, count: 1 }) };
}

/** An override that the engine tells of itself, whichever way it was asked. */
export function toldByEngine(what: Override): OverrideRule<unknown, unknown> {
  return { what, about: () => null };
}

/** An override of all that match. */
export function ofMany(
  what: Override,
): OverrideRule<{ readonly dryRun?: boolean | undefined }, { readonly done: number }> {
  return {
    what,
    about: ({ dryRun }, { done }) => (dryRun === true || done === 0 ? null : { count: done }),
  };
}

/** An override of the breaker of an upstream. */
export function ofUpstream(what: Override): OverrideRule<{ readonly upstream: string }, unknown> {
  return { what, about: ({ upstream }) => ({ upstream }) };
}

/** The id of an operation. Ids come from outside, and one that is no text must not reach the store. */
export const ID = {
  required: {
    rule: 'must be the id of an operation, a text',
    matches: (value) => typeof value === 'string',
  },
} as const satisfies OptionRule;

/** Where a page begins: 0 for the first, then what the page before said comes next. */
export const PAGE_FROM = { required: 'sequence' } as const satisfies OptionRule;

/** The name of an upstream; whether there is one of that name, the runtime knows. */
export const UPSTREAM = { required: 'text' } as const satisfies OptionRule;

/** A reason is kept with the breaker, and written at each of its changes. */
const REASON_LENGTH_MAX = 1_000;

/** Who gives an order, as the caller names them: kept and shown. */
export const BY = {
  rule: 'must be a text of 1 to 100 characters',
  matches: (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 100,
} as const satisfies OptionRule;

/**
 * What a person writes freely: why they do something, or a note, for other people to read. Card data in it is
 * masked before the call is made ({@link Management}).
 */
export const REASON = {
  rule: `must be a text of 1 to ${REASON_LENGTH_MAX} characters`,
  matches: (value) =>
    typeof value === 'string' && value.trim() !== '' && value.length <= REASON_LENGTH_MAX,
} as const satisfies OptionRule;

/** Who gives an order; some need a role (`needsRole`). */
export const PERSON = { required: { fields: PERSON_RULES } } as const satisfies OptionRule;

/** Who gives an order that may be given without a name. */
export const BY_PERSON = { fields: PERSON_RULES } as const satisfies OptionRule;

/** An order that may say who gives it: it is told in the fact `override.made`. */
export interface Ordered {
  readonly by?: Person | undefined;
}

/** Who decides, with their role: who reads of it later has to know whom to ask (CR-5, CF-6). */
export const DECIDER = {
  required: { fields: { id: PERSON_RULES.id, role: { required: PERSON_RULES.role } } },
} as const satisfies OptionRule;

/** Whom something is about. */
export const SUBJECT = {
  rule: 'must be a text of 1 to 256 characters',
  matches: (value) => typeof value === 'string' && value !== '' && value.length <= 256,
} as const satisfies OptionRule;

/** A store that is open in this process. */
export interface ManagedStore {
  readonly records: OperationRecords;
  readonly clock: Clock;
  readonly random: Random;
  /** Checks a request as `sync()` does. @throws HoldfastError (rejects) as that does. */
  checkRequest(request: SyncRequest): Promise<CheckedRequest>;
  /** As the work ends; rejects with `HF_STORE_HANGING` where the disk answers nothing (PS-6). */
  whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result>;
  /** Ends the hold on disk, and lets what waits run; `false` where the store was not held. */
  release(): Promise<boolean>;
}

/** A running process. */
export interface ManagedRuntime {
  health(): HealthStatus;
  /** Copies the store into a new folder; where there are no files to copy it throws. */
  backup(path: string, options: BackupOptions): Promise<BackupResult>;
  /** The policies in force there. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  policies(scope: PolicyScope): readonly PolicyView[];
  /** Puts other policies in force. @throws HoldfastError `HF_OPTION_INVALID`; nothing is changed then. */
  setPolicies(layers: PolicyLayers): void;
  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstreamOrders(name: string): UpstreamOrders;
  readonly crisisModes: CrisisModeOrders;
}
