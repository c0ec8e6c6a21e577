/**
 * What each kind of fact says to people: one sentence, used by the log, by alerts and by the inspector's page (OB-6).
 * factNews.ts decides which fields of a fact an inspector may show: on the page a sentence is made of the
 * fields that are listed there, so it must be sound where others are missing.
 *
 * @module
 */

import type { StuckReason } from '../../machines/policy/service/restartPolicy.ts';
import { STORAGE_ADVICE } from '../../machines/policy/service/storageTrouble.ts';
import type { Fact, FactKind, FactOf } from './fact.ts';
import { FACT_KINDS, FACT_TABLE, type Material } from './factTable.ts';

/** How much a line of the log matters. */
type Level = 'info' | 'warn' | 'error';

/** How the page marks the news. */
type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

interface FactWords<Of> {
  /** The sentence, without a capital and a full stop. */
  readonly say: (fact: Of) => string;
  /** What to do, for readers of plain text; the page has links. */
  readonly see?: string;
  /** The level in the log; `null` for no line. */
  readonly level: Level | null | ((fact: Of) => Level | null);
  /** True where the log has the alert instead, which says more or covers many facts. */
  readonly isAlerted?: true;
  /** The mark on the page, where the level does not say it. */
  readonly tone?: Tone | ((fact: Of) => Tone | undefined);
}

type Say<Of> = FactWords<Of>['say'];
type More<Of> = Partial<FactWords<Of>>;

const quiet = <Of>(say: Say<Of>): FactWords<Of> => ({ level: null, say });
const info = <Of>(say: Say<Of>, more: More<Of> = {}): FactWords<Of> => ({
  ...{ level: 'info', say },
  ...more,
});
const warn = <Of>(say: Say<Of>, more: More<Of> = {}): FactWords<Of> => ({
  ...{ level: 'warn', say },
  ...more,
});
const error = <Of>(say: Say<Of>, more: More<Of> = {}): FactWords<Of> => ({
  ...{ level: 'error', say },
  ...more,
});

const ALERTED = { isAlerted: true } as const;
const GOOD = { tone: 'good' } as const;
const SEE_CRISES = { see: 'See holdfast crises, and look after the person' } as const;
const SEE_CONFLICTS = { see: 'See holdfast conflicts' } as const;

const CAUSES = {
  attemptsUsedUp: 'its fast attempts are used up',
  notInTime: 'it was not delivered in time',
} as const;

const STEP_FAILURES = {
  notHeard: 'could not be notified',
  maybeHeard: 'did not answer in time',
  refused: 'refuses to be told',
} as const;

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const aRecord = (entityType: string): string =>
  `${/^[aeiou]/i.test(entityType) ? 'an' : 'a'} ${entityType}`;

const ofOperation = (operationId: string | null): string =>
  operationId === null ? '' : `, of operation ${operationId}`;

const atUpstream = (upstream: string | null): string =>
  upstream === null ? 'without a handler' : `at ${upstream}`;

/** The words of work that is due and does not begin, which health says, too. */
export function stuckSaid(upstream: string, because: StuckReason, forMs: number): string {
  return `work for ${upstream} is due, and nothing has begun for ${Math.round(forMs / 1_000)} s (${because})`;
}

/** The words of a store that is held, which health says, too. */
export function heldSaid(reason: FactOf<'store.held'>['reason']): string {
  return `the store is held (${reason}): nothing but crises runs until it is released`;
}

const FACT_WORDS: { readonly [Kind in FactKind]: FactWords<FactOf<Kind>> } = {
  'operation.accepted': {
    level: ({ priority }) => (priority === 'crisis' ? 'info' : null),
    say: ({ priority, operationId }) =>
      `${priority === 'crisis' ? 'crisis' : 'operation'} ${operationId} is on disk`,
  },
  'operation.duplicated': quiet(
    ({ operationId }) => `operation ${operationId} was requested again: nothing new was stored`,
  ),
  'operation.parked': warn(
    ({ operationId, type, reason }) => `operation ${operationId} (${type}) waits (${reason})`,
    { ...ALERTED, tone: 'quiet' },
  ),
  'operation.resumed': quiet(
    ({ operationId, type }) => `operation ${operationId} (${type}) waits no longer`,
  ),
  'operation.suspected': warn(
    ({ operationId, type, crashes }) =>
      `operation ${operationId} (${type}) was in flight when the process ended without a stop, ${plural(crashes, 'time')} in a row; it runs again`,
  ),
  'operation.ended': {
    level: ({ ending, priority }) => {
      if (ending === 'deadLettered') return 'error';
      if (ending === 'expired') return 'warn';
      return priority === 'crisis' ? 'info' : null;
    },
    tone: ({ ending }) => (ending === 'completed' ? 'good' : undefined),
    say: ({ operationId, type, ending, code, attempts, elapsedMs, priority }) => {
      const work =
        priority === 'crisis' ? `crisis ${operationId}` : `operation ${operationId} (${type})`;
      switch (ending) {
        case 'deadLettered':
          return `${work} was given up after ${plural(attempts, 'attempt')}: ${code}. It is a dead letter; see holdfast dead-letters`;
        case 'expired':
          return `${work} has expired`;
        case 'completed':
          return `${work} was delivered, ${elapsedMs} ms after it was accepted`;
        case 'cancelled':
          return `${work} was ${priority === 'crisis' ? 'called off' : 'cancelled'}`;
      }
    },
  },
  'attempt.started': quiet(
    ({ operationId, attempt }) => `attempt ${attempt} of operation ${operationId} begins`,
  ),
  'attempt.succeeded': quiet(
    ({ operationId, attempt, elapsedMs }) =>
      `attempt ${attempt} of operation ${operationId} succeeded after ${Math.round(elapsedMs)} ms`,
  ),
  'attempt.failed': info(
    ({ operationId, type, attempt, failureClass, code, status, upstream }) =>
      `attempt ${attempt} of operation ${operationId} (${type}) failed at ${upstream}: ${code}${status === null ? '' : `, status ${status}`} (${failureClass})`,
    { tone: 'warn' },
  ),
  'attempt.aborted': quiet(
    ({ operationId, attempt, why }) =>
      `attempt ${attempt} of operation ${operationId} was aborted (${why})`,
  ),
  'handler.threw': error((fact) => {
    const { operationId, type, attempt, exception }: Partial<typeof fact> = fact;
    return `the handler of ${type} failed with ${exception ?? 'an exception'}, in attempt ${attempt} of operation ${operationId}`;
  }),
  'handler.overhangs': warn(
    ({ operationId, type, elapsedMs }) =>
      `the handler of ${type} has not returned for ${elapsedMs} ms, in operation ${operationId}; have it heed its signal`,
  ),
  'breaker.changed': {
    level: ({ from, to }) => {
      if (to === 'open' || to === 'forcedOpen') return from === 'halfOpen' ? null : 'warn';
      return to === 'halfOpen' ? null : 'info';
    },
    tone: ({ to }) =>
      to === 'closed'
        ? 'good'
        : to === 'open' || to === 'forcedOpen'
          ? 'bad'
          : to === 'halfOpen'
            ? 'busy'
            : 'warn',
    say: ({ upstream, to, why }) => `breaker of ${upstream} is ${to} (${why})`,
  },
  'flow.changed': {
    level: ({ what }) => {
      if (what === 'outage.observed') return 'warn';
      return FLOW_LOGGED.has(what) ? 'info' : null;
    },
    tone: 'busy',
    say: ({ upstream, what, from, to }) =>
      what === 'outage.observed'
        ? `breaker of ${upstream} only observes, and would have opened`
        : `flow to ${upstream}: ${what}${from === null || to === null ? '' : `, from ${from} to ${to}`}`,
  },
  'parking.changed': {
    level: ({ isParked }) => (isParked ? 'warn' : 'info'),
    tone: ({ isParked }) => (isParked ? 'warn' : 'good'),
    say: ({ upstream, what, type, isParked }) => {
      const calls = type ?? 'functions given with requests';
      if (!isParked) {
        return `${calls} ${what === 'type' ? '' : 'for that subject '}works again at ${upstream}`;
      }
      return `every call of ${calls}${what === 'type' ? '' : ' for one subject'} fails at ${upstream} while others succeed: they wait by themselves`;
    },
  },
  'level.changed': {
    level: ({ to }) => (to === 'normal' ? 'info' : 'warn'),
    tone: ({ to }) => (to === 'normal' ? 'good' : to === 'limited' ? 'warn' : 'bad'),
    say: ({ upstream, to, causes }) =>
      `level of ${upstream ?? 'the process'} is ${to}${causes.length === 0 ? '' : ` (${causes.join(', ')})`}`,
  },
  'storage.changed': {
    level: ({ to }) => (to === 'well' ? 'info' : to === 'slow' ? 'warn' : 'error'),
    tone: ({ to }) => (to === 'well' ? 'good' : undefined),
    say: ({ to, code }) => `${STORAGE_ADVICE[to]}${code === null ? '' : ` (${code})`}`,
  },
  'store.held': warn(({ reason }) => heldSaid(reason), ALERTED),
  'record.quarantined': error(
    ({ operationId, code }) =>
      code === 'HF_RECORD_STALE'
        ? `operation ${operationId} is not the record that was written last; it is quarantined, and the others go on`
        : `operation ${operationId} can't be opened (${code}); it is quarantined, and the others go on`,
    { ...ALERTED, see: 'See holdfast quarantine' },
  ),
  'record.newer': warn(
    ({ operationId }) =>
      `operation ${operationId} was written by a later version of holdfast and is left as it is`,
    {
      ...ALERTED,
      see: 'There may be others, which health counts: run that version, or a later one',
    },
  ),
  'crisis.refused': error(
    ({ code }) => `a crisis was answered, and is neither stored nor delivered (${code})`,
    ALERTED,
  ),
  'crisis.mended': warn(
    ({ operationId, fieldsLeftOut }) =>
      `crisis ${operationId} breaks a rule of requests, and is delivered with what is sound in it: ${plural(fieldsLeftOut, 'part')} left out or changed`,
    ALERTED,
  ),
  'crisis.unkept': error(
    ({ operationId }) =>
      `crisis ${operationId} is delivered and not kept: if the process ends first, it is lost`,
  ),
  'crisis.escalated': error(
    ({ operationId, cause }) =>
      `crisis ${operationId} is not delivered: ${CAUSES[cause]}. Its delivery is retried`,
    SEE_CRISES,
  ),
  'crisis.unreadable': error(
    ({ operationId, code, acceptedAtMs }) =>
      `crisis ${operationId} can't be read (${code}), and may not have been delivered; it was accepted at ${new Date(acceptedAtMs).toISOString()}`,
    SEE_CRISES,
  ),
  'crisis.undelivered': error(({ upstream, count, sinceAtMs, failed, code }) => {
    const why = code === null ? '' : `, ${plural(failed, 'attempt')} failed (${code})`;
    const crises = count === 1 ? '1 crisis' : `${count} crises`;
    return `${crises} ${atUpstream(upstream)} ${count === 1 ? 'is' : 'are'} undelivered since ${new Date(sinceAtMs).toISOString()}${why}`;
  }, SEE_CRISES),
  'crisis.caughtUp': info(({ upstream }) => `crises ${atUpstream(upstream)} have caught up`, GOOD),
  'crisis.stepNotified': info(
    ({ operationId, step }) =>
      `step ${step} of crisis.escalation was notified of crisis ${operationId}`,
    { tone: 'warn' },
  ),
  'crisis.stepFailed': error(
    ({ operationId, step, why, makesWay }) =>
      `step ${step} of crisis.escalation ${STEP_FAILURES[why]}, for crisis ${operationId}; it is called again${makesWay ? ', and the next step is notified' : ''}`,
  ),
  'crisis.noted': warn(
    ({ operationId }) =>
      `a person wants to take on crisis ${operationId} before anybody was notified; people are notified all the same`,
  ),
  'crisis.acknowledged': info(
    ({ operationId }) => `a person has taken on crisis ${operationId}`,
    GOOD,
  ),
  'crisis.acknowledgementEnding': warn(
    ({ operationId }) =>
      `the acknowledgement of crisis ${operationId} is about to lapse: the person who gave it is asked whether they still have it`,
    SEE_CRISES,
  ),
  'crisis.acknowledgementLapsed': error(
    ({ operationId }) => `nobody has crisis ${operationId} any more: people are notified again`,
    SEE_CRISES,
  ),
  'crisis.released': error(
    ({ operationId }) => `crisis ${operationId} was given back: people are notified again`,
    SEE_CRISES,
  ),
  'crisis.callOffProposed': warn(
    ({ operationId }) =>
      `a person wants crisis ${operationId} called off; it takes a second person`,
    SEE_CRISES,
  ),
  'crisis.exhausted': error(
    ({ operationId }) =>
      `nobody has taken on crisis ${operationId}, and nobody is left in crisis.escalation to be notified until the chain begins again`,
    SEE_CRISES,
  ),
  'crisis.calledOff': quiet(({ operationId }) => `crisis ${operationId} was called off`),
  'crisis.escalationEnded': info(
    ({ operationId, ending }) => `crisis ${operationId}, which had escalated, is over (${ending})`,
    GOOD,
  ),
  'crisis.planLate': warn(
    () => 'a crisis was answered without the plan of its subject: the disk was late',
  ),
  'crisis.answeredLate': error(
    ({ elapsedMs }) => `a crisis was answered after ${Math.round(elapsedMs)} ms`,
  ),
  'crisis.manySubjects': warn(
    ({ caller, subjects }) =>
      `with the ${caller === 'page' ? 'pagesToken' : 'token'} of crisis.outside.http, ${subjects} different subjects were asked for within ten minutes; all were answered`,
    ALERTED,
  ),
  'crisisMode.changed': warn(
    ({ modeId, scope, what }) =>
      `crisis mode ${modeId} for ${scope === 'global' ? 'everybody' : 'a subject'}: ${what}`,
  ),
  'conflict.detected': info(
    ({ conflictId, operationId, entityType, reason }) =>
      `conflict ${conflictId} about ${aRecord(entityType)}${ofOperation(operationId)} (${reason})`,
  ),
  'conflict.merged': info(
    ({ conflictId, entityType, questions, round }) =>
      `conflict ${conflictId} about ${aRecord(entityType)} is merged${round === 0 ? '' : `, and goes out as round ${round}`}; ${plural(questions, 'question')} left for a person`,
  ),
  'conflict.awaitsReview': warn(
    ({ conflictId, operationId, entityType, reason, questions, isHeld }) =>
      `conflict ${conflictId} about ${aRecord(entityType)}${ofOperation(operationId)} (${reason}) waits for a person, with ${plural(questions, 'question')}${isHeld ? '; its operation waits until that is decided' : ''}`,
    SEE_CONFLICTS,
  ),
  'conflict.displaced': warn(
    ({ conflictId, entityType, askedBy }) =>
      `what this store wrote about ${aRecord(entityType)} is in question and no longer in the record: it is kept with conflict ${conflictId}, which ${askedBy} asks about`,
    SEE_CONFLICTS,
  ),
  'conflict.resolved': info(
    ({ conflictId, entityType }) =>
      `conflict ${conflictId} about ${aRecord(entityType)} is resolved`,
    GOOD,
  ),
  'conflict.undone': info(
    ({ conflictId, entityType }) =>
      `what was decided of conflict ${conflictId} about ${aRecord(entityType)} is undone by a person`,
  ),
  'conflict.quarantined': error(
    ({ conflictId, operationId, entityType, reason }) =>
      `conflict ${conflictId} about ${aRecord(entityType)}${ofOperation(operationId)} can't be merged (${reason}): both sides are kept and wait for a person`,
    { ...SEE_CONFLICTS, tone: 'warn' },
  ),
  'override.made': info(
    ({ what, upstream, operationId, count }) =>
      `${what} was ordered${upstream === null ? '' : ` for ${upstream}`}${operationId === null ? '' : ` for operation ${operationId}`}${count > 1 ? `, ${count} operations` : ''}`,
    { tone: 'busy' },
  ),
  'runtime.started': info(() => 'running: the store is open and work is accepted', GOOD),
  'runtime.stopping': info(
    ({ deadlineMs }) => `stopping: what is in flight has ${deadlineMs} ms to end`,
    { tone: 'warn' },
  ),
  'runtime.stopped': info(() => 'stopped', { tone: 'warn' }),
  'start.failed': error(({ code }) => `the start failed (${code})`, ALERTED),
  'component.failed': error(
    ({ component, code }) =>
      `${component} failed${code === null ? '' : ` (${code})`} and is restarted`,
    { ...ALERTED, tone: 'warn' },
  ),
  'supervisor.alerted': error(
    ({ component, reason }) => `${component ?? 'the runtime'} needs a person to look: ${reason}`,
  ),
  'eventLoop.blocked': warn(
    ({ delayMs }) =>
      `the event loop was blocked for ${Math.round(delayMs)} ms, in which nothing ran, not even the answer to a crisis`,
    { tone: 'bad' },
  ),
  'machine.slept': info(
    ({ forMs }) =>
      `the machine slept, or the process was stopped, for ${Math.round(forMs / 1_000)} s, in which nothing ran`,
  ),
  'work.stuck': error(({ upstream, because, forMs }) => stuckSaid(upstream, because, forMs)),
  'work.moving': info(({ upstream }) => `work for ${upstream} goes on`, GOOD),
  'failure.noted': error(
    ({ code }) => `something failed without a caller to notify${code === null ? '' : ` (${code})`}`,
    { ...ALERTED, tone: 'warn' },
  ),
};

const FLOW_LOGGED: ReadonlySet<string> = new Set([
  'rate.learned',
  'rate.lifted',
  'overload.detected',
]);

const TONES = { info: 'quiet', warn: 'warn', error: 'bad' } as const;

function wordsOf(kind: FactKind): FactWords<Fact> {
  return FACT_WORDS[kind] as FactWords<Fact>;
}

/** The kinds of facts that may have a line of their own in the log. */
export const LOGGED_KINDS: readonly FactKind[] = FACT_KINDS.filter(
  (kind) => wordsOf(kind).level !== null && wordsOf(kind).isAlerted !== true,
);

/** The line of a fact in the log; `null` for a fact that is not logged. */
export function lineOf(fact: Fact): { readonly level: Level; readonly message: string } | null {
  const words = wordsOf(fact.kind);
  if (words.isAlerted === true) return null;
  const level = typeof words.level === 'function' ? words.level(fact) : words.level;
  const see = words.see === undefined ? '' : `. ${words.see}`;
  return level === null ? null : { level, message: `${words.say(fact)}${see}` };
}

/** The level at which alerts of this kind are logged; `undefined` where the fact has a line of its own. */
export function alertLevel(kind: FactKind, code: string | null): Level | undefined {
  // A process that is started before the old one has ended waits for the store; nothing is wrong.
  if (kind === 'start.failed' && code === 'HF_STORE_OWNED') return 'warn';
  const { isAlerted, level } = wordsOf(kind);
  return isAlerted === true ? (level as Level) : undefined;
}

/**
 * The sentence of a fact for the page, and its mark.
 *
 * @param fact may have fewer fields than its kind says
 */
export function newsWords(fact: Fact): { readonly tone: Tone; readonly text: string } {
  const { say, tone, level } = wordsOf(fact.kind);
  const own = typeof tone === 'function' ? tone(fact) : tone;
  const its = typeof level === 'function' ? level(fact) : level;
  return { tone: own ?? (its === null ? 'quiet' : TONES[its]), text: say(fact) };
}

/** The sentence of a fact, from the material that the fact is made of. */
export function factSaid<Kind extends FactKind>(kind: Kind, ...material: Material<Kind>): string {
  const make = FACT_TABLE[kind] as (...its: Material<Kind>) => object;
  return FACT_WORDS[kind].say({ kind, atMs: 0, ...make(...material) } as FactOf<Kind>);
}
