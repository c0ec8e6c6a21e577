/**
 * Judges the demo of conflicts by three witnesses: the story, which says what was written; the upstream, which
 * says what it took and holds; and both devices, which say what they show.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import { CRISIS_ANSWER_MS_MAX, percentile } from '../../cli/kit/output.ts';
import type { CrisisReport } from './conflictMessages.ts';
import {
  DEVICES,
  type Device,
  pathOf,
  RECORDS,
  type Story,
  SUBSCRIPTION,
  WITHDRAWN,
} from './conflictStory.ts';

export interface ConflictEvidence {
  readonly story: Story;
  /** Steps whose acceptance the demo heard. */
  readonly accepted: number;
  /** What the upstream holds, by the path of the record, without what holdfast added: keys in order. */
  readonly upstream: ReadonlyMap<string, string>;
  /** What each device shows, the same way. */
  readonly shown: Readonly<Record<Device, ReadonlyMap<string, string>>>;
  /** Writes that the upstream applied more than once under one key. */
  readonly appliedTwice: number;
  /** Writes that were laid over a version which their device had not seen. */
  readonly laidOver: number;
  readonly merges: number;
  readonly questions: { readonly asked: number; readonly decided: number };
  readonly kills: number;
  readonly crises: readonly CrisisReport[];
  /** Why the run was cut short, or `null`. */
  readonly cutShort: string | null;
}

export interface ConflictSummary {
  readonly verdict: 'PASS' | 'FAIL';
  /** A run that was cut short proves nothing lost or unequal: what is missing may still come. */
  readonly isFinished: boolean;
  /** What made it fail, in words; empty when it passed. */
  readonly faults: readonly string[];
  readonly seed: number;
  readonly changes: number;
  readonly merges: number;
  /** Texts that were accepted and are nowhere. */
  readonly lost: readonly string[];
  /** Texts that are there twice, and writes that were applied twice. */
  readonly doubled: readonly string[];
  /** Texts whose removal the person confirmed, and that are there all the same. */
  readonly risen: readonly string[];
  /** Records of which a device shows other bytes than the upstream holds: `tablet /mood_entry/entry-1`. */
  readonly unequal: readonly string[];
  readonly questions: { readonly asked: number; readonly decided: number };
  readonly kills: number;
  readonly crises: {
    readonly answered: number;
    readonly withPlan: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  };
}

export function judgeConflicts(evidence: ConflictEvidence): ConflictSummary {
  const { story, upstream, shown, questions, crises } = evidence;
  const timesMs = crises.map(({ elapsedMs }) => elapsedMs);
  const steps = [...story.steps, story.last];
  const countIn = (entity: Entity, wanted: string): number =>
    (upstream.get(pathOf(entity)) ?? '').split(asInJson(wanted)).length - 1;
  const counted = steps.flatMap(({ entity, writes, removes }) => {
    const count = (wanted: string): number => countIn(entity, wanted);
    return [
      ...writes.map((wanted) => ({ wanted, count: count(wanted), isRemoved: false })),
      ...removes.map((wanted) => ({ wanted, count: count(wanted), isRemoved: true })),
    ];
  });
  const kept = counted.filter(({ isRemoved }) => !isRemoved);
  const lost = [
    ...kept.filter(({ count }) => count === 0).map(({ wanted }) => wanted),
    ...story.keeps.flatMap(([entity, wanted]) => (countIn(entity, wanted) === 0 ? [wanted] : [])),
  ];
  const doubled = kept.filter(({ count }) => count > 1).map(({ wanted }) => wanted);
  const risen = counted
    .filter(({ isRemoved, count }) => isRemoved && count > 0)
    .map(({ wanted }) => wanted);
  const unequal = DEVICES.flatMap((device) =>
    RECORDS.map(pathOf)
      .filter((path) => shown[device].get(path) !== upstream.get(path))
      .map((path) => `${device} ${path}`),
  );
  const slow = timesMs.filter((one) => one >= CRISIS_ANSWER_MS_MAX).length;
  const withPlan = crises.filter(({ isWithPlan }) => isWithPlan === true).length;
  const withoutPlan = crises.filter(({ isWithPlan }) => isWithPlan === false).length;
  const isFinished = evidence.cutShort === null;
  // Said of the end alone.
  const atEnd = [
    evidence.accepted < steps.length &&
      `${steps.length - evidence.accepted} changes were never accepted`,
    lost.length > 0 && `lost: ${lost.join(', ')}`,
    unequal.length > 0 && `not as the upstream has it: ${unequal.join(', ')}`,
    questions.asked !== 1 && `${questions.asked} questions were asked instead of one`,
    questions.decided < questions.asked && 'a question was left without its answer',
    !isAsDecided(upstream) && 'what the person decided does not stand',
    evidence.kills === 0 && 'no device was killed',
    crises.length === 0 && 'no crisis was answered',
  ];
  const faults = [
    !isFinished && `not finished: ${evidence.cutShort}`,
    ...(isFinished ? atEnd : []),
    doubled.length > 0 && `there twice: ${doubled.join(', ')}`,
    evidence.laidOver > 0 && `${evidence.laidOver} writes were laid over what they had not seen`,
    evidence.appliedTwice > 0 && `${evidence.appliedTwice} writes were applied twice`,
    risen.length > 0 && `removed and there again: ${risen.join(', ')}`,
    slow > 0 && `${slow} crises waited ${CRISIS_ANSWER_MS_MAX} ms or more for an answer`,
    withoutPlan > 0 && `${withoutPlan} crises were answered without the plan`,
  ].filter((fault) => typeof fault === 'string');
  return {
    verdict: faults.length === 0 ? 'PASS' : 'FAIL',
    isFinished,
    faults,
    seed: story.seed,
    changes: evidence.accepted,
    merges: evidence.merges,
    lost,
    doubled: [...doubled, ...Array.from({ length: evidence.appliedTwice }, () => 'a write')],
    risen,
    unequal,
    questions,
    kills: evidence.kills,
    crises: {
      answered: crises.length,
      withPlan,
      p50Ms: percentile(timesMs, 0.5),
      p99Ms: percentile(timesMs, 0.99),
      maxMs: percentile(timesMs, 1),
    },
  };
}

/** A text as JSON writes it, without its quotation marks; what has its own is JSON already. */
function asInJson(text: string): string {
  return text.startsWith('"') ? text : JSON.stringify(text).slice(1, -1);
}

function isAsDecided(upstream: ReadonlyMap<string, string>): boolean {
  const { intents } = JSON.parse(upstream.get(pathOf(SUBSCRIPTION)) ?? '{}') as {
    readonly intents?: readonly JsonObject[];
  };
  return intents?.find(({ kind }) => kind === 'cancel')?.['state'] === WITHDRAWN;
}

const NOT_KNOWN = 'not known: it was not finished, and what is not there yet may still come';

/** The summary as a person reads it; the last line is the verdict. */
export function conflictText(summary: ConflictSummary): string {
  const { crises, questions, unequal } = summary;
  const ms = (value: number): string => value.toFixed(2);
  const { isFinished } = summary;
  const counted = (what: readonly string[]): string =>
    what.length === 0 ? '0' : `${what.length} (${what.join(', ')})`;
  return [
    `changes      ${summary.changes} made on two devices, of which one has an older app, ${summary.merges} merges`,
    `questions    ${questions.asked} asked, ${questions.decided} decided by the person`,
    `crises       ${crises.answered} answered, ${crises.withPlan} with the person's own plan (p50 ${ms(crises.p50Ms)} ms, ` +
      `p99 ${ms(crises.p99Ms)} ms, max ${ms(crises.maxMs)} ms)`,
    `killed       ${summary.kills} device with SIGKILL, and started again`,
    `lost         ${isFinished ? counted(summary.lost) : NOT_KNOWN}`,
    `doubled      ${counted(summary.doubled)}`,
    `came back    ${counted(summary.risen)}`,
    `unequal      ${isFinished ? counted(unequal) : NOT_KNOWN}`,
    '',
    verdictLine(summary),
  ].join('\n');
}

function verdictLine({ verdict, faults, changes }: ConflictSummary): string {
  if (verdict === 'FAIL') return `FAIL  ${faults.join('; ')}`;
  return (
    `PASS  ${changes} changes on two devices, one killed and one with an older app: nothing lost, nothing doubled, ` +
    `both devices equal to the upstream byte for byte, every crisis answered in under ${CRISIS_ANSWER_MS_MAX} ms`
  );
}
