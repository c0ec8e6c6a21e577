/**
 * The public face of a client: what a process calls that uses a store which another process owns.
 *
 * @module
 */

import type { CrisisAnswer, CrisisModeState } from '../actors/port.ts';
import type { CrisisMode } from './management/crisisMode/crisisMode.ts';
import type { NoUpstreams, RuntimeOptions, TypedOptions } from './options.ts';
import type { CrisisRequest, Runtime } from './runtime.ts';
import type { AnyTypes, OperationTypes } from './typed/operationTypes.ts';

/**
 * What `connect` takes: the options of `createRuntime`, and two of its own. A process that only connects needs
 * `store`, and may give `crisis.resources`, `crisis.words`, `clock`, `random` and `onError`.
 */
export interface ConnectOptions<Handlers = RuntimeHandlers, Upstreams = NoUpstreams>
  extends TypedOptions<Handlers, Upstreams> {
  /**
   * Whether this process may own the store. Default: whether `handlers` are given. `false` makes a client of the
   * same options, of which it then reads what is named above.
   */
  readonly own?: boolean | undefined;
  /**
   * How long a call waits while nobody owns the store, or its owner does not answer, in milliseconds; then it
   * rejects with `HF_OWNER_GONE`. Following an operation, and crises, wait as long as it takes. 100 ms to an
   * hour, default 15 s.
   */
  readonly ownerWithinMs?: number | undefined;
}

type RuntimeHandlers = NonNullable<RuntimeOptions['handlers']>;

/** The operations that a runtime knows: `connect<typeof runtime>(…)` takes and gives the same. */
export type TypesOfRuntime<Of> =
  Of extends Runtime<infer Types, infer _Upstream> ? Types : AnyTypes;

/**
 * A client of a store, made by `connect`: what it is asked is done by the process that owns the store, this one
 * where it may own it and does. Its calls are those of a {@link Runtime}, with the same types and errors.
 *
 * The owner may change at any time. What was under way is asked again of the next one, which has all that was
 * accepted; what is accepted twice is one operation, by its idempotency key.
 */
export interface Client<Types extends OperationTypes = AnyTypes>
  extends Pick<
    Runtime<Types>,
    | 'sync'
    | 'syncAll'
    | 'operations'
    | 'entities'
    | 'remoteChange'
    | 'crises'
    | 'conflicts'
    | 'deadLetters'
    | 'quarantine'
    | 'health'
  > {
  /**
   * Resolves once somebody owns the store and answers. Nothing needs to wait for it: every call does by itself.
   *
   * @throws HoldfastError (rejects) `HF_OWNER_GONE` where that is not so within `ownerWithinMs`; the client goes
   * on to look for one.
   */
  readonly ready: Promise<void>;
  /** The runtime of this process, while it owns the store; `null` while another does, or nobody. */
  readonly runtime: Runtime<Types> | null;
  /**
   * Answers a person in crisis at once, whatever the owner does: from its memory where it answers within a tenth
   * of a second, else from that of this process. Never rejects (CR-1). It is kept here until an owner has it on
   * disk: `durable` says when that is.
   */
  crisis(request: CrisisRequest): Promise<CrisisAnswer>;
  /** As that of the runtime; all that are on are asked of the owner. */
  readonly crisisMode: Pick<CrisisMode, 'enter' | 'leave'> & {
    list(): Promise<readonly CrisisModeState[]>;
  };
  /**
   * Leaves. What was accepted goes on at the owner. Where this process is that, it stops as a runtime does, with
   * `deadlineMs` for what is in flight (default 5 s), and another process that may own the store takes it over:
   * calls of other clients wait for that and are not refused.
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}
