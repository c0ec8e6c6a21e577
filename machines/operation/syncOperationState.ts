/**
 * The innermost states of the operation's chart, written out so that what an app compiles against needs no types
 * of XState. A test holds them to the chart.
 *
 * @module
 */

export const OPERATION_STATES = [
  'accepting',
  'inLane',
  'scheduled',
  'waiting',
  'handlerMissing',
  'suspect',
  'comparing',
  'ordering',
  'attempting',
  'overhanging',
  'cancelling',
  'backingOff',
  'rateLimited',
  'conflicted',
  'inReview',
  'settling',
  'completed',
  'deadLettered',
  'replayed',
  'cancelled',
  'expired',
  'rejected',
  'duplicate',
] as const;

export type SyncOperationState = (typeof OPERATION_STATES)[number];
