/**
 * The port by which dispatch asks for leave to call an upstream, and gives it back. A flow control of
 * this process answers at once; one that several processes share may answer later.
 *
 * @module
 */

import type { FlowReason } from '../../machines/policy/flow/entry.ts';
import type { CallResult } from '../../machines/vocabulary/callResult.ts';

/** Who asks for leave to make a call. */
export interface Asker {
  /** An operation's; `null` where rows are about to be fetched, and nobody knows yet whose call it will be. */
  readonly id: string | null;
  /** Its rank, 0 the most urgent. */
  readonly urgency: number;
}

/** Leave to make one call. Its holder gives it back to `flow` once, whatever becomes of the call. */
export interface Permit {
  readonly flow: FlowControl;
}

/** A permit; `null` when the asker has to wait until something changes; or either of them later. */
export type FlowAnswer = Permit | null | Promise<Permit | null>;

/** Who may call one upstream, and how many at once. Crises ask nobody (CB-3). */
export interface FlowControl {
  readonly upstream: string;
  /** The least urgent rank that may go out at present (DG-2). */
  readonly urgencyBound: number;
  /** Permits that are out in this process. */
  readonly inFlight: number;
  /** How many more could go out now, as far as is known without asking. */
  readonly free: number;

  /** Whether work of this urgency rank may go out at all, were there a slot. */
  admits(urgency: number): boolean;

  /** What holds work of this urgency rank back at present, as far as is known here. */
  heldBackBy(urgency: number): FlowReason;

  /** A permit that can be given at once; `null` says nothing of what {@link enter} would answer. */
  tryEnter(asker: Asker): Permit | null;

  /**
   * Asks for a permit. A promise is not taken back: an asker that no longer wants what comes of it
   * gives it back as `ignored`.
   */
  enter(asker: Asker): FlowAnswer;

  /**
   * Takes a permit back, with how the call went and how long the upstream asked to be left alone. True
   * where the upstream serves others, as far as is known here: see `isUpstreamWell`.
   */
  leave(permit: Permit, result: CallResult, retryAfterMs?: number): boolean;

  /** Counts the result of a crisis delivery, which tells as much of the upstream as any call (CB-3). */
  recordCrisis(result: CallResult, retryAfterMs?: number): void;

  /** Has `listener` called when more or less may go out than before, and never from within another call here. */
  onChange(listener: () => void): void;
}
