/**
 * What is logged of each kind of fact, at which level and in which words. Made of facts alone, so that no line
 * holds what a fact does not (SE-5).
 *
 * Where the alert of a fact has better words, or tells of many at once, the line is that of the alert: see
 * {@link ALERT_LEVELS}.
 *
 * @module
 */

import { FACT_KINDS, type Fact, type FactKind, type FactOf } from '../../actors/port.ts';
import { STORAGE_ADVICE } from '../../machines/policy/service/storageTrouble.ts';
import type { LogLevel } from './logger.ts';

/** What is written: how much it matters, and the sentence. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

type Words = { readonly [Kind in FactKind]?: (fact: FactOf<Kind>) => LogLine | null };

const info = (message: string): LogLine => ({ level: 'info', message });
const warn = (message: string): LogLine => ({ level: 'warn', message });
const error = (message: string): LogLine => ({ level: 'error', message });
const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const of = (operationId: string | null): string =>
  operationId === null ? '' : `, of operation ${operationId}`;

const STEP_FAILURES = {
  notHeard: 'not told',
  maybeHeard: 'perhaps not told, since it did not answer in time,',
  refused: 'not told, since it refuses,',
} as const;

const SEE_CRISES = 'See holdfast crises, and look after the person';

/** A kind that is not here, and has no alert, is not logged: an operation that goes well writes no line. */
const WORDS = {
  'operation.accepted': ({ priority, operationId }) =>
    priority === 'crisis' ? info(`crisis ${operationId} is on disk`) : null,
  'operation.suspected': ({ operationId, type, crashes }) =>
    warn(
      `operation ${operationId} (${type}) was in flight when the process ended without a stop, ${plural(crashes, 'time')} in a row; it runs again`,
    ),
  'operation.ended': ({ operationId, type, ending, code, attempts, elapsedMs, priority }) => {
    if (ending === 'deadLettered') {
      return error(
        `operation ${operationId} (${type}) was given up after ${plural(attempts, 'attempt')}: ${code}. It is a dead letter; see holdfast dead-letters`,
      );
    }
    if (ending === 'expired') return warn(`operation ${operationId} (${type}) has expired`);
    if (priority !== 'crisis') return null;
    return info(
      ending === 'completed'
        ? `crisis ${operationId} was delivered, ${elapsedMs} ms after it was accepted`
        : `crisis ${operationId} was called off`,
    );
  },
  'attempt.failed': ({ operationId, type, attempt, failureClass, code, status, upstream }) =>
    info(
      `attempt ${attempt} of operation ${operationId} (${type}) failed at ${upstream}: ${code}${status === null ? '' : `, status ${status}`} (${failureClass})`,
    ),
  'handler.threw': ({ operationId, type, attempt, exception }) =>
    error(
      `the handler of ${type} failed with ${exception}, in attempt ${attempt} of operation ${operationId}`,
    ),
  'handler.overhangs': ({ operationId, type, elapsedMs }) =>
    warn(
      `the handler of ${type} has not returned for ${elapsedMs} ms, in operation ${operationId}; have it heed its signal`,
    ),
  'breaker.changed': ({ upstream, from, to, why }) => {
    if (to === 'open' || to === 'forcedOpen') {
      return from === 'halfOpen' ? null : warn(`breaker of ${upstream} is ${to} (${why})`);
    }
    return to === 'halfOpen' ? null : info(`breaker of ${upstream} is ${to} (${why})`);
  },
  'flow.changed': ({ upstream, what, from, to }) => {
    if (what === 'outage.observed') {
      return warn(`breaker of ${upstream} only observes, and would have opened`);
    }
    if (what !== 'rate.learned' && what !== 'rate.lifted' && what !== 'overload.detected') {
      return null;
    }
    return info(`flow to ${upstream}: ${what}, from ${from} to ${to}`);
  },
  'parking.changed': ({ upstream, what, type, isParked }) => {
    const calls = type === null ? 'functions given with requests' : type;
    const whose =
      what === 'type' ? `every call of ${calls}` : `every call of ${calls} for one subject`;
    return isParked
      ? warn(`${whose} fails at ${upstream} while others succeed: they wait by themselves`)
      : info(`${calls} ${what === 'type' ? '' : 'for that subject '}works again at ${upstream}`);
  },
  'level.changed': ({ upstream, to, causes }) => {
    const whose = upstream === null ? 'the process' : upstream;
    const why = causes.length === 0 ? '' : ` (${causes.join(', ')})`;
    return (to === 'normal' ? info : warn)(`level of ${whose} is ${to}${why}`);
  },
  'storage.changed': ({ to, code }) => {
    const what = `${STORAGE_ADVICE[to]}${code === null ? '' : ` (${code})`}`;
    if (to === 'well') return info(what);
    return to === 'slow' ? warn(what) : error(what);
  },
  'crisis.escalated': ({ operationId, cause }) =>
    error(`crisis ${operationId} is not delivered (${cause}); it is tried on. ${SEE_CRISES}`),
  'crisis.unreadable': ({ operationId, code, acceptedAtMs }) =>
    error(
      `crisis ${operationId} of ${new Date(acceptedAtMs).toISOString()} can't be read (${code}), and may not have been delivered. ${SEE_CRISES}`,
    ),
  'crisis.undelivered': ({ upstream, count, sinceAtMs, failed, code }) => {
    const where = upstream === null ? 'without a handler' : `at ${upstream}`;
    const why = code === null ? '' : `, ${failed} attempts failed (${code})`;
    return error(
      `${count} crises ${where} are not delivered since ${new Date(sinceAtMs).toISOString()}${why}. ${SEE_CRISES}`,
    );
  },
  'crisis.caughtUp': ({ upstream }) =>
    info(`crises ${upstream === null ? 'without a handler' : `at ${upstream}`} have caught up`),
  'crisis.stepNotified': ({ operationId, step }) =>
    info(`step ${step} of crisis.escalation was told of crisis ${operationId}`),
  'crisis.stepFailed': ({ operationId, step, why, makesWay }) =>
    error(
      `step ${step} of crisis.escalation was ${STEP_FAILURES[why]} of crisis ${operationId}; it is called again${makesWay ? ', and the next one is told' : ''}`,
    ),
  'crisis.noted': ({ operationId }) =>
    warn(
      `somebody wants to take on crisis ${operationId}; nobody was told yet, and people are told`,
    ),
  'crisis.acknowledged': ({ operationId }) => info(`somebody has taken on crisis ${operationId}`),
  'crisis.acknowledgementEnding': ({ operationId }) =>
    warn(`whoever has crisis ${operationId} is asked whether they still have it. ${SEE_CRISES}`),
  'crisis.acknowledgementLapsed': ({ operationId }) =>
    error(`nobody has crisis ${operationId} any more: people are told again. ${SEE_CRISES}`),
  'crisis.released': ({ operationId }) =>
    error(`crisis ${operationId} was given back: people are told again. ${SEE_CRISES}`),
  'crisis.callOffProposed': ({ operationId }) =>
    warn(
      `somebody wants crisis ${operationId} called off; it takes a second person. ${SEE_CRISES}`,
    ),
  'crisis.exhausted': ({ operationId }) =>
    error(
      `nobody has taken on crisis ${operationId}, and nobody is left to be told. ${SEE_CRISES}`,
    ),
  'crisis.escalationEnded': ({ operationId, ending }) =>
    info(`crisis ${operationId}, which had escalated, is over (${ending})`),
  'crisis.unkept': ({ operationId }) =>
    error(`crisis ${operationId} is delivered and not kept: if the process ends first, it is lost`),
  'crisis.planLate': () =>
    warn('a crisis was answered without the plan of its subject: the disk was late'),
  'crisis.answeredLate': ({ elapsedMs }) => error(`a crisis was answered after ${elapsedMs} ms`),
  'crisisMode.changed': ({ modeId, scope, what }) =>
    warn(`crisis mode ${modeId} for ${scope === 'global' ? 'everybody' : 'a subject'}: ${what}`),
  'conflict.detected': ({ conflictId, operationId, entityType, reason }) =>
    info(`conflict ${conflictId} about a ${entityType}${of(operationId)} (${reason})`),
  'conflict.merged': ({ conflictId, entityType, questions, round }) =>
    info(
      `conflict ${conflictId} about a ${entityType} is merged${round === 0 ? '' : `, and goes out as round ${round}`}; ${plural(questions, 'question')} left for a person`,
    ),
  'conflict.awaitsReview': ({ conflictId, operationId, entityType, reason, questions, isHeld }) =>
    warn(
      `conflict ${conflictId} about a ${entityType}${of(operationId)} (${reason}) waits for a person, with ${plural(questions, 'question')}${isHeld ? '; its operation waits until that is decided' : ''}. See holdfast conflicts`,
    ),
  'conflict.displaced': ({ conflictId, entityType, askedBy }) =>
    warn(
      `words of this store about a ${entityType} are in question and not in the record any more: they are kept with conflict ${conflictId}, which ${askedBy} asks. See holdfast conflicts`,
    ),
  'conflict.resolved': ({ conflictId, entityType, by }) =>
    info(
      `conflict ${conflictId} about a ${entityType} is resolved, ${by === null ? 'with nothing left to ask' : 'by a person'}`,
    ),
  'conflict.undone': ({ conflictId, entityType }) =>
    info(`what was decided of conflict ${conflictId} about a ${entityType} is undone by a person`),
  'conflict.quarantined': ({ conflictId, operationId, entityType, reason }) =>
    error(
      `conflict ${conflictId} about a ${entityType}${of(operationId)} can't be merged (${reason}): both sides are kept and wait for a person. See holdfast conflicts`,
    ),
  'override.made': ({ what, upstream, operationId, count }) =>
    info(
      `${what} was ordered${upstream === null ? '' : ` for ${upstream}`}${operationId === null ? '' : ` for operation ${operationId}`}${count > 1 ? `, ${count} operations` : ''}`,
    ),
  'runtime.started': () => info('running: the store is open and work is accepted'),
  'runtime.stopping': ({ deadlineMs }) =>
    info(`stopping: what is in flight has ${deadlineMs} ms to end`),
  'runtime.stopped': () => info('stopped'),
  'supervisor.alerted': ({ component, reason }) =>
    error(`${component ?? 'the runtime'} needs somebody to look: ${reason}`),
  'eventLoop.blocked': ({ delayMs }) =>
    warn(
      `the event loop was blocked for ${Math.round(delayMs)} ms, in which nothing ran, not the answer to a crisis either`,
    ),
  'machine.slept': ({ forMs }) =>
    info(
      `the machine slept, or the process was stopped, for ${Math.round(forMs / 1_000)} s, in which nothing ran`,
    ),
  'work.stuck': ({ upstream, because, forMs }) =>
    error(
      `work for ${upstream} is due, and nothing has begun for ${Math.round(forMs / 1_000)} s (${because})`,
    ),
  'work.moving': ({ upstream }) => info(`work for ${upstream} goes on`),
} satisfies Words;

/** Kinds that are logged in the words of what `onError` is told. */
const ALERT_LEVELS: Readonly<Partial<Record<FactKind, LogLevel>>> = {
  'operation.parked': 'warn',
  'store.held': 'warn',
  'record.quarantined': 'error',
  'record.newer': 'warn',
  'crisis.refused': 'error',
  'crisis.mended': 'warn',
  'crisis.manySubjects': 'warn',
  'start.failed': 'error',
  'component.failed': 'error',
  'failure.noted': 'error',
};

/** The kinds of facts that may have a line. */
export const LOGGED_KINDS: readonly FactKind[] = FACT_KINDS.filter((kind) => kind in WORDS);

/** The line of a fact; `null` for one that is not logged. */
export function lineOf(fact: Fact): LogLine | null {
  const words = (WORDS as Words)[fact.kind] as ((its: Fact) => LogLine | null) | undefined;
  return words?.(fact) ?? null;
}

/** The level at which alerts of this kind are logged; `undefined` where the fact has a line of its own. */
export function alertLevel(kind: FactKind, code: string | null): LogLevel | undefined {
  // A process that is started before the old one has ended waits for the store; nothing is wrong.
  if (kind === 'start.failed' && code === 'HF_STORE_OWNED') return 'warn';
  return ALERT_LEVELS[kind];
}
