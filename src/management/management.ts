/**
 * Makes management calls in this process: checks the parameters, waits for the store where the call needs it, and
 * reports changes.
 *
 * @module
 */

import type { AuditAccess, Noted, Override } from '../../actors/port.ts';
import { editIdOf } from '../../machines/conflict/conflictRecord.ts';
import type { Capability, Principal, Shown } from '../../machines/policy/access/access.ts';
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
import { type From, type Gate, notYourName, ofOwner, ofPrincipal } from '../access/gate.ts';
import {
  type AnyCall,
  BY,
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
  /** Admits callers. */
  readonly gate: Gate;
  /** The way by which the owner's own calls come. */
  readonly via: AuditVia;
  /** Called for each call that has changed something. */
  readonly onOverride: (what: Override, about: OverrideAbout) => void;
}

export class Management implements Caller {
  readonly #parts: ManagementParts;
  readonly #own: From;

  constructor(parts: ManagementParts) {
    this.#parts = parts;
    this.#own = ofOwner(parts.via);
  }

  /** The calls of somebody whom the app knows: each is made in their name, if their role may. */
  as(principal: Principal): Pick<Management, 'call' | 'now'> {
    const from = ofPrincipal(principal);
    return {
      call: async (call, params) => (await this.#make(call, params, from)) as never,
      now: (call, params) => this.#makeNow(call, params, from),
    };
  }

  async call<Params extends object, Result>(
    call: ManagementCall<Params, Result>,
    params: Params,
  ): Promise<Awaited<Result>> {
    return (await this.#make(call, params, this.#own)) as Awaited<Result>;
  }

  /** Makes a call without waiting: it is in force when this returns. */
  now<Params extends object, Result>(call: RuntimeCall<Params, Result>, params: Params): Result {
    return this.#makeNow(call, params, this.#own);
  }

  /**
   * Makes the call of this name among `calls`, for one that came from outside the process.
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a name or for parameters that can't be used,
   * `HF_ACCESS_DENIED`, `HF_SECOND_PERSON_NEEDED`, and what the call throws.
   */
  async callByName(
    calls: readonly AnyCall[],
    name: string,
    params: unknown,
    from: From,
  ): Promise<unknown> {
    const offered = calls.filter(({ isLocal }) => isLocal !== true);
    const call = offered.find((one) => one.name === name);
    const names = offered.map((one) => one.name);
    requireOption(call !== undefined, 'call', unknownName(name, names));
    requireOption(isObject(params), 'params', 'must be an object');
    return await this.#make(call, params, from);
  }

  #makeNow<Params extends object, Result>(
    call: RuntimeCall<Params, Result>,
    params: Params,
    from: From,
  ): Result {
    const shown = from.who();
    const order = this.#admitted(call, params, from, shown);
    if (isRecorded(call, from.via, shown)) this.#audit.note(asked(call, order, from.via, shown));
    const result = this.#run(call, order);
    this.#tell(call, order, result);
    return result;
  }

  async #make(call: AnyCall, params: object, from: From): Promise<unknown> {
    let shown = from.who();
    if (shown.kind === 'unread' && needsOf(call, params) !== 'view') {
      await this.#parts.whenOpen();
      shown = from.who();
    }
    const order = this.#admitted(call, params, from, shown);
    const noted = isRecorded(call, from.via, shown) ? asked(call, order, from.via, shown) : null;
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

  /** The order as it is carried out: checked, signed, and for two persons ordered by the second. */
  #admitted<Params extends object>(
    call: ManagementCall<Params, unknown>,
    params: Params,
    from: From,
    shown: Shown,
  ): Params {
    const { gate } = this.#parts;
    const { name } = call;
    const principal = gate.admit(name, needsOf(call, params), from, shown);
    if (principal === null) return checkedOrder(call, params);
    const signed = signedBy(call, params, principal);
    if (signed === null) {
      gate.refused(name, from.via, principal);
      throw notYourName(name);
    }
    const order = checkedOrder(call, signed);
    const of = call.forTwo?.(order) ?? null;
    if (of === null) return order;
    try {
      const atMs = gate.bySecond(name, of, principal);
      return call.within?.(order, atMs) ?? order;
    } catch (error) {
      const code = 'HF_SECOND_PERSON_NEEDED';
      this.#audit.note({ ...asked(call, order, from.via, shown), out: 'refused', code });
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
 * of the process, or of whom the app says who it is. The page is shown nobody's name, and what the app itself looks at it
 * shows to people that it knows.
 */
export function isRecorded(
  { name, override, capability }: Pick<AnyCall, 'name' | 'override' | 'capability'>,
  via: AuditVia,
  { kind }: Shown,
): boolean {
  if (override !== null || RECORDED.has(capability)) return true;
  const isSeen = via === 'app' ? kind === 'principal' : via !== 'inspector';
  const showsWhom =
    capability === 'viewSubjects' ? name !== 'operation.count' : name === 'audit.handle';
  return showsWhom && isSeen;
}

/** Each use of these is recorded: they show what is sealed, or who may do what. */
const RECORDED: ReadonlySet<Capability> = new Set(['export', 'decide', 'secure']);

/** Whether an entry is on disk first: what shows, is about a crisis, or asks the process alone, waits for no disk. */
export function isRecordedFirst({ name, worksOn, override }: AnyCall): boolean {
  return worksOn === 'store' && override !== null && !name.startsWith('crisis');
}

/** What is recorded of a call before it is made: of its parameters the operation, the upstream and the person alone. */
function asked(
  { name: call, forTwo }: Pick<AnyCall, 'name' | 'forTwo'>,
  params: object,
  via: AuditVia,
  shown: Shown,
): Noted {
  const { id, upstream, subject } = params as Readonly<Record<string, unknown>>;
  const isSole = shown.kind === 'own' && (forTwo?.(params) ?? null) !== null;
  return {
    ...{ act: 'call.made', out: 'asked', call, via },
    by: shown.kind === 'principal' ? shown.principal.id : orderedBy(params)?.id,
    code: isSole ? 'sole' : undefined,
    operationId: typeof id === 'string' ? editIdOf(id) : undefined,
    upstream: typeof upstream === 'string' ? upstream : undefined,
    subject: typeof subject === 'string' ? subject : undefined,
  };
}

function needsOf<Params extends object>(
  { needs, capability }: Pick<ManagementCall<Params, unknown>, 'needs' | 'capability'>,
  params: Params,
): Capability {
  return needs?.(params) ?? capability;
}

/** The same order in the name of this person, who can't confirm alone what takes two; `null` where it names somebody else. */
function signedBy<Params extends object>(
  { params: rules }: Pick<ManagementCall<Params, unknown>, 'params'>,
  params: Params,
  { id, role }: Principal,
): Params | null {
  const rule: OptionRule | undefined = Reflect.get(rules, 'by');
  if (rule === undefined) return params;
  const {
    by,
    confirm: _,
    ...others
  } = params as { readonly by?: unknown; readonly confirm?: unknown };
  const named: unknown = isObject(by) ? Reflect.get(by, 'id') : by;
  if (by !== undefined && named !== id) return null;
  return { ...others, by: rule === BY ? id : { id, role } } as unknown as Params;
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
