/**
 * The report of a whole drill, as data.
 *
 * @module
 */

import type { Form } from '../stage/stageMessages.ts';
import { ANSWER_AIM_MS, ANSWER_MS_MAX, DELIVERED_WITHIN_MS, type Judging } from './promises.ts';
import type { ScenarioReport } from './scenarioReport.ts';

/** Where and when it was made. */
export interface DrillMachine {
  readonly holdfast: string;
  /** The commit, where it is run in a clone; `null` where it is installed. */
  readonly commit: string | null;
  readonly node: string;
  readonly platform: string;
  readonly processors: number;
  readonly processorModel: string;
  /** In milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly elapsedMs: number;
  /** How many wanted a processor, on average over a minute, when it began and when it ended. */
  readonly load: readonly [atStart: number, atEnd: number];
}

export interface DrillReport {
  readonly verdict: 'PASS' | 'FAIL';
  readonly faults: readonly string[];
  readonly form: Form;
  readonly judging: Judging;
  /** The defect that was planted; `null` for none. */
  readonly plant: string | null;
  readonly promise: { readonly answerMsMax: number; readonly deliveredWithinMs: number };
  readonly aim: { readonly answerMs: number };
  readonly isAimMet: boolean;
  readonly crises: number;
  readonly late: number;
  readonly starved: number;
  readonly unscheduled: number;
  readonly untaken: number;
  readonly flawed: number;
  readonly missing: number;
  readonly doubled: number;
  readonly machine: DrillMachine;
  readonly scenarios: readonly ScenarioReport[];
}

export function drillReport(
  scenarios: readonly ScenarioReport[],
  rest: Pick<DrillReport, 'form' | 'judging' | 'plant' | 'machine'>,
): DrillReport {
  const sum = (of: (scenario: ScenarioReport) => number): number =>
    scenarios.reduce((total, scenario) => total + of(scenario), 0);
  const failed = scenarios.filter(({ verdict }) => verdict === 'FAIL');
  return {
    verdict: failed.length === 0 ? 'PASS' : 'FAIL',
    faults: failed.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`)),
    promise: { answerMsMax: ANSWER_MS_MAX, deliveredWithinMs: DELIVERED_WITHIN_MS },
    aim: { answerMs: ANSWER_AIM_MS },
    isAimMet: scenarios.every(({ verdict, isAimMet }) => verdict === 'SKIPPED' || isAimMet),
    crises: sum(({ crises }) => crises),
    late: sum(({ late }) => late),
    starved: sum(({ starved }) => starved),
    unscheduled: sum(({ unscheduled }) => unscheduled),
    untaken: sum(({ untaken }) => untaken),
    flawed: sum(({ flawed }) => flawed),
    missing: sum(({ missing }) => missing),
    doubled: sum(({ doubled }) => doubled),
    ...rest,
    scenarios,
  };
}
