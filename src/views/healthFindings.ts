/**
 * What is wrong with a runtime, in sentences, and how much each weighs (HM-1, UX-2).
 *
 * @module
 */

import type {
  CrisisModeHealth,
  Engine,
  EngineHealth,
  StartTrouble,
  UndeliveredCrises,
  UnreadableCounts,
  UpstreamState,
} from '../../actors/port.ts';
import type { BreakerState } from '../../machines/policy/breaker/breakerPolicy.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import { STORAGE_ADVICE } from '../../machines/policy/service/storageTrouble.ts';
import type { Phase } from '../../machines/supervisor/supervisorMachine.ts';
import { TIERS } from '../../machines/vocabulary/urgency.ts';
import type { OutsideState } from '../outside/outsideHost.ts';
import type { ResponseTimes } from './responseTimes.ts';
import type { StoreDamage } from './storeDamage.ts';

/** What the health of a runtime is read from. */
export interface HealthSources {
  readonly options: {
    readonly crisis: {
      /** The type whose handler delivers crises. */
      readonly type: string;
      /** Resources and words of the app that are in no answer. */
      readonly leftOut: readonly Error[];
    };
  };
  readonly policies: PoliciesInForce;
  readonly engine: Pick<Engine, 'health' | 'handlers'>;
  readonly responseTimes: ResponseTimes;
  readonly damage: StoreDamage;
  /** How crises of outside callers are served; `null` where none are. */
  readonly outside: () => OutsideState | null;
}

/** How one component is doing. */
export type ComponentHealth = 'healthy' | 'degraded' | 'critical';

/** Something that is not as it should be. */
export interface Finding {
  readonly component: 'resilience' | 'performance' | 'storage';
  readonly health: ComponentHealth;
  readonly costs: number;
  readonly reason: string;
}

/** Each of these waits for somebody, and what is in its lane waits with it. */
const ASKING = {
  conflicted: ['operation', 'a decision: the upstream holds another version (conflicted)'],
  inReview: ['operation', 'a review, since what was sent may have been applied (inReview)'],
  handlerMissing: ['operation', 'a handler that is not registered'],
  deadLettered: ['dead letter', 'somebody; see holdfast dead-letters'],
  newerVersion: ['operation', 'a holdfast as new as the one that wrote the record'],
} as const satisfies Partial<Record<keyof EngineHealth['waiting'], readonly [string, string]>>;

/** States in which calls to an upstream wait. */
const SHUT: readonly BreakerState[] = ['open', 'halfOpen', 'forcedOpen'];

const WAITING = { component: 'resilience', health: 'degraded', costs: 10 } as const;

/** What is not as it should be, most of it with what to do. */
export function findingsOf(
  health: EngineHealth,
  { options, policies, responseTimes, damage, outside }: HealthSources,
): readonly Finding[] {
  const findings: Finding[] = [];
  const { phase, start, hold, waiting, conflicts, crises, crisisMode, eventLoop } = health;
  if (start !== null || (phase !== 'running' && phase !== 'starting')) {
    findings.push({
      component: 'storage',
      health: 'critical',
      costs: 60,
      reason: `no work is accepted: ${start === null ? phase : toldOf(start, phase)}`,
    });
  }
  const { state: storage, failure } = health.storage;
  if (storage !== 'well') {
    findings.push({
      component: 'storage',
      health: storage === 'slow' ? 'degraded' : 'critical',
      costs: storage === 'slow' ? 15 : 50,
      reason: `${STORAGE_ADVICE[storage]}${failure === null ? '' : ` (${failure})`}`,
    });
  }
  if (hold !== null) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `the store is held (${hold.reason}): nothing but crises runs until it is released`,
    });
  }
  if (damage.met !== null) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `the store's file is damaged (met ${timesOf(damage.met.times)}, last ${new Date(damage.met.lastAtMs).toISOString()}): look with holdfast doctor --deep, and restore a backup`,
    });
  }
  const asked = asking(health);
  for (const [kind, [what, forWhat]] of Object.entries(ASKING)) {
    const count = asked[kind as keyof typeof ASKING];
    if (count > 0)
      findings.push({ ...WAITING, reason: `${countWaiting(count, what)} for ${forWhat}` });
  }
  if (conflicts.count > 0) {
    findings.push({ ...WAITING, reason: conflictReason(conflicts) });
  }
  for (const outdated of conflicts.outdated) {
    findings.push({ ...WAITING, reason: outdatedReason(outdated) });
  }
  if (conflicts.untold > 0) {
    findings.push({
      ...WAITING,
      costs: 5,
      reason: `${conflicts.untold} removals and devices do not fit beside their records: they stay in this store, and devices that were silent for long are asked about; see metaBytesMax`,
    });
  }
  // Of those that are crises it is said what they are.
  const aside = waiting.quarantined - crises.unreadable.setAside;
  if (aside > 0) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 10,
      reason: `${aside} ${aside === 1 ? 'record' : 'records'} set aside; see holdfast quarantine`,
    });
  }
  if (health.isImpaired) {
    findings.push({
      component: 'resilience',
      health: 'critical',
      costs: 40,
      reason: 'a component fails too often to be restarted',
    });
  }
  const { leftOut } = options.crisis;
  if (leftOut.length > 0) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 10,
      reason: `${leftOut.length} of crisis.resources and crisis.words are left out of the answers to crises: ${leftOut[0]?.message}`,
    });
  }
  if (crises.unacknowledged > 0) {
    const left = crises.exhausted === 0 ? '' : `; of ${crises.exhausted} nobody is left to be told`;
    findings.push({
      component: 'resilience',
      health: 'critical',
      costs: 40,
      reason: `${crisesOf(crises.unacknowledged)} ${crises.unacknowledged === 1 ? 'is' : 'are'} not delivered${sinceOf(crises.unacknowledgedSinceAtMs)}, and nobody has taken ${crises.unacknowledged === 1 ? 'it' : 'them'} on${left}: see holdfast crises`,
    });
  }
  if (crises.unreadable.count > 0) {
    const isTakenOn = crises.unreadable.unacknowledged === 0;
    findings.push({
      component: 'storage',
      health: isTakenOn ? 'degraded' : 'critical',
      costs: isTakenOn ? 10 : 40,
      reason: unreadableReason(crises.unreadable),
    });
  }
  if (crises.stepsRefusing.length > 0) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 20,
      reason: `people can't be told of crises: ${crises.stepsRefusing.join(', ')} of crisis.escalation refuses what it is told`,
    });
  }
  for (const at of crises.undelivered) {
    if (!at.isLong) continue;
    const since = ` since ${new Date(at.sinceAtMs).toISOString()}`;
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 20,
      reason: undeliveredSaid(at, since),
    });
  }
  if (crises.isRefusing) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 30,
      reason: `${crisesOf(crises.refused)} answered and not delivered`,
    });
  }
  if (crises.isUnkept) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 30,
      reason: `${crisesOf(crises.unkept)} delivered and not kept: the disk hung and memory held as much as it may, or the runtime had stopped`,
    });
  }
  if (crises.isMending) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 5,
      reason: `${crisesOf(crises.mended)} delivered without what broke a rule of requests, with a note of that`,
    });
  }
  const trouble = outside()?.trouble ?? null;
  if (trouble !== null) {
    findings.push({ component: 'resilience', health: 'critical', costs: 30, reason: trouble });
  }
  if (crisisMode.global !== null) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 5,
      reason: modeReason(crisisMode.global),
    });
  }
  if (crisisMode.unkept > 0) {
    findings.push({
      component: 'storage',
      health: 'degraded',
      costs: 10,
      reason: `crisis mode is on and not on disk (${crisisMode.unkept}): a restart would forget it`,
    });
  }
  if (eventLoop.isBlocking) {
    findings.push({
      component: 'performance',
      health: 'degraded',
      costs: 10,
      reason: `the event loop was blocked ${timesOf(eventLoop.blocked)}, for up to ${eventLoop.longestMs} ms: the answer to a crisis waits as long`,
    });
  }
  if (waiting.overhanging > 0) {
    findings.push({
      ...WAITING,
      reason: `${waiting.overhanging} ${waiting.overhanging === 1 ? 'handler is' : 'handlers are'} silent far beyond their time-out (${overhangingAt(health)}): what is in their lanes waits until they return. Have them heed their signal`,
    });
  }
  for (const { upstream, because, forMs } of health.stuck) {
    findings.push({
      component: 'resilience',
      health: 'critical',
      costs: 40,
      reason: `work for ${upstream} is due and nothing has begun for ${Math.round(forMs / 1_000)} s (${because})`,
    });
  }
  // Of one that nothing is sent to nobody knows how it is.
  const tried = health.upstreams.filter(({ isUntried }) => !isUntried);
  const shut = tried.filter(({ breaker }) => SHUT.includes(breaker));
  for (const upstream of shut) {
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 10,
      reason: `${shutBreaker(upstream)}${waitingAt(upstream.name, health.queue)}`,
    });
  }
  for (const { name, parkedTypes, parkedSubjects } of health.upstreams) {
    const reasons = parkedTypes.map((parked) => parkedType(name, parked));
    if (parkedSubjects !== null) reasons.push(subjectsAside(name, parkedSubjects));
    for (const reason of reasons) {
      findings.push({ component: 'resilience', health: 'degraded', costs: 5, reason });
    }
  }
  for (const { name, breaker, level, causes } of tried) {
    if (level === 'normal' || SHUT.includes(breaker)) continue;
    findings.push({
      component: 'resilience',
      health: 'degraded',
      costs: 5,
      reason: `${name} is at level ${level}${causes.length === 0 ? '' : ` (${causes.join(', ')})`}`,
    });
  }
  for (const tier of TIERS) {
    const { p99Ms } = responseTimes.summary(tier);
    if (p99Ms > policies.table.operation('', tier, '').responseDeadlineMs) {
      findings.push({
        component: 'performance',
        health: 'degraded',
        costs: 10,
        reason: `answers to ${tier} are late`,
      });
    }
  }
  return findings;
}

/**
 * Where crises are not delivered, and why. The one place in which this sentence is made.
 *
 * @param since what it says of since when, with a space before it; nothing where that is shown beside it
 */
export function undeliveredSaid(
  { upstream, count, failed, code, takenAtMs, sinceAtMs }: UndeliveredCrises,
  since = '',
): string {
  const wait = count === 1 ? '1 crisis waits' : `${count} crises wait`;
  if (upstream === null) return `${wait}${since}: no handler of its type is registered`;
  const why = code === null ? '' : `, ${code}`;
  if (takenAtMs === null || takenAtMs < sinceAtMs) {
    const tries = failed === 0 ? 'no attempt has ended' : `0 of ${failed} attempts${why}`;
    return `${upstream} takes no crisis${since}: ${tries}; ${wait}`;
  }
  return `${upstream} takes crises, and ${wait}${since}: ${failed} attempts failed${why}`;
}

function sinceOf(atMs: number | null): string {
  return atMs === null ? '' : ` since ${new Date(atMs).toISOString()}`;
}

function unreadableReason({ count, unacknowledged, sinceAtMs }: UnreadableCounts): string {
  const since = sinceAtMs === null ? '' : ` (the first of ${new Date(sinceAtMs).toISOString()})`;
  const what = count === 1 ? "1 crisis can't be read" : `${count} crises can't be read`;
  const who = unacknowledged === 0 ? ', and taken on' : '';
  return `${what}${since}${who}: they may not have been delivered. Look after the people (holdfast crises), then restore or purge (holdfast quarantine)`;
}

/** How many operations wait, by what for, without edits: their conflicts ask about them, or nobody does. */
export function asking({
  waiting,
  conflicts,
}: {
  readonly waiting: EngineHealth['waiting'];
  readonly conflicts: EngineHealth['conflicts'];
}): EngineHealth['waiting'] {
  const outdated = conflicts.outdated.reduce((sum, { count }) => sum + count, 0);
  const edits = conflicts.held + conflicts.atWork + outdated;
  return { ...waiting, conflicted: Math.max(0, waiting.conflicted - edits) };
}

/** `once`, `3 times`. */
function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** `1 crisis`, `2 crises`. */
function crisesOf(count: number): string {
  return count === 1 ? '1 crisis' : `${count} crises`;
}

/** `2 operations wait`, `1 operation waits`. */
function countWaiting(count: number, what: string): string {
  return count === 1 ? `1 ${what} waits` : `${count} ${what}s wait`;
}

/** The first words are always the same. */
function conflictReason({
  count,
  held,
  refused,
  oldestAtMs,
  upstreams,
}: EngineHealth['conflicts']): string {
  const since = oldestAtMs === null ? '' : ` since ${new Date(oldestAtMs).toISOString()}`;
  const names = Object.entries(upstreams).map(([name, its]) => `${name}: ${its.count}`);
  const where = names.length === 0 ? '' : ` (${names.join(', ')})`;
  const waits = held === 0 ? '' : `, and ${countWaiting(held, 'operation')} for that`;
  const again =
    refused === 0
      ? ''
      : `, and ${refused} ${refused === 1 ? 'decision was' : 'decisions were'} refused: decide again`;
  return `${countWaiting(count, 'conflict')} for a person${since}${where}${waits}${again}; see holdfast conflicts`;
}

function outdatedReason({
  entityType,
  count,
  wanted,
  has,
  arePlans,
}: EngineHealth['conflicts']['outdated'][number]): string {
  const plans = arePlans ? '. The plans are in force in the answers to crises of this process' : '';
  return `${count} edits of ${entityType} wait: rules of version ${wanted} wrote what they change, and this program has ${has}. Update it${plans}`;
}

function modeReason({
  by,
  reason,
  sinceAtMs,
  endsAtMs,
}: NonNullable<CrisisModeHealth['global']>): string {
  const [since, ends] = [sinceAtMs, endsAtMs].map((atMs) => new Date(atMs).toISOString());
  const why = reason === null ? '' : ` (${reason})`;
  return `crisis mode is on for everybody since ${since} by ${by.id}${why}, until ${ends}: what is not urgent makes way`;
}

/** The first words are always the same; who, since when and until when follow. */
function shutBreaker({ name, breaker, downSinceAtMs, nextTryAtMs, hold }: UpstreamState): string {
  const what = `breaker of ${name} is ${breaker}`;
  if (hold !== null) {
    const by = hold.by === null ? '' : ` by ${hold.by}`;
    const why = hold.reason === null ? '' : ` (${hold.reason})`;
    const since = new Date(hold.sinceAtMs).toISOString();
    return `${what} since ${since}${by}${why}, until it is released`;
  }
  const since = downSinceAtMs === null ? '' : ` since ${new Date(downSinceAtMs).toISOString()}`;
  const next = nextTryAtMs === null ? 'now' : `at ${new Date(nextTryAtMs).toISOString()}`;
  return `${what}${since}, next try ${next}`;
}

function parkedType(
  name: string,
  { type, sinceAtMs, nextTryAtMs }: UpstreamState['parkedTypes'][number],
): string {
  const what = type ?? 'function given with a request';
  return `every ${what} fails at ${name} ${sinceWhen(sinceAtMs)} while other types succeed: they wait by themselves, ${nextTry(nextTryAtMs, sinceAtMs)}; see holdfast operations`;
}

function subjectsAside(
  name: string,
  { count, sinceAtMs, nextTryAtMs }: NonNullable<UpstreamState['parkedSubjects']>,
): string {
  const whose = count === 1 ? 'one subject' : `${count} subjects`;
  return `every call for ${whose} fails at ${name} ${sinceWhen(sinceAtMs)} while calls for others succeed: they wait by themselves, ${nextTry(nextTryAtMs, sinceAtMs)}; see holdfast operations --reason subject`;
}

function sinceWhen(sinceAtMs: number): string {
  return `since ${new Date(sinceAtMs).toISOString()}`;
}

function nextTry(nextTryAtMs: number | null, sinceAtMs: number): string {
  const isNow = nextTryAtMs === null || nextTryAtMs <= sinceAtMs;
  return `next try ${isNow ? 'now' : `at ${new Date(nextTryAtMs).toISOString()}`}`;
}

/** How much waits for its turn there, and since when. */
function waitingAt(name: string, queue: EngineHealth['queue']): string {
  const rows = queue.filter(({ upstream, turn }) => upstream === name && turn > 0);
  const count = rows.reduce((sum, { turn }) => sum + turn, 0);
  if (count === 0) return '';
  const since = rows.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  const oldest =
    since.length === 0 ? '' : `, the oldest since ${new Date(Math.min(...since)).toISOString()}`;
  return `. ${countWaiting(count, 'operation')} for it${oldest}; see holdfast operations`;
}

function overhangingAt({ upstreams }: EngineHealth): string {
  const names = upstreams.filter(({ overhanging }) => overhanging > 0).map(({ name }) => name);
  return names.join(', ');
}

function toldOf({ code, sinceAtMs, tries, nextTryAtMs }: StartTrouble, phase: Phase): string {
  const since = new Date(sinceAtMs).toISOString();
  const next =
    phase === 'starting'
      ? 'now'
      : nextTryAtMs === null
        ? 'by runtime.start()'
        : `at ${new Date(nextTryAtMs).toISOString()}`;
  return `the start failed (${code}; failed tries: ${tries}, the first at ${since}), and is tried again ${next}`;
}
