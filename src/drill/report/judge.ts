/**
 * Judges a scenario by three witnesses: the process under drill, which knows when it was asked, when it
 * answered and what the answer held; the control thread, which knows what the machine was good for; and the
 * ledgers of the upstream, which know what arrived and who was told.
 *
 * @module
 */

import { type Figures, figuresOf, indexAt, type Plan, plannedAtMs } from '../measure/figures.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { ANSWER_FLAWS } from '../stage/answerCheck.ts';
import type { StageResult, ToldRule } from '../stage/stageMessages.ts';
import type { LedgerLine, NoticeLine } from '../upstream/drillUpstream.ts';
import {
  ANSWER_AIM_MS,
  ANSWER_MS_MAX,
  DELIVERED_WITHIN_MS,
  type Judging,
  type ScenarioReport,
} from './drillReport.ts';

export interface Witnesses {
  readonly result: StageResult;
  readonly ledger: readonly LedgerLine[];
  /** What the chain has told, where the scenario has one. */
  readonly notices: readonly NoticeLine[];
  /** The numbers of the crises that an earlier process has left behind. */
  readonly leftBehind: readonly number[];
}

export function judgeScenario(
  scenario: Pick<Scenario, 'name' | 'title' | 'means' | 'wellMeans'>,
  { result, ledger, notices, leftBehind }: Witnesses,
  judging: Judging,
): ScenarioReport {
  const { plan, evidence, isPinned } = result;
  const waits = answersOf(result);
  const answered = waits.filter((ms) => !Number.isNaN(ms));
  const lateOnes = [...waits.entries()].filter(([, ms]) => ms >= ANSWER_MS_MAX);
  const unexplained = lateOnes.filter(
    ([index, ms]) => ms - controlLateMs(result, index, ms) >= ANSWER_MS_MAX,
  );
  const starved = lateOnes.length - unexplained.length;
  const late = unexplained.filter(
    ([index, ms]) => ms - keptFromProcessorMs(result, index, ms) >= ANSWER_MS_MAX,
  ).length;
  const unscheduled = unexplained.length - late;
  const unanswered = plan.count - answered.length;
  const deliveries = deliveriesOf(result, ledger, leftBehind);
  const untaken = plan.count + leftBehind.length - deliveries.taken - unanswered;
  const chain = toldOf(result.toldRules, notices);
  const answers = figuresOf(answered);
  const controls = [...result.control.lateMs].filter((ms) => !Number.isNaN(ms));
  const kept = result.control.keptMs;

  const faults = [
    ...evidence
      .filter(({ isSeen }) => !isSeen)
      .map(({ text }) => `the fault was not there: ${text}`),
    ...says(unanswered, 'never answered'),
    ...says(untaken, 'answered and not taken'),
    ...flawsSaid(result.flaws),
    ...(judging === 'all' ? says(late, `answered after ${ANSWER_MS_MAX} ms or more`) : []),
    ...says(deliveries.missing, 'not delivered'),
    ...says(deliveries.doubled, 'delivered more than once'),
    ...says(deliveries.overdue, 'delivered after more than a minute'),
    ...chain.faults,
  ];
  return {
    name: scenario.name,
    title: scenario.title,
    means: scenario.means,
    verdict: faults.length === 0 ? 'PASS' : 'FAIL',
    faults,
    evidence,
    perSecond: Math.round(plan.perSecond * 10) / 10,
    crises: plan.count,
    answers,
    pinned: short(figuresOf(waits.filter((ms, at) => isPinned[at] === 1 && !Number.isNaN(ms)))),
    own: short(figuresOf(ownOf(result, waits))),
    late,
    starved,
    unscheduled,
    keptShare: keptShare(kept, plan),
    isAimMet: answers.p9999Ms < ANSWER_AIM_MS,
    control: short(figuresOf(controls)),
    deliveryFrom: scenario.wellMeans ?? 'the answer',
    leftBehind: leftBehind.length,
    ...deliveries,
    untaken,
    flawed: result.flaws.reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0),
    planShare: planShare(result),
    told: chain.told,
  };
}

function flawsSaid(flaws: Uint8Array): readonly string[] {
  return Object.values(ANSWER_FLAWS).flatMap(({ bit, says: what }) =>
    says(
      flaws.reduce((sum, bits) => sum + ((bits & bit) === 0 ? 0 : 1), 0),
      what,
    ),
  );
}

/** The share of answers to people without a pinned plan that had their plan. */
function planShare({ isPinned, hasPlan }: StageResult): number | null {
  const others = hasPlan.filter((_, at) => isPinned[at] === 0);
  const having = others.reduce((sum, has) => sum + has, 0);
  return others.length === 0 ? null : Math.round((having / others.length) * 1_000) / 1_000;
}

/** Whom the chain had to tell, and by when it has. */
function toldOf(
  rules: readonly ToldRule[],
  notices: readonly NoticeLine[],
): { readonly told: ScenarioReport['told']; readonly faults: readonly string[] } {
  if (rules.length === 0) return { told: null, faults: [] };
  const judged = rules.map((rule) => ({ rule, waits: waitsToBeTold(rule, notices) }));
  const faults = judged.flatMap(({ rule: { step, withinMs, subjects }, waits }) => {
    const untold = subjects.length - waits.length;
    const overdue = waits.filter((ms) => ms > withinMs).length;
    return [
      ...(untold === 0 ? [] : [`${step} was not told of ${people(untold)}`]),
      ...(overdue === 0
        ? []
        : [`${step} was told of ${people(overdue)} after more than ${withinMs / 1_000} s`]),
    ];
  });
  const { count, p50Ms, maxMs } = figuresOf(judged.flatMap(({ waits }) => waits));
  return {
    told: { count, p50Ms, maxMs, pace: Math.max(...rules.map(({ pace }) => pace)) },
    faults,
  };
}

/** The delay of each step's notice, by person, in milliseconds of the runtime. */
function waitsToBeTold(
  { step, subjects, fromMs, pace }: ToldRule,
  notices: readonly NoticeLine[],
): readonly number[] {
  const firsts = new Map<string, number>();
  for (const notice of notices) {
    const { atMs, people: about } = notice;
    if (notice.step !== step || atMs < fromMs) continue;
    // A digest names some of those whom it is about.
    const told = about >= subjects.length ? subjects : notice.subjects;
    for (const subject of told) {
      firsts.set(subject, Math.min(firsts.get(subject) ?? Number.POSITIVE_INFINITY, atMs));
    }
  }
  return subjects
    .map((subject) => firsts.get(subject) ?? Number.POSITIVE_INFINITY)
    .filter((atMs) => Number.isFinite(atMs))
    .map((atMs) => (atMs - fromMs) * pace);
}

function people(count: number): string {
  return `${count} ${count === 1 ? 'person' : 'people'}`;
}

/** From the planned instant of each to its answer, in milliseconds; not a number where there was none. */
function answersOf({ plan, answeredAtMs }: StageResult): number[] {
  return Array.from(answeredAtMs, (atMs, index) => atMs - plannedAtMs(plan, index));
}

/**
 * How late the control was, at most, from the instant at which an answer was planned until it came: what
 * the machine kept even from a thread that had nothing to do but to wake up.
 */
function controlLateMs({ plan, control }: StageResult, index: number, ms: number): number {
  const upTo = Math.max(index + 1, indexAt(plan, plannedAtMs(plan, index) + ms));
  return control.lateMs
    .subarray(index, upTo)
    .reduce((most, late) => (late > most ? late : most), 0);
}

/** For how long the main thread was ready meanwhile and had no processor, as the kernel counts. */
function keptFromProcessorMs({ plan, control }: StageResult, index: number, ms: number): number {
  const upTo = indexAt(plan, plannedAtMs(plan, index) + ms);
  const before = control.keptMs[Math.max(0, index - 1)] ?? Number.NaN;
  const after = control.keptMs[Math.min(plan.count - 1, upTo)] ?? Number.NaN;
  return after > before ? after - before : 0;
}

function deliveriesOf(
  { plan, answeredAtMs, isTaken, wellAtMs, firstNumber }: StageResult,
  ledger: readonly LedgerLine[],
  leftBehind: readonly number[],
): Pick<ScenarioReport, 'delivery' | 'taken' | 'missing' | 'doubled' | 'overdue'> {
  const lines = new Map(ledger.map((line) => [line[0], line]));
  const times: number[] = [];
  let missing = 0;
  const look = (number: number, fromMs: number): void => {
    const line = lines.get(number);
    if (line === undefined) missing += 1;
    else times.push(Math.max(0, line[2] - fromMs));
  };
  let taken = 0;
  for (const [index, atMs] of answeredAtMs.entries()) {
    if (isTaken[index] !== 1) continue;
    taken += 1;
    look(firstNumber + index, Math.max(atMs, wellAtMs ?? 0));
  }
  // Those of an earlier process wait for the start of this one.
  for (const number of leftBehind) look(number, Math.max(plan.startMs, wellAtMs ?? 0));
  const { p50Ms, p99Ms, maxMs, count } = figuresOf(times);
  return {
    delivery: { count, p50Ms, p99Ms, maxMs },
    taken: taken + leftBehind.length,
    missing,
    doubled: ledger.filter(([, effects]) => effects > 1).length,
    overdue: times.filter((ms) => ms > DELIVERED_WITHIN_MS).length,
  };
}

/** What is left of each answered wait without the machine. */
function ownOf(result: StageResult, waits: readonly number[]): readonly number[] {
  return [...waits.entries()].flatMap(([index, ms]) => {
    if (Number.isNaN(ms)) return [];
    const controlMs = controlLateMs(result, index, ms);
    const explainedMs = Math.max(controlMs, keptFromProcessorMs(result, index, ms));
    return [Math.max(0, ms - explainedMs)];
  });
}

/** The share of the time of the stream in which the main thread was ready and had no processor. */
function keptShare(keptMs: Float64Array, plan: Plan): number {
  const spanMs = plannedAtMs(plan, plan.count - 1) - plan.startMs;
  const share = ((keptMs.at(-1) ?? Number.NaN) - (keptMs[0] ?? Number.NaN)) / spanMs;
  return Number.isFinite(share) ? Math.round(share * 1_000) / 1_000 : 0;
}

function short({ count, p50Ms, p99Ms, p9999Ms, maxMs }: Figures): ScenarioReport['control'] {
  return { count, p50Ms, p99Ms, p9999Ms, maxMs };
}

function says(count: number, what: string): readonly string[] {
  if (count <= 0) return [];
  return [`${count} ${count === 1 ? 'crisis was' : 'crises were'} ${what}`];
}

const NOTHING = figuresOf([]);

/** A scenario of which there is nothing to judge. */
function unseen(
  { name, title, means, wellMeans }: Pick<Scenario, 'name' | 'title' | 'means' | 'wellMeans'>,
  verdict: 'FAIL' | 'SKIPPED',
  reason: string,
): ScenarioReport {
  return {
    ...{ name, title, means, verdict, faults: [reason], evidence: [] },
    ...{
      perSecond: 0,
      crises: 0,
      late: 0,
      starved: 0,
      unscheduled: 0,
      keptShare: 0,
      isAimMet: false,
    },
    ...{ answers: NOTHING, pinned: short(NOTHING), own: short(NOTHING), control: short(NOTHING) },
    ...{ delivery: short(NOTHING), deliveryFrom: wellMeans ?? 'the answer' },
    ...{ taken: 0, untaken: 0, missing: 0, doubled: 0, overdue: 0, leftBehind: 0 },
    ...{ flawed: 0, planShare: null, told: null },
  };
}

/** A scenario that did not come to its end. */
export function failedScenario(scenario: Scenario, error: unknown): ScenarioReport {
  const reason = error instanceof Error ? error.message : 'it failed for an unknown reason';
  return unseen(scenario, 'FAIL', reason);
}

/** A scenario that this machine has no means for. */
export function skippedScenario(scenario: Scenario, reason: string): ScenarioReport {
  return unseen(scenario, 'SKIPPED', reason);
}
