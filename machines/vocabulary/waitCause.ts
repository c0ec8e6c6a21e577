/**
 * Why an operation that could run does not run at its upstream now.
 *
 * @module
 */

/**
 * In the order in which they are checked: the first that holds is reported.
 * - `start`: nothing runs yet.
 * - `stopping`: nothing runs any more.
 * - `storage`: nothing can be made durable, so no effect may begin.
 * - `suspect`: an operation that may have ended the process runs alone.
 * - `operator`: somebody holds the breaker open.
 * - `breaker`: the upstream is down; the next probe goes out at its time.
 * - `probe`: as many probes are out as may be.
 * - `type`: its type fails at this upstream while others succeed, and is parked by itself; it is tried again at its time.
 * - `subject`: calls for its subject fail at this upstream while those for others succeed, and it is parked by itself; it is tried again at its time.
 * - `rate`: no token of the upstream's rate is left; the next is due at its time.
 * - `slot`: every slot is taken.
 * - `ramp`: so are those that have opened again after a start or an outage.
 * - `level`: the level of service keeps the slots for what is more urgent.
 */
export const WAIT_CAUSES = [
  'start',
  'stopping',
  'storage',
  'suspect',
  'operator',
  'breaker',
  'probe',
  'type',
  'subject',
  'rate',
  'slot',
  'ramp',
  'level',
] as const;
export type WaitCause = (typeof WAIT_CAUSES)[number];

/** Whether it may run now; if not, the first reason, and when that ends by itself (`null`: nobody knows). */
export type MayRun =
  | { readonly may: true }
  | {
      readonly may: false;
      readonly because: WaitCause;
      /** By the steady clock. */
      readonly untilAtMs: number | null;
    };

/** Whether an upstream's work is taken up at all, as those know who hand it out. */
export const INTAKES = ['notStarted', 'open', 'isolated', 'stopped'] as const;
/**
 * - `notStarted`: nothing runs yet: the store is not open, or is held.
 * - `open`: work runs.
 * - `isolated`: only an operation that has to run alone.
 * - `stopped`: nothing runs any more.
 */
export type Intake = (typeof INTAKES)[number];
