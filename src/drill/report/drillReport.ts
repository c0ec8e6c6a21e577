/**
 * The report of a whole drill, as data.
 *
 * @module
 */

import type { Figures } from '../measure/figures.ts';
import type { Evidence, Form } from '../stage/stageMessages.ts';

/** An answer is late from here on (CR-1). */
export const ANSWER_MS_MAX = 200;
/** What the slowest of ten thousand answers is meant to take at most. */
export const ANSWER_AIM_MS = 10;
/** A crisis is delivered so long after its upstream is well, at the latest. */
export const DELIVERED_WITHIN_MS = 60_000;

/** What fails a drill: `deliveries` reports late answers and lets them pass, for machines shared with others. */
export type Judging = 'all' | 'deliveries';
export const JUDGINGS: readonly Judging[] = ['all', 'deliveries'];

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

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  /** How the fault was provoked. */
  readonly means: string;
  readonly verdict: 'PASS' | 'FAIL' | 'SKIPPED';
  /** Why it failed, or was left out, in words. */
  readonly faults: readonly string[];
  /** What showed that the fault was there. */
  readonly evidence: readonly Evidence[];
  readonly perSecond: number;
  readonly crises: number;
  /** From the planned instant to the answer. */
  readonly answers: Figures;
  /** Answers to people whose plan was pinned. */
  readonly pinned: Pick<Figures, 'count' | 'p50Ms' | 'p99Ms' | 'p9999Ms' | 'maxMs'>;
  /** The answers less what the machine explains of each: by the control, or by the kernel's account. */
  readonly own: Pick<Figures, 'count' | 'p50Ms' | 'p99Ms' | 'p9999Ms' | 'maxMs'>;
  /** Answers after 200 ms or more that the machine does not explain. */
  readonly late: number;
  /** Answers as late, where the control was late as well: a starved machine. */
  readonly starved: number;
  /**
   * Answers as late where the control was not, and the kernel's account says that the main thread had no
   * processor for so long: a thread that sleeps gets one sooner than one that works.
   */
  readonly unscheduled: number;
  /** The share of the time in which the main thread was ready to run and had no processor. */
  readonly keptShare: number;
  readonly isAimMet: boolean;
  /** How late the control woke up. */
  readonly control: Pick<Figures, 'count' | 'p50Ms' | 'p99Ms' | 'p9999Ms' | 'maxMs'>;
  /** From the answer, or from when the upstream was well, to the effect there. */
  readonly delivery: Pick<Figures, 'count' | 'p50Ms' | 'p99Ms' | 'maxMs'>;
  readonly deliveryFrom: string;
  /** Taken by a runtime, so that they have to arrive. */
  readonly taken: number;
  /** Answered and not taken. */
  readonly untaken: number;
  /** Answers that did not hold all that they have to. */
  readonly flawed: number;
  /** The share of answers to people without a pinned plan that had their plan; `null` for none. */
  readonly planShare: number | null;
  /**
   * How long the steps of the chain were not told, from when their channel was well or an acknowledgement had lapsed, in
   * milliseconds of the runtime, whose clock ran `pace` times as fast; `null` where no chain was judged.
   */
  readonly told: (Pick<Figures, 'count' | 'p50Ms' | 'maxMs'> & { readonly pace: number }) | null;
  readonly missing: number;
  readonly doubled: number;
  /** Arrived after more than a minute. */
  readonly overdue: number;
  /** How many of `taken` an earlier process had left behind. */
  readonly leftBehind: number;
}
