/**
 * What is wrong with a runtime, as data, each finding with the one sentence that says it (HM-1, UX-2). Health, the
 * command line and the inspector's page show these sentences; none of them makes one of its own.
 *
 * @module
 */

import {
  type AnchorHealth,
  type Engine,
  type EngineHealth,
  heldSaid,
  stuckSaid,
  type UndeliveredCrises,
} from '../../actors/port.ts';
import { CRISIS_ANSWER_MS_MAX } from '../../machines/policy/crisis/crisisBounds.ts';
import type { PoliciesInForce } from '../../machines/policy/layers/policiesInForce.ts';
import { STORAGE_ADVICE } from '../../machines/policy/service/storageTrouble.ts';
import type { OutsideState } from '../outside/outsideHost.ts';
import type { ResponseTimes } from './policyView.ts';
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
  /** What it is, as `breaker` or `deadLettered`: stays the same in later versions, unlike the sentence. */
  readonly id: string;
  readonly component: 'resilience' | 'performance' | 'storage';
  /** What it makes of the health of its component; `healthy` for a note that is no reason for worse health. */
  readonly health: ComponentHealth;
  /** How much of the score it takes. */
  readonly costs: number;
  /** How urgent it is to the person who looks. */
  readonly tone: 'bad' | 'warn';
  /** The upstream it is about; `null` for none. */
  readonly upstream: string | null;
  /** Since when, and when something is tried next, in milliseconds since the epoch; `null` where nobody knows. */
  readonly sinceAtMs: number | null;
  readonly nextAtMs: number | null;
  /** The counts, codes and names of the sentence. */
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  /** The sentence, without times and commands: for readers who are shown those beside it. */
  readonly text: string;
  /** The whole sentence, with times and the command that helps. */
  readonly reason: string;
}

/** Marks a part of a sentence that only its long form, {@link Finding.reason}, has. */
type Whole = (part: string) => string;

type Given = Pick<Finding, 'id' | 'component'> &
  Partial<Finding> & { readonly say: (whole: Whole) => string };

const COSTS: Readonly<Record<ComponentHealth, number>> = { healthy: 0, degraded: 10, critical: 40 };

function finding({ say, ...given }: Given): Finding {
  const health = given.health ?? 'degraded';
  return {
    ...{ health, costs: COSTS[health], tone: health === 'critical' ? 'bad' : 'warn' },
    ...{ upstream: null, sinceAtMs: null, nextAtMs: null, params: {} },
    ...{ text: say(() => ''), reason: say((part) => part) },
    ...given,
  };
}

/** What is not as it should be. */
export function findingsOf(health: EngineHealth, sources: HealthSources): readonly Finding[] {
  return [
    ...storageFindings(health, sources),
    ...personFindings(health),
    ...crisisFindings(health, sources),
    ...processFindings(health, sources),
    ...upstreamFindings(health),
  ];
}

function* storageFindings(health: EngineHealth, { damage }: HealthSources): Generator<Finding> {
  const { phase, start, slowStartSinceAtMs, hold, anchor, storage, crisisMode, waiting, crises } =
    health;
  const component = 'storage';
  if (start !== null) {
    const { code, sinceAtMs, tries, nextTryAtMs } = start;
    const byHand = nextTryAtMs === null && phase !== 'starting';
    const next = byHand ? 'by runtime.start()' : phase === 'starting' ? 'now' : at(nextTryAtMs);
    yield finding({
      ...{ id: 'start', component, health: 'critical', costs: 60 },
      ...{ sinceAtMs, nextAtMs: nextTryAtMs, params: { code, tries, phase } },
      say: (whole) =>
        `no work is accepted: the start failed (${code}; failed tries: ${tries}${whole(`, the first at ${iso(sinceAtMs)}`)})${whole(`, and is tried again ${next}`)}`,
    });
  } else if (phase !== 'running' && phase !== 'starting') {
    yield finding({
      ...{ id: 'phase', component, health: 'critical', costs: 60, params: { phase } },
      say: () => `no work is accepted: ${phase}`,
    });
  }
  // Not critical: who restarts a process for that would begin a long migration again and again.
  if (slowStartSinceAtMs !== null) {
    yield finding({
      ...{ id: 'startSlow', component, costs: 30, sinceAtMs: slowStartSinceAtMs },
      say: (whole) =>
        `no work is accepted yet: the store is still being opened${whole(`, since ${iso(slowStartSinceAtMs)}`)}`,
    });
  }
  if (storage.state !== 'well') {
    const { state, failure, sinceAtMs } = storage;
    const isSlow = state === 'slow';
    yield finding({
      ...{ id: 'storage', component, health: isSlow ? 'degraded' : 'critical' },
      ...{ costs: isSlow ? 15 : 50, sinceAtMs, params: { state, code: failure } },
      say: () => `${STORAGE_ADVICE[state]}${failure === null ? '' : ` (${failure})`}`,
    });
  }
  if (hold !== null) {
    yield finding({
      ...{ id: 'hold', component, costs: 30, sinceAtMs: hold.sinceAtMs },
      params: { reason: hold.reason },
      say: () => heldSaid(hold.reason),
    });
  }
  const said = anchor === null ? null : anchorSaid(anchor);
  if (anchor !== null && said !== null) {
    const { state, sinceAtMs, code } = anchor;
    yield finding({
      ...{ id: 'anchor', component, sinceAtMs, params: { state, code } },
      say: () => said,
    });
  }
  if (damage.met !== null) {
    const { times, firstAtMs, lastAtMs } = damage.met;
    yield finding({
      ...{ id: 'damage', component, costs: 30, sinceAtMs: firstAtMs, params: { times } },
      say: (whole) =>
        `the store's file is damaged (met ${timesOf(times)}${whole(`, last ${iso(lastAtMs)}`)}): look with holdfast doctor --deep, and restore a backup`,
    });
  }
  if (damage.tampering !== null) {
    const { times, firstAtMs, lastAtMs } = damage.tampering;
    yield finding({
      ...{ id: 'recordsMissing', component, costs: 30, sinceAtMs: firstAtMs, params: { times } },
      say: (whole) =>
        `records of the store are missing, or are earlier copies (met ${timesOf(times)}${whole(`, last ${iso(lastAtMs)}`)}): find out who writes to its files, and look with holdfast doctor --deep`,
    });
  }
  // Quarantined crises have a finding of their own.
  const quarantined = waiting.quarantined - crises.unreadable.setAside;
  if (quarantined > 0) {
    yield finding({
      ...{ id: 'quarantined', component, params: { count: quarantined } },
      say: (whole) =>
        `${countOf(quarantined, 'record')} quarantined${whole('; see holdfast quarantine')}`,
    });
  }
  if (crisisMode.unkept > 0) {
    yield finding({
      ...{ id: 'crisisModeUnkept', component, params: { count: crisisMode.unkept } },
      say: () =>
        `crisis mode is on and not on disk (${crisisMode.unkept}): a restart would forget it`,
    });
  }
}

/** What is wrong with the anchor; a store that is behind it is held, which has a finding of its own. */
function anchorSaid({ state, code }: AnchorHealth): string | null {
  if (state === 'beingCompared') return 'work waits until the store is compared with its anchor';
  if (state === 'unreachable')
    return "the anchor of the store can't be reached, and is tried again: if the folder is put back from a copy now, nobody is told";
  if (state === 'refused')
    return 'what is kept in the place of the anchor is not of this store: find out who wrote it, take it away, and start again';
  if (code === 'HF_ANCHOR_MISSING')
    return "the anchor of the store was gone at the start, and a new one is kept: whether the folder was put back from a copy can't be told";
  return null;
}

/** What waits for a person, and what is in its lane waits with it. */
const ASKING = {
  conflicted: ['operation', 'a decision: the upstream holds another version (conflicted)', ''],
  inReview: ['operation', 'a review, since what was sent may have been applied (inReview)', ''],
  handlerMissing: ['operation', 'a handler that is not registered', ''],
  deadLettered: ['dead letter', 'somebody', '; see holdfast dead-letters'],
  newerVersion: ['operation', 'a holdfast as new as the one that wrote the record', ''],
} as const satisfies Partial<Record<keyof EngineHealth['waiting'], readonly string[]>>;

function* personFindings(health: EngineHealth): Generator<Finding> {
  const { conflicts } = health;
  const component = 'resilience';
  const waiting = asking(health);
  for (const [id, [what, forWhat, see]] of Object.entries(ASKING)) {
    const count = waiting[id as keyof typeof ASKING];
    if (count === 0) continue;
    yield finding({
      ...{ id, component, params: { count } },
      say: (whole) => `${countWaiting(count, what)} for ${forWhat}${whole(see)}`,
    });
  }
  if (conflicts.count > 0) {
    const { count, held, refused, oldestAtMs, upstreams } = conflicts;
    const names = Object.entries(upstreams).map(([name, its]) => `${name}: ${its.count}`);
    const where = names.length === 0 ? '' : ` (${names.join(', ')})`;
    const waits = held === 0 ? '' : `, and ${countWaiting(held, 'operation')} for that`;
    const were = refused === 1 ? 'decision was' : 'decisions were';
    const again = refused === 0 ? '' : `, and ${refused} ${were} refused: decide again`;
    yield finding({
      ...{ id: 'conflicts', component, sinceAtMs: oldestAtMs, params: { count, held, refused } },
      say: (whole) =>
        `${countWaiting(count, 'conflict')} for a person${whole(since(oldestAtMs))}${where}${waits}${again}${whole('; see holdfast conflicts')}`,
    });
  }
  for (const { entityType, count, wanted, has, arePlans } of conflicts.outdated) {
    const plans = arePlans
      ? '. The plans are in force in the answers to crises of this process'
      : '';
    yield finding({
      ...{ id: 'rulesOutdated', component, params: { entityType, count, wanted, has, arePlans } },
      say: () =>
        `${countOf(count, 'edit')} of ${entityType} ${count === 1 ? 'waits' : 'wait'}: rules of version ${wanted} wrote what ${count === 1 ? 'it changes' : 'they change'}, and this program has ${has}. Update it${plans}`,
    });
  }
  if (conflicts.untold > 0) {
    const count = conflicts.untold;
    yield finding({
      ...{ id: 'metaFull', component, costs: 5, params: { count } },
      say: () =>
        `${count === 1 ? '1 removal or device does not fit beside its record: it stays' : `${count} removals and devices do not fit beside their records: they stay`} in this store, and devices that were silent for long are asked about; see metaBytesMax`,
    });
  }
}

function* crisisFindings(
  { crises, crisisMode }: EngineHealth,
  { engine, options, outside }: HealthSources,
): Generator<Finding> {
  const component = 'resilience';
  const { type, leftOut } = options.crisis;
  if (!engine.handlers.has(type)) {
    yield finding({
      ...{ id: 'crisisHandlerMissing', component, health: 'healthy', params: { type } },
      say: () => `crises are answered and wait: ${type} has no handler`,
    });
  }
  if (leftOut.length > 0) {
    yield finding({
      ...{ id: 'crisisLeftOut', component, params: { count: leftOut.length } },
      say: () =>
        `${leftOut.length} of crisis.resources and crisis.words ${leftOut.length === 1 ? 'is' : 'are'} left out of the answers to crises: ${leftOut[0]?.message}`,
    });
  }
  const { unacknowledged, exhausted, unacknowledgedSinceAtMs } = crises;
  if (unacknowledged > 0) {
    const [are, them] = unacknowledged === 1 ? ['is', 'it'] : ['are', 'them'];
    const left = exhausted === 0 ? '' : `; nobody is left to be notified of ${exhausted}`;
    yield finding({
      ...{ id: 'crisesUnacknowledged', component, health: 'critical' },
      sinceAtMs: unacknowledgedSinceAtMs,
      params: { count: unacknowledged, exhausted },
      say: (whole) =>
        `${crisesOf(unacknowledged)} ${are} not delivered${whole(since(unacknowledgedSinceAtMs))}, and nobody has taken ${them} on${left}${whole(': see holdfast crises')}`,
    });
  }
  if (crises.unreadable.count > 0) {
    const { count, sinceAtMs, unacknowledged: open } = crises.unreadable;
    yield finding({
      ...{ id: 'crisesUnreadable', component: 'storage', sinceAtMs },
      ...{ health: open === 0 ? 'degraded' : 'critical', params: { count, unacknowledged: open } },
      say: (whole) => {
        const first = sinceAtMs === null ? '' : ` (the first of ${iso(sinceAtMs)})`;
        return `${crisesOf(count)} can't be read${whole(first)}${open === 0 ? ', and taken on' : ''}: ${count === 1 ? 'it' : 'they'} may not have been delivered. Look after the ${count === 1 ? 'person' : 'people'}${whole(' (holdfast crises)')}, then restore or purge${whole(' (holdfast quarantine)')}`;
      },
    });
  }
  if (crises.stepsRefusing.length > 0) {
    const steps = crises.stepsRefusing.join(', ');
    yield finding({
      ...{ id: 'stepsRefusing', component, costs: 20, params: { steps } },
      say: () =>
        `people can't be notified of crises: ${steps} of crisis.escalation ${crises.stepsRefusing.length === 1 ? 'refuses its' : 'refuse their'} notices`,
    });
  }
  for (const undelivered of crises.undelivered) {
    const { upstream, count, failed, code, sinceAtMs, isLong } = undelivered;
    if (!isLong) continue;
    yield finding({
      ...{ id: 'crisesUndelivered', component, costs: 20, tone: 'bad' },
      ...{ upstream, sinceAtMs, params: { count, failed, code } },
      say: (whole) => undeliveredSaid(undelivered, whole(since(sinceAtMs))),
    });
  }
  if (crises.isRefusing) {
    yield finding({
      ...{ id: 'crisesRefused', component, costs: 30, tone: 'bad' },
      params: { count: crises.refused },
      say: () => `${crisesOf(crises.refused)} answered and not delivered`,
    });
  }
  if (crises.isUnkept) {
    yield finding({
      ...{ id: 'crisesUnkept', component: 'storage', costs: 30, tone: 'bad' },
      params: { count: crises.unkept },
      say: () =>
        `${crisesOf(crises.unkept)} delivered and not kept: the disk hung and memory held as much as it may, or the runtime had stopped`,
    });
  }
  if (crises.isMending) {
    yield finding({
      ...{ id: 'crisesMended', component, costs: 5, params: { count: crises.mended } },
      say: () =>
        `${crisesOf(crises.mended)} delivered without what broke a rule of requests, with a note of that`,
    });
  }
  const trouble = outside()?.trouble ?? null;
  if (trouble !== null) {
    const params = { trouble };
    yield finding({
      ...{ id: 'outside', component, health: 'critical', costs: 30, params },
      say: () => trouble,
    });
  }
  if (crisisMode.global !== null) {
    const { by, reason, sinceAtMs, endsAtMs } = crisisMode.global;
    const why = reason === null ? '' : ` (${reason})`;
    yield finding({
      ...{ id: 'crisisMode', component, costs: 5, sinceAtMs, params: { by: by.id, reason } },
      say: (whole) =>
        `crisis mode is on for everybody${whole(since(sinceAtMs))} by ${by.id}${why}${whole(`, until ${iso(endsAtMs)}`)}: what is not urgent makes way`,
    });
  }
}

function* processFindings(
  health: EngineHealth,
  { policies, responseTimes }: HealthSources,
): Generator<Finding> {
  const { level, causes, eventLoop, waiting, upstreams } = health;
  const component = 'performance';
  if (health.isImpaired) {
    yield finding({
      ...{ id: 'impaired', component: 'resilience', health: 'critical' },
      say: () => 'a component fails too often to be restarted',
    });
  }
  // The level that only follows an upstream that is down says nothing new.
  if (level !== 'normal' && !causes.every((cause) => cause === 'breaker' || cause === 'ramp')) {
    yield finding({
      ...{ id: 'level', component: 'resilience', health: 'healthy', params: { level } },
      say: () => `the process is at level ${level} (${causes.join(', ')})`,
    });
  }
  const { delayMs, blocked, longestMs } = eventLoop;
  const isLate = delayMs >= CRISIS_ANSWER_MS_MAX;
  if (eventLoop.isBlocking || isLate) {
    yield finding({
      ...{ id: 'eventLoop', component, health: eventLoop.isBlocking ? 'degraded' : 'healthy' },
      ...{ tone: isLate ? 'bad' : 'warn', params: { delayMs, blocked, longestMs } },
      say: () =>
        eventLoop.isBlocking
          ? `the event loop was blocked ${timesOf(blocked)}, for up to ${longestMs} ms: the answer to a crisis waits as long`
          : `the event loop is late by ${Math.round(delayMs)} ms: the answer to a crisis waits as long`,
    });
  }
  if (waiting.overhanging > 0) {
    const count = waiting.overhanging;
    const names = upstreams.filter(({ overhanging }) => overhanging > 0).map(({ name }) => name);
    yield finding({
      ...{ id: 'handlersSilent', component: 'resilience', params: { count } },
      say: () =>
        count === 1
          ? `1 handler is silent far beyond its time-out (${names.join(', ')}): its lane waits until it returns. Have it heed its signal`
          : `${count} handlers are silent far beyond their time-out (${names.join(', ')}): their lanes wait until they return. Have them heed their signal`,
    });
  }
  for (const of of policies.table.classes) {
    const { p99Ms } = responseTimes.summary(of);
    const deadlineMs =
      of === 'crisis'
        ? CRISIS_ANSWER_MS_MAX
        : policies.table.operation('', of, '').responseDeadlineMs;
    if (p99Ms <= deadlineMs) continue;
    const isCrisis = of === 'crisis';
    yield finding({
      ...{ id: 'answersLate', component, health: isCrisis ? 'healthy' : 'degraded' },
      ...{ tone: isCrisis ? 'bad' : 'warn', params: { of, p99Ms, deadlineMs } },
      say: () =>
        `answers to ${isCrisis ? 'crises' : of} are late: 1 in 100 takes ${Math.round(p99Ms)} ms or longer, and may take ${deadlineMs} ms`,
    });
  }
}

/** How a breaker that holds calls back is said. */
const DOWN = { open: 'down', halfOpen: 'being tried again', forcedOpen: 'held down' } as const;

function* upstreamFindings({ upstreams, stuck, queue }: EngineHealth): Generator<Finding> {
  const component = 'resilience';
  for (const { upstream, because, forMs } of stuck) {
    yield finding({
      ...{ id: 'stuck', component, health: 'critical', upstream, params: { because, forMs } },
      say: () => stuckSaid(upstream, because, forMs),
    });
  }
  for (const { name, isUntried, breaker, hold, downSinceAtMs, nextTryAtMs, ...its } of upstreams) {
    const upstream = name;
    const by = hold?.by ?? null;
    const why = hold === null || hold.reason === null ? '' : ` (${hold.reason})`;
    const sinceAtMs = hold?.sinceAtMs ?? downSinceAtMs;
    // An upstream that nothing is sent to may be up again.
    if (!isUntried && isShut(breaker)) {
      const next = hold === null ? `, next try ${at(nextTryAtMs)}` : ', until it is released';
      const { count, oldestAtMs } = waitingAt(name, queue);
      const oldest = oldestAtMs === null ? '' : `, the oldest${since(oldestAtMs)}`;
      yield finding({
        ...{ id: 'breaker', component, tone: 'bad', upstream, sinceAtMs },
        ...{ nextAtMs: hold === null ? nextTryAtMs : null, params: { breaker, waiting: count } },
        say: (whole) =>
          `${name} is ${DOWN[breaker]}${whole(since(sinceAtMs))}${by === null ? '' : ` by ${by}`}${why}${whole(next)}${
            count === 0
              ? ''
              : `: ${countWaiting(count, 'operation')} for it${whole(`${oldest}; see holdfast operations`)}`
          }`,
      });
    } else if (hold !== null && hold.kind !== 'forcedOpen') {
      const { kind } = hold;
      yield finding({
        ...{ id: 'breakerHeld', component, health: 'healthy', upstream, sinceAtMs },
        params: { breaker },
        say: (whole) =>
          `${name}: ${kind === 'disabled' ? 'its breaker is off' : 'its breaker only watches'}${whole(since(sinceAtMs))}, by order of ${by ?? 'a person'}${why}`,
      });
    }
    for (const { type, sinceAtMs: fromMs, nextTryAtMs: nextMs } of its.parkedTypes) {
      const every = `every ${type ?? 'function given with a request'} fails at ${name}`;
      yield parked({
        id: 'typeParked',
        name,
        every,
        others: 'other types succeed',
        fromMs,
        nextMs,
      });
    }
    if (its.parkedSubjects !== null) {
      const { count, sinceAtMs: fromMs, nextTryAtMs: nextMs } = its.parkedSubjects;
      const every = `every call for ${count === 1 ? 'one subject' : `${count} subjects`} fails at ${name}`;
      const others = 'calls for others succeed';
      yield parked({ id: 'subjectsParked', name, every, others, fromMs, nextMs });
    }
    if (!isUntried && its.level !== 'normal' && !isShut(breaker)) {
      const { level, causes } = its;
      yield finding({
        ...{ id: 'upstreamLevel', component, costs: 5, upstream, params: { level } },
        say: () =>
          `${name} is at level ${level}${causes.length === 0 ? '' : ` (${causes.join(', ')})`}`,
      });
    }
  }
}

function parked(its: {
  readonly id: 'typeParked' | 'subjectsParked';
  readonly name: string;
  readonly every: string;
  readonly others: string;
  readonly fromMs: number;
  readonly nextMs: number | null;
}): Finding {
  const { id, name, every, others, fromMs, nextMs } = its;
  const next = at(nextMs !== null && nextMs > fromMs ? nextMs : null);
  const see = `; see holdfast operations${id === 'subjectsParked' ? ' --reason subject' : ''}`;
  return finding({
    ...{ id, component: 'resilience', costs: 5, upstream: name },
    ...{ sinceAtMs: fromMs, nextAtMs: nextMs },
    say: (whole) =>
      `${every}${whole(since(fromMs))} while ${others}: they wait by themselves${whole(`, next try ${next}${see}`)}`,
  });
}

function isShut(breaker: string): breaker is keyof typeof DOWN {
  return Object.hasOwn(DOWN, breaker);
}

/**
 * Where crises are not delivered, and why.
 *
 * @param sinceSaid since when, with a space before it; nothing where that is shown beside it
 */
export function undeliveredSaid(
  { upstream, count, failed, code, takenAtMs, sinceAtMs }: UndeliveredCrises,
  sinceSaid = '',
): string {
  const wait = count === 1 ? '1 crisis waits' : `${count} crises wait`;
  if (upstream === null) return `${wait}${sinceSaid}: no handler of its type is registered`;
  const why = code === null ? '' : `, ${code}`;
  if (takenAtMs === null || takenAtMs < sinceAtMs) {
    const tries = failed === 0 ? 'no attempt has ended' : `0 of ${failed} attempts${why}`;
    return `${upstream} takes no crisis${sinceSaid}: ${tries}; ${wait}`;
  }
  return `${upstream} takes crises, and ${wait}${sinceSaid}: ${countOf(failed, 'attempt')} failed${why}`;
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

/** How much waits for its turn at an upstream, and since when. */
function waitingAt(name: string, queue: EngineHealth['queue']) {
  const rows = queue.filter(({ upstream, turn }) => upstream === name && turn > 0);
  const oldest = rows.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  return {
    count: rows.reduce((sum, { turn }) => sum + turn, 0),
    oldestAtMs: oldest.length === 0 ? null : Math.min(...oldest),
  };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function since(atMs: number | null): string {
  return atMs === null ? '' : ` since ${iso(atMs)}`;
}

/** `now`, or `at` the instant of the next try. */
function at(atMs: number | null): string {
  return atMs === null ? 'now' : `at ${iso(atMs)}`;
}

/** `once`, `3 times`. */
function timesOf(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** `1 record`, `2 records`. */
function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** `1 crisis`, `2 crises`. */
function crisesOf(count: number): string {
  return count === 1 ? '1 crisis' : `${count} crises`;
}

/** `1 operation waits`, `2 operations wait`. */
function countWaiting(count: number, what: string): string {
  return `${countOf(count, what)} wait${count === 1 ? 's' : ''}`;
}
