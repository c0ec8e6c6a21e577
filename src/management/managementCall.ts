/**
 * The declaration of a management call: name, parameters, capability, where it works, and what it
 * does. The runtime's API, the control socket, the command line and the inspector's page derive from it.
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
import type { HistoryEntry } from '../../machines/operation/syncOperationMachine.ts';
import type { PolicyLayers } from '../../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../../machines/policy/layers/policyTable.ts';
import type { CheckedRequest, SyncRequest } from '../../machines/policy/request/request.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import type { OptionRule, OptionRules } from '../../machines/vocabulary/optionFields.ts';
import { PERSON_RULES, type Person } from '../../machines/vocabulary/subject.ts';
import type { BackupResult } from '../../persistence/upkeep/backup.ts';
import type { BackupOptions } from '../upkeep/backupInThread.ts';
import type { HealthStatus } from '../views/health.ts';
import type { PolicyView } from '../views/policyView.ts';

/** A capability that a caller needs (AC-1). A holder of the runtime, the socket or the key file has all of them. */
export type Capability =
  /** See states, counts and reasons; nothing of a person. */
  | 'view'
  /** See the subject of an operation. */
  | 'viewSubjects'
  /** Take sealed data out of the store: records as they are on disk, answers of upstreams. */
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
  /** The override that it is reported as; `null` for a call that only reads. */
  readonly override: OverrideRule<Params, Awaited<Result>> | null;
  /** Whether `by` must have a role, where that depends on what is ordered. */
  needsRole?(params: Params): boolean;
  /** With which parameters the inspector's page may make it, and what of the answer it may see; left out, it may not. */
  readonly shown?: { readonly params: readonly string[]; readonly answer: AnyShape } | undefined;
  /** Whether only code of the process can make it, since its parameters hold functions. Default false. */
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

/** A call with its parameters and its result. */
export type ManagementCall<Params extends object, Result> =
  | StoreCall<Params, Result>
  | RuntimeCall<Params, Result>;

/** A call of the registry, whatever its parameters. */
export type AnyCall = ManagementCall<object, unknown>;

/**
 * The parts of a declaration that name parameters and fields: one that is renamed does not compile under its old name.
 */
interface Named<Params, Result> {
  /**
   * What the inspector's page may give and see: no parameter by which anybody could search for a person, and no
   * subject or value of a record.
   */
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

/** Carries calls to the runtime of this process, a store at rest, or the owner's socket. */
export interface Caller {
  /** @throws HoldfastError (rejects) `HF_OPTION_INVALID` for parameters, and what the call throws. */
  call<Params extends object, Result>(
    call: ManagementCall<Params, Result>,
    params: Params,
  ): Promise<Awaited<Result>>;
}

/** The subject of an override; fields may be left out. */
export type OverrideAbout = Partial<
  Pick<FactOf<'override.made'>, 'upstream' | 'operationId' | 'count' | 'by'>
>;

/** The override that a call makes. */
export interface OverrideRule<Params, Result> {
  readonly what: Override;
  /** The subject of the override; `null` where nothing was changed after all. */
  about(params: Params, result: Result): OverrideAbout | null;
}

/** An override of one operation. */
export function ofOperation(what: Override): OverrideRule<{ readonly id: string }, unknown> {
  return { what, about: ({ id }) => ({ operationId: id, count: 1 }) };
}

/** An override that the engine reports itself, whichever way it was asked. */
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

/** The id of an operation. Ids come from outside, so anything but text is refused here. */
export const ID = {
  required: {
    rule: 'must be the id of an operation, a text',
    matches: (value) => typeof value === 'string',
  },
} as const satisfies OptionRule;

/** The begin of a page: 0 for the first, then `nextSeq` of the page before. */
export const PAGE_FROM = { required: 'sequence' } as const satisfies OptionRule;

/** The name of an upstream. The runtime checks whether it exists. */
export const UPSTREAM = { required: 'text' } as const satisfies OptionRule;

/** The longest reason: it is written at each change of the breaker. */
const REASON_LENGTH_MAX = 1_000;

/** The name of the caller who gives an order, kept and shown. */
export const BY = {
  rule: 'must be a text of 1 to 100 characters',
  matches: (value) => typeof value === 'string' && value.trim() !== '' && value.length <= 100,
} as const satisfies OptionRule;

/**
 * Free text, a reason or a note, for other people to read. Card data in it is masked before the call is made ({@link
 * Management}).
 */
export const REASON = {
  rule: `must be a text of 1 to ${REASON_LENGTH_MAX} characters`,
  matches: (value) =>
    typeof value === 'string' && value.trim() !== '' && value.length <= REASON_LENGTH_MAX,
} as const satisfies OptionRule;

/** The person who gives an order; some orders need a role (`needsRole`). */
export const PERSON = { required: { fields: PERSON_RULES } } as const satisfies OptionRule;

/** The person who gives an order; may be left out. */
export const BY_PERSON = { fields: PERSON_RULES } as const satisfies OptionRule;

/** An order that may name its giver, who is part of the fact `override.made`. */
export interface Ordered {
  readonly by?: Person | undefined;
}

/** The person who decides, with their role, so that readers later know whom to ask (CR-5, CF-6). */
export const DECIDER = {
  required: { fields: { id: PERSON_RULES.id, role: { required: PERSON_RULES.role } } },
} as const satisfies OptionRule;

/** The subject of a call. */
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
  /** Waits for the work; rejects with `HF_STORE_HANGING` where the disk does not answer (PS-6). */
  whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result>;
  /** Ends the hold on disk, and lets waiting work run; `false` where the store was not held. */
  release(): Promise<boolean>;
}

/** A running process. */
export interface ManagedRuntime {
  health(): HealthStatus;
  /** Copies the store into a new folder; throws where there are no files to copy. */
  backup(path: string, options: BackupOptions): Promise<BackupResult>;
  /** The policies in force there. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  policies(scope: PolicyScope): readonly PolicyView[];
  /** Puts other policies in force. @throws HoldfastError `HF_OPTION_INVALID`; nothing is changed then. */
  setPolicies(layers: PolicyLayers): void;
  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstreamOrders(name: string): UpstreamOrders;
  readonly crisisModes: CrisisModeOrders;
}

/** What the page may see of the history of an operation. */
export const HISTORY_SHOWN = {
  each: {
    fields: {
      atMs: 'plain',
      what: 'plain',
      attempt: 'plain',
      code: 'plain',
      startedAtMs: 'plain',
      failureClass: 'plain',
    },
  },
} as const satisfies AnswerShape<readonly HistoryEntry[]>;
