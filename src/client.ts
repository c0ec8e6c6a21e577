/**
 * Public interface of a client: calls of a process that uses a store which another process owns.
 *
 * @module
 */

import type { CrisisAnswer, CrisisModeState } from '../actors/port.ts';
import type { CrisisMode } from './management/crisisMode.ts';
import type { NoUpstreams, RuntimeOptions, TypedOptions } from './options.ts';
import type { CrisisRequest, Runtime } from './runtime.ts';
import type { AnyTypes, OperationTypes } from './typed/operationTypes.ts';

/**
 * Options of `connect`: those of `createRuntime`, and two more. A process that only connects needs `store`, and may
 * give `crisis.resources`, `crisis.words`, `clock`, `random` and `onError`.
 */
export interface ConnectOptions<Handlers = RuntimeHandlers, Upstreams = NoUpstreams>
  extends TypedOptions<Handlers, Upstreams> {
  /**
   * Whether this process may own the store. Default: whether `handlers` are given. With `false`, the same options
   * make a plain client, which uses only those that a client may give.
   */
  readonly own?: boolean | undefined;
  /**
   * How long a call waits, in milliseconds, while nobody owns the store or its owner does not answer; then it rejects
   * with `HF_OWNER_GONE`. Watching an operation, and crises, have no limit. 100 ms to an hour, default 15 s.
   */
  readonly ownerWithinMs?: number | undefined;
}

type RuntimeHandlers = NonNullable<RuntimeOptions['handlers']>;

/** Operation types of a runtime, for `connect<typeof runtime>(…)`. */
export type TypesOfRuntime<Of> =
  Of extends Runtime<infer Types, infer _Upstream> ? Types : AnyTypes;

/**
 * A client of a store, made by `connect`. The process that owns the store does the work, which may be this one. The
 * calls are those of a {@link Runtime}, with the same types and errors.
 *
 * The owner may change at any time. Requests under way are then sent to the next owner, which has everything that was
 * accepted; the idempotency key keeps a request that is sent twice one operation.
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
    | 'audit'
    | 'health'
  > {
  /**
   * Resolves once an owner answers. No call needs to wait for this: each waits by itself.
   *
   * @throws HoldfastError (rejects) `HF_OWNER_GONE` where that is not so within `ownerWithinMs`; the client goes
   * on to look for one.
   */
  readonly ready: Promise<void>;
  /** Runtime of this process while it owns the store, else `null`. */
  readonly runtime: Runtime<Types> | null;
  /**
   * Answers a person in crisis at once, whatever the owner does: from the memory of the owner if it answers within a
   * tenth of a second, else from that of this process. Never rejects (CR-1). This process keeps the crisis until an
   * owner has it on disk, which `durable` reports.
   */
  crisis(request: CrisisRequest): Promise<CrisisAnswer>;
  /** Crisis mode, as on a runtime. `list()` asks the owner. */
  readonly crisisMode: Pick<CrisisMode, 'enter' | 'leave'> & {
    list(): Promise<readonly CrisisModeState[]>;
  };
  /**
   * Leaves. Accepted work goes on at the owner. If this process is the owner, it stops as a runtime does, with
   * `deadlineMs` for work in flight (default 5 s), and another process that may own the store takes it over; calls of
   * other clients wait for that.
   */
  close(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}
