/**
 * What happened, as a sentence. Whom it is about stands beside it.
 *
 * @module
 */

import type { News } from '../../protocol.ts';
import { causesText, inWords, levelSaid, storageSaid } from './health.ts';
import { clockText, countOf, spanText } from './time.ts';
import type { Tone } from './tone.ts';
import { breakerSaid, waitText } from './upstream.ts';

type Details = News['details'];
type Telling = readonly [Tone, string | ((details: Details, reason: string | null) => string)];

const BREAKER_WHYS: Readonly<Record<string, string>> = {
  surprise: 'more failures in a row than chance would have',
  consecutive: 'too many failures in a row',
  failureRate: 'too many calls fail',
  slowCallRate: 'too many calls are slow',
  cooldownOver: 'a probe may go out',
  probeSucceeded: 'a probe came through',
  crisisDelivered: 'a crisis came through',
  probeFailed: 'the probe failed',
  operator: 'a person has ordered it',
  restart: 'it began anew',
};

const FLOWS: Readonly<Record<string, string>> = {
  'overload.detected': 'has too much to do',
  'trial.began': 'is tried with fewer slots',
  'trial.kept': 'does as much with fewer slots, and keeps them',
  'trial.undone': 'does less with fewer slots, and has them back',
  'ramp.ended': 'has all its slots again',
  'rate.learned': 'takes only so many calls a second',
  'rate.lifted': 'takes calls at any rate again',
  'outage.observed': 'looks down to a breaker that only watches',
};

const ENDINGS: Readonly<Record<string, Telling>> = {
  completed: ['good', 'delivered'],
  deadLettered: ['bad', 'given up: it is a dead letter now'],
  cancelled: ['quiet', 'cancelled'],
  expired: ['warn', 'expired before it was delivered'],
};

const MODES: Readonly<Record<string, string>> = {
  entered: 'switched on',
  prolonged: 'prolonged',
  ending: 'about to end',
  refused: 'not ended: who switched it on may not',
  left: 'switched off',
  timedOut: 'over, since its time is up',
};

const ALERTS: Readonly<Record<string, string>> = {
  startFailed: 'the start failed',
  recoveryFailed: 'recovery failed',
  componentDown: 'a component fails too often to be restarted',
  restartFailed: 'a component could not be restarted',
};

const TELLINGS: Readonly<Record<string, Telling>> = {
  'operation.accepted': ['quiet', 'accepted'],
  'operation.duplicated': ['quiet', 'asked for once more: nothing new was stored'],
  'operation.parked': ['quiet', (_, reason) => `waits: ${waitText(reason ?? 'unknown')}`],
  'operation.resumed': ['quiet', 'waits no longer'],
  'operation.suspected': ['warn', 'was in flight when its process ended'],
  'operation.ended': ['quiet', (details) => endingOf(details)[1]],
  'attempt.started': ['quiet', (details) => `attempt ${number(details, 'attempt')}begun`],
  'attempt.succeeded': [
    'quiet',
    (details) => `attempt ${number(details, 'attempt')}succeeded${took(details)}`,
  ],
  'attempt.failed': [
    'warn',
    (details) => `attempt ${number(details, 'attempt')}failed${status(details)}${took(details)}`,
  ],
  'attempt.aborted': ['quiet', 'attempt ended before it was answered'],
  'handler.threw': ['warn', 'its handler failed with an exception'],
  'handler.overhangs': ['warn', 'its handler is silent far beyond its time-out'],
  'breaker.changed': ['warn', (details, reason) => breakerNews(details, reason)],
  'flow.changed': ['busy', (details) => flowNews(details)],
  'parking.changed': ['warn', (details) => parkingNews(details)],
  'level.changed': ['warn', (details, reason) => levelNews(details, reason)],
  'storage.changed': [
    'warn',
    (details) => `storage: ${small(storageSaid(text(details, 'to'))[1])}`,
  ],
  'store.held': [
    'warn',
    (_, reason) => `the store is held (${reason ?? 'restored or copied'}): nothing but crises runs`,
  ],
  'record.quarantined': ['warn', 'can’t be opened, and is set aside'],
  'record.newer': ['warn', 'is of a later version of holdfast, and left as it is'],
  'crisis.refused': ['bad', 'a crisis was answered, and is neither stored nor delivered'],
  'crisis.mended': ['warn', 'a crisis goes on without what broke a rule'],
  'crisis.unkept': ['bad', 'a crisis is delivered, and nothing of it is kept'],
  'crisis.escalated': ['bad', 'a crisis is not delivered: people have to know'],
  'crisis.unreadable': ['bad', 'a crisis can’t be read: it may not have been delivered'],
  'crisis.undelivered': [
    'bad',
    (details) => `crises are not delivered${at(details)}: ${number(details, 'count')}so far`,
  ],
  'crisis.caughtUp': ['good', (details) => `no crisis waits for long any more${at(details)}`],
  'crisis.stepNotified': ['warn', (details) => `people were told${step(details)}`],
  'crisis.stepFailed': ['bad', (details) => `people could not be told${step(details)}`],
  'crisis.noted': ['warn', 'a person wants to take the crisis on, before anybody was told'],
  'crisis.acknowledged': ['good', 'a person has taken the crisis on'],
  'crisis.acknowledgementEnding': ['warn', 'whoever has the crisis is asked whether they still do'],
  'crisis.acknowledgementLapsed': ['bad', 'nobody has the crisis any more: people are told again'],
  'crisis.released': ['bad', 'the crisis was given back: people are told again'],
  'crisis.callOffProposed': ['warn', 'a person wants the crisis called off; it takes a second'],
  'crisis.exhausted': ['bad', 'nobody is left to be told of the crisis'],
  'crisis.calledOff': ['quiet', 'the crisis was called off'],
  'crisis.escalationEnded': ['good', 'the crisis that had escalated is over'],
  'crisis.manySubjects': [
    'warn',
    (details) => `${number(details, 'subjects')}people were asked for with one token`,
  ],
  'crisis.planLate': ['warn', 'a crisis was answered without the person’s plan: the disk was late'],
  'crisis.answeredLate': ['bad', (details) => `a crisis was answered late${took(details)}`],
  'crisisMode.changed': [
    'warn',
    (_, reason) => `crisis mode: ${MODES[reason ?? ''] ?? inWords(reason ?? 'changed')}`,
  ],
  'conflict.detected': ['quiet', 'another version of its record is there'],
  'conflict.merged': ['quiet', 'both sides are put together'],
  'conflict.awaitsReview': ['warn', 'a person has to decide a conflict'],
  'conflict.displaced': ['warn', 'words of this store are in question, and kept with the conflict'],
  'conflict.resolved': ['good', 'its conflict is over'],
  'conflict.undone': ['quiet', 'a decision was taken back'],
  'conflict.quarantined': ['warn', 'could not be merged: both sides are kept for a person'],
  'override.made': ['busy', (details, reason) => orderNews(details, reason ?? '')],
  'runtime.started': ['good', 'started: work is accepted'],
  'runtime.stopping': ['warn', 'told to stop: nothing new is admitted'],
  'runtime.stopped': ['warn', 'stopped'],
  'start.failed': ['bad', 'the start failed'],
  'component.failed': ['warn', 'a component failed and is restarted'],
  'supervisor.alerted': [
    'bad',
    (_, reason) => ALERTS[reason ?? ''] ?? inWords(reason ?? 'the supervisor can’t help'),
  ],
  'work.stuck': [
    'bad',
    (details, reason) =>
      `work is due and nothing begins${forLong(details)}: ${waitText(reason ?? 'unknown')}`,
  ],
  'work.moving': ['good', 'work goes on'],
  'eventLoop.blocked': [
    'bad',
    (details) => `nothing ran for ${spanText(value(details, 'delayMs'))}, crises included`,
  ],
  'machine.slept': [
    'quiet',
    (details) =>
      `the machine slept, or the process was stopped, for ${spanText(value(details, 'forMs'))}`,
  ],
  'failure.noted': ['warn', 'something failed of which no caller hears'],
};

/**
 * Whether there are words for a kind.
 *
 * @internal
 */
export function isTold(kind: string): boolean {
  return kind in TELLINGS;
}

export interface NewsLine {
  readonly tone: Tone;
  readonly text: string;
}

/** What happened, without whom it is about and when. */
export function newsLine({ kind, reason, details }: News): NewsLine {
  const [tone, telling] = TELLINGS[kind] ?? ['quiet', inWords(kind.replace('.', ': '))];
  const said = typeof telling === 'string' ? telling : telling(details, reason);
  const code = reason?.startsWith('HF_') === true ? ` (${reason})` : '';
  return { tone: toneOf(kind, tone, details), text: `${said}${code}` };
}

/** One outage, from its trip on, however often it was tried in between. */
export interface Outage {
  /** `null` where its beginning is not remembered. */
  readonly sinceAtMs: number | null;
  readonly probesFailed: number;
  readonly lastFailedAtMs: number | null;
}

/** A whole outage in one line; `null` where only one of its changes is known, which says it itself. */
export function outageLine({
  outage,
  times,
}: {
  readonly outage: Outage | null;
  readonly times: number;
}): NewsLine | null {
  if (outage === null || times === 1) return null;
  const { sinceAtMs, probesFailed, lastFailedAtMs } = outage;
  const since = sinceAtMs === null ? 'down' : `down since ${clockText(sinceAtMs)}`;
  const last = lastFailedAtMs === null ? '' : `, the last at ${clockText(lastFailedAtMs)}`;
  const probes =
    probesFailed === 0
      ? 'being tried again'
      : `${countOf(probesFailed, 'probe')} failed${probesFailed === 1 ? ` at ${clockText(lastFailedAtMs ?? 0)}` : last}`;
  return { tone: 'bad', text: `${since}: ${probes}` };
}

/** Good where something got well again. */
function toneOf(kind: string, tone: Tone, details: Details): Tone {
  if (kind === 'operation.ended') return endingOf(details)[0];
  if (kind === 'breaker.changed') return breakerSaid(text(details, 'to'))[0];
  if (kind === 'parking.changed') return details['isParked'] === true ? tone : 'good';
  if (kind === 'level.changed') return levelSaid(text(details, 'to'))[0];
  return kind === 'storage.changed' ? storageSaid(text(details, 'to'))[0] : tone;
}

function endingOf(details: Details): readonly [Tone, string] {
  const ending = text(details, 'ending');
  const [tone, said] = ENDINGS[ending] ?? [
    'quiet',
    `ended${ending === '' ? '' : `: ${inWords(ending)}`}`,
  ];
  const attempts = value(details, 'attempts');
  const after = attempts > 1 ? ` after ${countOf(attempts, 'attempt')}` : '';
  return [tone, `${String(said)}${after}`];
}

function breakerNews(details: Details, reason: string | null): string {
  const to = text(details, 'to');
  const why = BREAKER_WHYS[reason ?? ''];
  return `${small(breakerSaid(to)[1])}${why === undefined ? '' : `: ${why}`}`;
}

function parkingNews(details: Details): string {
  const type = text(details, 'type');
  const calls = type === '' ? 'functions given with requests' : type;
  const whose = text(details, 'what') === 'type' ? calls : `${calls} for one subject`;
  return details['isParked'] === true
    ? `every call of ${whose} fails while others succeed: they wait by themselves`
    : `${whose} works again`;
}

function flowNews(details: Details): string {
  const what = text(details, 'what');
  const [from, to] = [details['from'], details['to']];
  const span =
    typeof from === 'number' && typeof to === 'number' ? ` (${round(from)} → ${round(to)})` : '';
  return `${FLOWS[what] ?? inWords(what.replace('.', ': '))}${span}`;
}

function levelNews(details: Details, reason: string | null): string {
  const causes = (reason ?? '').split(/[\s,]+/).filter(Boolean);
  const why = causesText(causes, text(details, 'upstream') === '' ? undefined : 'it');
  return `level ${small(levelSaid(text(details, 'to'))[1])}${why === '' ? '' : ` ${why}`}`;
}

function orderNews(details: Details, what: string): string {
  const count = value(details, 'count');
  const many = count > 1 ? ` (${countOf(count, 'operation')})` : '';
  return `order of a person: ${inWords(what.replace('.', ': '))}${many}`;
}

function text(details: Details, name: string): string {
  return String(details[name] ?? '');
}

function value(details: Details, name: string): number {
  return Number(details[name] ?? 0);
}

/** `3 `, with its space; `''` where it is not told. */
function number(details: Details, name: string): string {
  return details[name] === undefined ? '' : `${text(details, name)} `;
}

function took(details: Details): string {
  return details['elapsedMs'] === undefined
    ? ''
    : ` after ${spanText(value(details, 'elapsedMs'))}`;
}

function forLong(details: Details): string {
  return details['forMs'] === undefined ? '' : ` for ${spanText(value(details, 'forMs'))}`;
}

function status(details: Details): string {
  return typeof details['status'] === 'number' ? ` with ${details['status']}` : '';
}

function at(details: Details): string {
  const upstream = text(details, 'upstream');
  return upstream === '' ? ' for want of a handler' : ` at ${upstream}`;
}

function step(details: Details): string {
  const name = text(details, 'step');
  return name === '' ? '' : ` (${name})`;
}

function small(words: string): string {
  return words.slice(0, 1).toLowerCase() + words.slice(1);
}

function round(count: number): string {
  return String(Math.round(count * 10) / 10);
}
