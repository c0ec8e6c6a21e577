/**
 * The states of the crisis's chart, written out so that what an app compiles against needs no types of
 * XState. A test holds them to the chart.
 *
 * @module
 */

/** How far what is known of a crisis has come to the disk. */
export type CrisisRecordState =
  | 'writing'
  | 'spilled'
  | 'durable'
  | 'quarantined'
  | 'unkept'
  | 'closed';

/** How far a crisis has come to its upstream. */
export type CrisisDeliveryState =
  | 'awaitingPlace'
  | 'awaitingHandler'
  | 'attempting'
  | 'fastBackoff'
  | 'pacing'
  | 'callingOff'
  | 'delivered'
  | 'calledOff';

/** How far people were told that a crisis is not delivered. */
export type CrisisEscalationState =
  | 'quiet'
  | 'notifyDue'
  | 'notifying'
  | 'awaitingAcknowledgement'
  | 'stepsOwed'
  | 'exhausted'
  | 'acknowledged'
  | 'lapsing'
  | 'ended';

/** All three, which go on beside each other. */
export interface CrisisStates {
  readonly record: CrisisRecordState;
  readonly delivery: CrisisDeliveryState;
  readonly escalation: CrisisEscalationState;
}
