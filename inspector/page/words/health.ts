/**
 * Texts for the words of health: a tone for each, and a text for people who have never seen it.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import type { Tone } from './tone.ts';

export type Said = readonly [tone: Tone, text: string];

const OVERALL: Readonly<Record<string, Said>> = {
  healthy: ['good', 'Healthy'],
  degraded: ['warn', 'Degraded'],
  critical: ['bad', 'Critical'],
};

const PHASES: Readonly<Record<string, Said>> = {
  starting: ['busy', 'Starting'],
  startFailed: ['bad', 'Start failed'],
  running: ['good', 'Running'],
  draining: ['warn', 'Stopping: calls in flight end'],
  closing: ['warn', 'Stopping: the store closes'],
  stopped: ['bad', 'Stopped'],
};

const LEVELS: Readonly<Record<string, Said>> = {
  normal: ['good', 'Normal'],
  limited: ['warn', 'Limited'],
  criticalOnly: ['bad', 'Critical only'],
  offline: ['bad', 'Offline'],
};

const CAUSES: Readonly<Record<string, string>> = {
  breaker: '{it} is down',
  ramp: 'slots open again step by step',
  overload: '{it} is overloaded',
  storage: 'of storage',
  network: 'of the network',
  eventLoopDelayMs: 'the process has more to do than it can',
  crisisMode: 'crisis mode is on',
};

const STORAGE: Readonly<Record<string, Said>> = {
  well: ['good', 'Well'],
  slow: ['warn', 'Slow: a write is overdue; find out what else keeps the disk busy'],
  hanging: ['bad', 'The disk does not answer: check it, its controller or its network'],
  locked: ['bad', 'Another program holds the file: close it'],
  full: ['bad', 'The disk is full: free some space'],
  readOnly: ['bad', 'Read-only: make disk, folder and file writable'],
  failing: ['bad', 'Writes fail: check the disk'],
  corrupt: ['bad', 'Damaged: check the disk, stop, and restore a backup'],
  lost: ['bad', 'The file is gone: put it back, or move away what is in its place'],
};

const UNKNOWN: Tone = 'quiet';

export function overallSaid(overall: string): Said {
  return OVERALL[overall] ?? [UNKNOWN, inWords(overall)];
}

export function phaseSaid(phase: string): Said {
  return PHASES[phase] ?? [UNKNOWN, inWords(phase)];
}

export function levelSaid(level: string): Said {
  return LEVELS[level] ?? [UNKNOWN, inWords(level)];
}

export function storageSaid(state: string): Said {
  return STORAGE[state] ?? [UNKNOWN, inWords(state)];
}

/**
 * `because an upstream is down and slots open again step by step`; `''` for none.
 *
 * @param whom the name of the upstream: `it` where that is clear
 */
export function causesText(causes: readonly string[], whom = 'an upstream'): string {
  const said = causes.map((cause) => (CAUSES[cause] ?? inWords(cause)).replace('{it}', whom));
  return said.length === 0 ? '' : `because ${said.join(' and ')}`;
}

/** `backing off` for `backingOff`: makes unknown names legible. */
export function inWords(name: string): string {
  return name.replaceAll(
    /([a-z\d])([A-Z])/g,
    (_, before: string, next: string) => `${before} ${next.toLowerCase()}`,
  );
}

/** The text with a capital. */
export function asSentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const BREAKERS: Readonly<Record<string, Said>> = {
  closed: ['good', 'Up'],
  open: ['bad', 'Down'],
  halfOpen: ['busy', 'Being tried again'],
  untried: ['quiet', 'Waits for work to try it'],
  forcedOpen: ['bad', 'Held down by a person'],
  disabled: ['warn', 'Breaker off: never held back'],
  observing: ['warn', 'Breaker only watches'],
};

const PACES: Readonly<Record<string, Said>> = {
  ramping: ['busy', 'slots open again'],
  steady: ['good', 'steady'],
  trying: ['busy', 'tries with fewer slots'],
  overloaded: ['warn', 'had too much: fewer slots'],
  down: ['bad', 'down'],
};

const HOLDS: Readonly<Record<string, string>> = {
  forcedOpen: 'held down by a person',
  disabled: 'never held back, by order of a person',
  observing: 'its breaker only watches, by order of a person',
};

/** The reasons to wait of docs/health.md, and those of one operation. */
const WAITS: Readonly<Record<string, string>> = {
  start: 'nothing runs yet',
  stopping: 'the process stops',
  storage: 'nothing can be made durable',
  suspect: 'one that may have ended the process runs alone',
  operator: 'a person holds it back',
  breaker: 'the upstream is down',
  probe: 'a probe is out',
  type: 'its type fails while others succeed, and waits by itself',
  subject: 'calls for its subject fail while others succeed, and it waits by itself',
  rate: 'its rate is used up',
  slot: 'every slot is taken',
  ramp: 'slots open again step by step',
  level: 'what is more urgent goes first',
  turn: 'its turn has not come',
  lane: 'an earlier one of its entity has not ended',
  handler: 'no handler of its type is registered',
  backoff: 'its last attempt failed, the next is not due',
  startAt: 'it is to begin later',
  conflict: 'a person has to decide a conflict',
  review: 'a person has to decide',
  overhang: 'its handler has not returned',
  unknown: 'nobody knows why',
};

export function breakerSaid(breaker: string): Said {
  return BREAKERS[breaker] ?? ['quiet', inWords(breaker)];
}

export function paceSaid(pace: string): Said {
  return PACES[pace] ?? ['quiet', inWords(pace)];
}

export function holdText(kind: string): string {
  return HOLDS[kind] ?? inWords(kind);
}

/** An order with the person and the reason, if given: `held down by a person: ana (maintenance)`. */
export function holdSaid({ kind, by, reason }: NonNullable<UpstreamOverview['hold']>): string {
  const why = reason === null ? '' : `(${reason})`;
  const words = [by ?? '', why].filter(Boolean).join(' ');
  return `${holdText(kind)}${words === '' ? '' : `: ${words}`}`;
}

/** The reason to wait, in words. */
export function waitText(because: string): string {
  return WAITS[because] ?? inWords(because);
}

const SHUT: ReadonlySet<string> = new Set(['open', 'halfOpen', 'forcedOpen']);

/** Whether the breaker holds calls back, as in health. */
export function isShut(breaker: string): boolean {
  return SHUT.has(breaker);
}
