/**
 * Texts about upstreams and the work that waits for them.
 *
 * @module
 */

import type { UpstreamOverview } from '../../protocol.ts';
import { inWords, type Said } from './health.ts';

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
