/**
 * Messages between the demo and the process that runs its runtime.
 *
 * @module
 */

import type { DemoPlan } from './demoPlan.ts';
import type { SettledReport } from './demoVerdict.ts';

/** What the demo tells the process it has just started. */
export interface StartOrder {
  readonly kind: 'start';
  readonly plan: DemoPlan;
  readonly storeFolder: string;
  readonly keyFile: string;
  readonly upstreamUrl: string;
  /** Operations of which the demo has not heard that they ended: new ones, and those cut off by a kill. */
  readonly toDo: readonly number[];
  /** The number of the next crisis; numbers before it were used. */
  readonly crisisFrom: number;
  /** A planted defect: reports this operation as done without having run it. */
  readonly falseSuccess: number | null;
}

export interface StopOrder {
  readonly kind: 'stop';
}

/** Tells the runtime process that its crises may end; those under way are still delivered. */
export interface CalmOrder {
  readonly kind: 'calm';
}

export type Order = StartOrder | CalmOrder | StopOrder;

/** What the runtime process tells the demo, a few times a second. */
export interface Report {
  readonly accepted: readonly number[];
  readonly settled: readonly (readonly [index: number, report: SettledReport])[];
  /** How long each crisis waited for its answer. */
  readonly crisesAnswered: readonly (readonly [number: number, elapsedMs: number])[];
  readonly crisesDurable: readonly string[];
  /** State of the upstream's breaker, and its level of service. */
  readonly breaker: string;
  readonly level: string;
  /** Everything in {@link StartOrder.toDo} has ended. */
  readonly isDone: boolean;
  /** Why the process gives up, or `null`. */
  readonly failure: string | null;
}
