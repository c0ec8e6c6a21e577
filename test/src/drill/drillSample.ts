/**
 * What the witnesses of a good scenario say, to be spoilt by a test.
 *
 * @module
 */

import { plannedAtMs } from '../../../src/drill/measure/figures.ts';
import type { Judging, ScenarioReport } from '../../../src/drill/report/drillReport.ts';
import { judgeScenario, type Witnesses } from '../../../src/drill/report/judge.ts';
import type { StageResult } from '../../../src/drill/stage/stageMessages.ts';
import type { LedgerLine } from '../../../src/drill/upstream/drillUpstream.ts';

const COUNT = 20;
const ANSWER_MS = 2;
const DELIVERY_MS = 30;
const plan = { startMs: 1_000_000, perSecond: 10, count: COUNT };

export const SCENARIO = { name: 'sample', title: 'A sample', means: 'nothing' };

/** When crisis `index` of the sample was to be asked. */
export function dueAtMs(index: number): number {
  return plannedAtMs(plan, index);
}

/** Twenty crises, each answered and delivered soon, on a machine that had time for everybody. */
export function goodResult(): StageResult {
  return {
    plan,
    firstNumber: 0,
    answeredAtMs: Float64Array.from({ length: COUNT }, (_, index) => dueAtMs(index) + ANSWER_MS),
    isTaken: new Uint8Array(COUNT).fill(1),
    flaws: new Uint8Array(COUNT),
    hasPlan: new Uint8Array(COUNT).fill(1),
    toldRules: [],
    isPinned: Uint8Array.from({ length: COUNT }, (_, index) => (index + 1) % 2),
    control: { lateMs: new Float64Array(COUNT).fill(0.5), keptMs: new Float64Array(COUNT).fill(7) },
    wellAtMs: null,
    evidence: [{ isSeen: true, text: 'all was well' }],
  };
}

export function goodLedger(): LedgerLine[] {
  return Array.from({ length: COUNT }, (_, index) => [index, 1, dueAtMs(index) + DELIVERY_MS]);
}

/** The verdict on the good scenario with something else in it. */
export function judged(spoilt: Partial<Witnesses> = {}, judging: Judging = 'all'): ScenarioReport {
  const witnesses: Witnesses = {
    result: goodResult(),
    ledger: goodLedger(),
    notices: [],
    leftBehind: [],
    ...spoilt,
  };
  return judgeScenario(SCENARIO, witnesses, judging);
}
