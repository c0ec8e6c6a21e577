/**
 * Texts for the words of health: a tone for each, and a text for people who have never seen it.
 *
 * @module
 */

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
