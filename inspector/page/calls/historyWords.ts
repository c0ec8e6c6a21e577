/**
 * The history of an operation, and what it waits for, in sentences.
 *
 * @module
 */

import type { CallAnswer } from '../../protocol.ts';
import { NO_ANSWER } from '../model/feedClient.ts';
import { spanText } from '../words/news.ts';
import type { CrisisSeen, HistoryLine, OperationSeen } from './calls.ts';

const WHAT: Readonly<Record<string, (line: HistoryLine) => string>> = {
  failed: ({ attempt }) => `Attempt ${attempt} failed`,
  crashed: ({ attempt }) => `The process died while attempt ${attempt} ran`,
  interrupted: ({ attempt }) => `The process was stopped while attempt ${attempt} ran`,
  merged: () => 'Two versions of its record were merged',
  retryRequested: () => 'A person asked for another attempt',
  replayRequested: () => 'A person brought it back from the dead letters',
  editedReplayRequested: () => 'A person brought it back with another payload',
  calledOff: () => 'A person cancelled it',
};

const CLASSES: Readonly<Record<string, string>> = {
  transient: 'it may succeed later',
  permanent: 'it would fail again',
  conflict: 'the upstream holds another version',
  unknownOutcome: 'nobody knows whether the upstream has acted',
};

/** `Attempt 2 failed after 1.2 s: HF_ATTEMPT_TIMED_OUT, nobody knows whether the upstream has acted.` */
export function historySentence(line: HistoryLine): string {
  const { what, startedAtMs, atMs, code, failureClass } = line;
  const happened = WHAT[what]?.(line) ?? `${what}, attempt ${line.attempt}`;
  const took = startedAtMs === undefined ? '' : ` after ${spanText(atMs - startedAtMs)}`;
  const meant = failureClass === undefined ? undefined : (CLASSES[failureClass] ?? failureClass);
  const why = [code, meant].filter((part) => typeof part === 'string').join(', ');
  return `${happened}${took}${why === '' ? '' : `: ${why}`}.`;
}

/** The wait before each line, and the duration of its attempt: for bars beside the sentences. */
export function historySpans(
  history: readonly HistoryLine[],
  acceptedAtMs: number,
): readonly { readonly waitedMs: number; readonly tookMs: number | null }[] {
  return history.map(({ atMs, startedAtMs }, at) => {
    const since = history[at - 1]?.atMs ?? acceptedAtMs;
    return {
      waitedMs: Math.max(0, (startedAtMs ?? atMs) - since),
      tookMs: startedAtMs === undefined ? null : Math.max(0, atMs - startedAtMs),
    };
  });
}

const WAITS: Readonly<Record<string, string>> = {
  lane: 'those before it in its lane',
  handler: 'a handler of its type',
  backoff: 'the time after a failed attempt',
  rate: 'a token of its rate',
  startAt: 'the instant from which it may begin',
  conflict: 'somebody to decide a conflict',
  review: 'somebody to say whether it may be done again',
  overhang: 'its handler, which does not return',
  start: 'the process to be ready',
  stopping: 'another process: this one stops',
  storage: 'the disk',
  suspect: 'one that runs alone',
  operator: 'a person who holds the breaker open',
  breaker: 'its upstream, which is down',
  probe: 'a probe of its upstream',
  type: 'its type, which fails while others succeed',
  subject: 'its subject, whose calls fail while others succeed',
  slot: 'a free slot',
  ramp: 'slots that open again one by one',
  level: 'slots that are kept for what is more urgent',
};

/** `for a free slot`; an unknown reason stays as it is. */
export function waitInWords(reason: string): string {
  return WAITS[reason] ?? reason;
}

/** `Waits for a free slot for 12 s, until 03:12:45.`; `null` where it does not wait. */
export function waitSentence(
  { wait }: Pick<OperationSeen, 'wait'>,
  nowMs: number,
  clock: (atMs: number) => string,
): string | null {
  if (wait === null) return null;
  const until = wait.untilAtMs === null ? '' : `, until ${clock(wait.untilAtMs)}`;
  const since = spanText(Math.max(0, nowMs - wait.sinceAtMs));
  return `Has waited ${since} for ${waitInWords(wait.reason)}${until}.`;
}

const OUTCOMES: Readonly<Record<string, string>> = {
  called: 'is being told',
  told: 'was told',
  notHeard: 'could not be told',
  maybeHeard: 'did not answer in time, and may know',
  refused: 'refuses to be told',
};

/** `Step 1 (on-call) was told.` */
export function toldSentence(
  { name, outcome, calls, owedAtMs }: CrisisSeen['steps'][number],
  at: number,
): string {
  const how = OUTCOMES[outcome ?? 'called'] ?? outcome;
  const after = calls > 1 ? `, after ${calls} calls` : '';
  return `Step ${at + 1} (${name}) ${how}${after}${owedAtMs === null ? '' : '; it is called again'}.`;
}

type CallError = Extract<CallAnswer, { readonly ok: false }>['error'];

/** The message of the call with its code, by which it can be looked up; errors of the page itself have no code. */
export function errorInWords({ code, message }: CallError): string {
  if (message === '') return `It was not done: ${code}.`;
  return code.startsWith('HF_') ? `${message} (${code})` : message;
}

/** Why an order failed, or that nobody knows whether it did. */
export function orderErrorInWords(error: CallError): string {
  const said = errorInWords(error);
  if (error.code !== NO_ANSWER) return said;
  return `${said} It may have been carried out all the same: check before you repeat it.`;
}
