/**
 * What a scenario of the drill came to.
 *
 * @module
 */

import type { Figures } from '../measure/figures.ts';
import type { Evidence } from '../stage/stageMessages.ts';

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
  /** Of these, those of people whose plan was pinned. */
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
  /** Of the answers to people whose plan is not pinned, the share that had it; `null` for none. */
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
  /** Of `taken`, how many an earlier process had left behind. */
  readonly leftBehind: number;
}
