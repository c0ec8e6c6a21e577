/**
 * Whether work may go out to an upstream now: its level of service, its breaker and its slots, asked in
 * this order (CB-1, DG-2, OP-6).
 *
 * @module
 */

import type { BreakerDecision } from '../breaker/breakerDecision.ts';

/** What decides on entry. */
export interface EntryFacts {
  /** The least urgent rank that the level of service lets out. */
  readonly urgencyBound: number;
  readonly mode: BreakerDecision['mode'];
}

/** Whether work of this urgency rank may go out at all, were there a slot. */
export function isAdmitted(urgency: number, { urgencyBound, mode }: EntryFacts): boolean {
  return urgency <= urgencyBound && mode !== 'refuse';
}

/**
 * What holds work back at an upstream: its breaker, which lets nothing out or probes only; its level of
 * service; or nothing but that every slot is taken.
 */
export type FlowReason = 'breaker' | 'level' | 'slot';

/** What holds work of this urgency rank back. */
export function heldBackBy(urgency: number, { urgencyBound, mode }: EntryFacts): FlowReason {
  if (mode !== 'pass') return 'breaker';
  return urgency > urgencyBound ? 'level' : 'slot';
}

/** `probe`: if the breaker grants a probe, which only its chart can say. */
export function entryOf(
  urgency: number,
  facts: EntryFacts,
  freeSlots: number,
): 'pass' | 'probe' | 'wait' {
  if (freeSlots <= 0 || !isAdmitted(urgency, facts)) return 'wait';
  return facts.mode === 'probe' ? 'probe' : 'pass';
}
