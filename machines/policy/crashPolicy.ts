/**
 * How work that may kill the process is told from work that merely stood beside it (RT-4, docs/decisions/0014).
 *
 * @module
 */

import type { Failure } from './classifyFailure.ts';

/**
 * Found in flight at this many crashes in a row, an operation runs alone; found in flight once more,
 * it goes to the dead letters. A crisis never does: it goes on, spaced out.
 */
export const CRASHES_IN_A_ROW_MAX = 3;

/** How many suspects may run beside each other. */
export const SUSPECTS_IN_FLIGHT_MAX = 4;

/** Why the culprit ends. */
export const CRASHED: Failure = {
  code: 'HF_CRASHES_PROCESS',
  failureClass: 'permanent',
  message: 'The process died each time this operation was in flight, in the end alone.',
};
