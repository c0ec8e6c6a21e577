/**
 * Makes management calls in this process: checks the parameters, waits for the store where the call needs it, and
 * reports changes.
 *
 * @module
 */

import type { AuditAccess, Noted, Override } from '../../actors/port.ts';
import { editIdOf } from '../../machines/conflict/conflictRecord.ts';
import { maskText } from '../../machines/policy/request/cardData.ts';
import { HoldfastError, isHoldfastError, isThenable } from '../../machines/vocabulary/errors.ts';
import {
  checkFields,
  isObject,
  type OptionRule,
  requireOption,
  unknownName,
} from '../../machines/vocabulary/optionFields.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { AuditVia } from '../../persistence/port/audit.ts';
import {
  type AnyCall,
  type Caller,
  type ManagedRuntime,
  type ManagedStore,
  type ManagementCall,
  type OverrideAbout,
  REASON,
  type RuntimeCall,
} from './managementCall.ts';

export interface ManagementParts {
  readonly store: ManagedStore;
  /** The runtime; `null` for a store at rest. */
  readonly runtime: ManagedRuntime | null;
  /** Resolves once the store is open; rejects once it never will be. */
  readonly whenOpen: () => Promise<void>;
  /** The way by which calls of this object come. */
  readonly via: AuditVia;
  /** Called for each call that has changed something. */
  readonly onOverride: (what: Override, about: OverrideAbout) => void;
}

export class Management implements Caller {
  readonly #parts: ManagementParts;

  constructor(parts: ManagementParts) {
    this.#parts = parts;
  }

  async call<Params extends object, Result>(
    call: ManagementCall<Params, Result>,
    params: Params,
  ): Promise<Awaited<Result>> {
    return (await this.#make(call, params, this.#parts.via)) as Awaited<Result>;
  }

  /** Makes a call without waiting: it is in force when this returns. */
  now<Params extends object, Result>(call: RuntimeCall<Params, Result>, params: Params): Result {
    const order = checkedOrder(call, params);
    const { via } = this.#parts;
    if (isRecorded(call, via)) this.#audit.note(asked(call, order, via));
    const result = this.#run(call, order);
    this.#tell(call, order, result);
    return result;
  }

  /**
   * Makes the call of this name among `calls`, for one that came from outside the process.
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a name or for parameters that can't be used,
   * and what the call throws.
   */
  async callByName(
    calls: readonly AnyCall[],
    name: string,
    params: unknown,
    via: AuditVia,
  ): Promise<unknown> {
    const offered = calls.filter(({ isLocal }) => isLocal !== true);
    const call = offered.find((one) => one.name === name);
    const names = offered.map((one) => one.name);
    requireOption(call !== undefined, 'call', unknownName(name, names));
    requireOption(isObject(params), 'params', 'must be an object');
    return await this.#make(call, params, via);
  }

  async #make(call: AnyCall, params: object, via: AuditVia): Promise<unknown> {
    const order = checkedOrder(call, params);
    const noted = isRecorded(call, via) ? asked(call, order, via) : null;
    if (noted !== null && isRecordedFirst(call)) await this.#record(noted);
    else if (noted !== null) this.#audit.note(noted);
    try {
      const result = await this.#runInTime(call, order);
      this.#tell(call, order, result);
      return result;
    } catch (error) {
      const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
      if (noted !== null) this.#audit.note({ ...noted, out: 'failed', code });
      throw error;
    }
  }

  /** Records an order before it is carried out. */
  async #record(noted: Noted): Promise<void> {
    const { store, whenOpen } = this.#parts;
    await whenOpen();
    await store.whileAnswering(this.#audit.recorded(noted), false);
  }

  get #audit(): AuditAccess {
    return this.#parts.store.records.audit;
  }

  async #runInTime(call: AnyCall, params: object): Promise<unknown> {
    const { store, whenOpen } = this.#parts;
    const mayBeStored = call.override !== null;
    if (call.worksOn === 'runtime') {
      const result: unknown = this.#run(call, params);
      return isThenable(result)
        ? await store.whileAnswering(Promise.resolve(result), mayBeStored)
        : result;
    }
    await whenOpen();
    return await store.whileAnswering(Promise.resolve(call.run(store, params)), mayBeStored);
  }

  #run<Params extends object, Result>(call: RuntimeCall<Params, Result>, params: Params): Result {
    const { runtime } = this.#parts;
    if (runtime === null) throw nobodyRuns(call);
    return call.run(runtime, params);
  }

  #tell({ override }: AnyCall, params: object, result: unknown): void {
    const about = override?.about(params, result) ?? null;
    if (override === null || about === null) return;
    this.#parts.onOverride(override.what, { ...about, by: orderedBy(params) });
  }
}

/**
 * Whether a call is recorded: each order; what takes sealed data out; and what shows whom work is about, to somebody outside
 * of the process. The page is shown nobody's name, and what the app itself looks at it shows to people that it knows.
 */
export function isRecorded(
  { name, override, capability }: Pick<AnyCall, 'name' | 'override' | 'capability'>,
  via: AuditVia,
): boolean {
  if (override !== null || capability === 'export') return true;
  const isOutside = via !== 'inspector' && via !== 'app';
  return capability === 'viewSubjects' && isOutside && name !== 'operation.count';
}

/** Whether an entry is on disk first: what shows, is about a crisis, or asks the process alone, waits for no disk. */
export function isRecordedFirst({ name, worksOn, override }: AnyCall): boolean {
  return worksOn === 'store' && override !== null && !name.startsWith('crisis');
}

/** What is recorded of a call before it is made: of its parameters the operation, the upstream and the person alone. */
function asked({ name: call }: { readonly name: string }, params: object, via: AuditVia): Noted {
  const { id, upstream, subject } = params as Readonly<Record<string, unknown>>;
  return {
    ...{ act: 'call.made', out: 'asked', call, via },
    by: orderedBy(params)?.id,
    operationId: typeof id === 'string' ? editIdOf(id) : undefined,
    upstream: typeof upstream === 'string' ? upstream : undefined,
    subject: typeof subject === 'string' ? subject : undefined,
  };
}

/** The person who gives the order, also from the plain id in orders to a breaker. */
function orderedBy(params: object): Person | null {
  const { by } = params as { readonly by?: Person | string };
  return (typeof by === 'string' ? { id: by } : by) ?? null;
}

/**
 * Checks an order, in this one place: the form of each parameter, and a role in `by` where the order needs one. Free
 * text is masked as payloads are (CF-7, CR-6).
 */
function checkedOrder<Params extends object>(
  call: ManagementCall<Params, unknown>,
  params: Params,
): Params {
  checkFields(params, call.params, '');
  if (call.needsRole?.(params) === true) {
    const { by } = params as { readonly by?: Partial<Person> };
    requireOption(
      by?.role !== undefined,
      'by.role',
      'is missing: this is decided by somebody with a role',
    );
  }
  const written = Object.entries(params).filter(
    ([name, value]) =>
      typeof value === 'string' && isWrittenFreely(call.params[name as keyof typeof call.params]),
  );
  if (written.length === 0) return params;
  return {
    ...params,
    ...Object.fromEntries(written.map(([name, text]) => [name, maskText(text)])),
  };
}

function isWrittenFreely(rule: OptionRule | undefined): boolean {
  return (
    rule === REASON || (typeof rule === 'object' && 'required' in rule && rule.required === REASON)
  );
}

function nobodyRuns({ name }: { readonly name: string }): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `${name} is answered by a running process, and nobody runs on the store.`,
    { retry: 'later' },
  );
}
