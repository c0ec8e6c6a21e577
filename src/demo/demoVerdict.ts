/**
 * Judges a run of the demo from what three independent witnesses say: the parent, who heard which
 * work was accepted; the runtime, who says how each ended; and the upstream, who knows what was done.
 *
 * @module
 */

import { TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';
import { CRISIS_ANSWER_MS_MAX, percentile } from '../cli/kit/output.ts';
import { table } from '../cli/kit/table.ts';
import type { LedgerEntry } from '../simulator/network/upstreamLedger.ts';
import { upstreamKey } from '../upstreamKey.ts';
import { type DemoPlan, demoRequest, demoTier } from './demoPlan.ts';

/** How an operation ended, as the runtime reports it. */
export interface SettledReport {
  readonly status: string;
  readonly attempts: number;
  readonly acceptedAtMs: number;
  /** From acceptance to settlement. */
  readonly elapsedMs: number;
}

export interface DemoEvidence {
  readonly plan: DemoPlan;
  /** Operations whose acceptance reached the parent, and when it did. */
  readonly accepted: ReadonlyMap<number, number>;
  readonly settled: ReadonlyMap<number, SettledReport>;
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** How long each answered crisis waited. */
  readonly crisisAnswersMs: readonly number[];
  /** Ids of crises whose durability reached the parent. */
  readonly crisesDurable: ReadonlySet<string>;
  readonly kills: number;
  readonly killsWanted: number;
  /** Why the run was cut short, or `null`. */
  readonly cutShort: string | null;
}

export interface TierSummary {
  readonly accepted: number;
  readonly completed: number;
  readonly deadLettered: number;
  readonly attempts: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface DemoSummary {
  readonly verdict: 'PASS' | 'FAIL';
  /** What made it fail, in words; empty when it passed. */
  readonly faults: readonly string[];
  readonly accepted: number;
  readonly completed: number;
  readonly deadLettered: number;
  /** Accepted, and forgotten since, or said to be done and not done. */
  readonly lost: number;
  /** Accepted, and not ended when the demo did. */
  readonly unfinished: number;
  /** Applied more than once at the upstream. */
  readonly duplicated: number;
  readonly kills: number;
  readonly tiers: Readonly<Record<Tier, TierSummary>>;
  readonly crises: {
    readonly answered: number;
    readonly durable: number;
    readonly delivered: number;
    readonly lost: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  };
}

export function judgeDemo(evidence: DemoEvidence): DemoSummary {
  const { plan, accepted, settled, ledger, crisesDurable, crisisAnswersMs } = evidence;
  const wasApplied = (key: string): boolean => (ledger.get(key)?.applied ?? 0) > 0;
  const isLost = (index: number, heardAtMs: number): boolean => {
    const report = settled.get(index);
    if (report === undefined) return false;
    // The store knew nothing of it and took it for new when it was handed in again after a kill.
    if (report.acceptedAtMs > heardAtMs) return true;
    return report.status === 'completed' && !wasApplied(upstreamKey(demoRequest(plan, index)));
  };
  const countStatus = (status: string): number =>
    [...settled.values()].filter((one) => one.status === status).length;
  const entries = [...ledger.values()];
  const duplicated = entries.filter(({ applied }) => applied > 1).length;
  const garbled = entries.filter(({ mismatched }) => mismatched > 0).length;
  const lost = [...accepted].filter(([index, heardAtMs]) => isLost(index, heardAtMs)).length;
  const unfinished = [...accepted.keys()].filter((index) => !settled.has(index)).length;
  const delivered = [...crisesDurable].filter(wasApplied).length;
  const crises = {
    answered: crisisAnswersMs.length,
    durable: crisesDurable.size,
    delivered,
    lost: crisesDurable.size - delivered,
    p50Ms: percentile(crisisAnswersMs, 0.5),
    p99Ms: percentile(crisisAnswersMs, 0.99),
    maxMs: percentile(crisisAnswersMs, 1),
  };
  const slow = crisisAnswersMs.filter((one) => one >= CRISIS_ANSWER_MS_MAX).length;
  const faults = [
    evidence.cutShort,
    lost > 0 && `${lost} accepted operations were lost`,
    unfinished > 0 && `${unfinished} accepted operations never ended`,
    crises.lost > 0 && `${crises.lost} durable crises were not delivered`,
    duplicated > 0 && `${duplicated} operations were applied more than once`,
    garbled > 0 && `${garbled} operations were sent with different bodies under one key`,
    slow > 0 && `${slow} crises waited ${CRISIS_ANSWER_MS_MAX} ms or more for an answer`,
    crises.answered === 0 && 'no crisis was answered',
    accepted.size < plan.operations &&
      `${plan.operations - accepted.size} operations were never accepted`,
    evidence.kills < evidence.killsWanted &&
      `only ${evidence.kills} of ${evidence.killsWanted} kills happened`,
  ].filter((fault) => typeof fault === 'string');
  return {
    verdict: faults.length === 0 ? 'PASS' : 'FAIL',
    faults,
    accepted: accepted.size,
    completed: countStatus('completed'),
    deadLettered: countStatus('deadLettered'),
    lost: lost + crises.lost,
    unfinished,
    duplicated,
    kills: evidence.kills,
    tiers: {
      premium: tierSummary(evidence, 'premium'),
      basic: tierSummary(evidence, 'basic'),
      trial: tierSummary(evidence, 'trial'),
    },
    crises,
  };
}

function tierSummary({ accepted, settled }: DemoEvidence, tier: Tier): TierSummary {
  const reports = [...settled].filter(([index]) => demoTier(index) === tier);
  const ofStatus = (status: string): number =>
    reports.filter(([, report]) => report.status === status).length;
  const timesMs = reports.map(([, { elapsedMs }]) => elapsedMs);
  return {
    accepted: [...accepted.keys()].filter((index) => demoTier(index) === tier).length,
    completed: ofStatus('completed'),
    deadLettered: ofStatus('deadLettered'),
    attempts: reports.reduce((sum, [, { attempts }]) => sum + attempts, 0),
    p50Ms: Math.round(percentile(timesMs, 0.5)),
    p99Ms: Math.round(percentile(timesMs, 0.99)),
  };
}

/** The summary as a person reads it; the last line is the verdict. */
export function summaryText(summary: DemoSummary, misbehaviours: Record<string, number>): string {
  const { crises } = summary;
  const tiers = table(
    ['tier', 'accepted', 'completed', 'dead letters', 'attempts', 'p50 ms', 'p99 ms'],
    TIERS.map((tier) => {
      const one = summary.tiers[tier];
      return [
        tier,
        one.accepted,
        one.completed,
        one.deadLettered,
        one.attempts,
        one.p50Ms,
        one.p99Ms,
      ];
    }),
  );
  const misbehaved = Object.entries(misbehaviours)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`);
  const ms = (value: number): string => value.toFixed(2);
  return [
    tiers,
    '',
    `crises       ${crises.answered} answered (p50 ${ms(crises.p50Ms)} ms, p99 ${ms(crises.p99Ms)} ms, ` +
      `max ${ms(crises.maxMs)} ms); ${crises.durable} were on disk before a kill, ` +
      `${crises.delivered} of these delivered`,
    `upstream     ${misbehaved.join(', ') || 'behaved well'}`,
    `killed       ${summary.kills} times with SIGKILL, and restarted`,
    `lost         ${summary.lost}`,
    `duplicated   ${summary.duplicated}`,
    '',
    verdictLine(summary),
  ].join('\n');
}

function verdictLine({ verdict, faults, accepted, crises, kills }: DemoSummary): string {
  if (verdict === 'FAIL') return `FAIL  ${faults.join('; ')}`;
  return (
    `PASS  ${accepted} operations and ${crises.durable} crises, ${kills} kills: nothing lost, ` +
    `nothing applied twice, every crisis answered in under ${CRISIS_ANSWER_MS_MAX} ms`
  );
}
