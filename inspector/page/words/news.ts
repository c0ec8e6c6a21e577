/**
 * A whole outage as one piece of news. Any other news come with the sentence of their fact.
 *
 * @module
 */

import type { News } from '../../protocol.ts';
import { inWords } from './health.ts';

const MACHINES: Readonly<Record<string, string>> = {
  syncOperation: 'operation',
  circuitBreaker: 'breaker',
  storageHealth: 'storage',
};

/** `operation` for `syncOperation`. */
export function machineText(machine: string): string {
  return MACHINES[machine] ?? inWords(machine);
}

/** `delivery · backing off` for `delivery.backingOff`. */
export function stateText(path: string): string {
  return path.split('.').map(inWords).join(' · ');
}

/** `backing off`; several regions have their names: `intake: open, pace: steady`. */
export function statesText(states: readonly string[]): string {
  if (states.length === 1) return stateText(states[0] ?? '');
  return states.map((path) => stateText(path).replace(' · ', ': ')).join(', ');
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `340 ms`, `4.2 s`, `42 s`, `3 min 20 s`, `2 d 4 h`. */
export function spanText(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < 999.5) return `${Math.round(rest)} ms`;
  if (rest < 9_950) return `${(rest / 1_000).toFixed(1)} s`;
  return agoText(rest);
}

/** A span in whole seconds, so that it does not flicker: `0 s`, `42 s`, `3 min 20 s`, `2 d 4 h`. */
export function agoText(ms: number): string {
  const seconds = Math.round(Math.max(0, ms) / 1_000) * 1_000;
  const first = UNITS.findIndex(([, unitMs]) => seconds >= unitMs);
  const largest = UNITS[first];
  if (largest === undefined) return '0 s';
  const [name, unitMs] = largest;
  const whole = `${Math.floor(seconds / unitMs)} ${name}`;
  const next = UNITS[first + 1];
  const left = next === undefined ? 0 : Math.floor((seconds % unitMs) / next[1]);
  return next === undefined || left === 0 ? whole : `${whole} ${left} ${next[0]}`;
}

/** A span in its largest unit, for a column of ages: `42 s`, `3 min`, `2 d`. */
export function roughText(ms: number): string {
  return agoText(ms).split(' ').slice(0, 2).join(' ');
}

/** `03:12:45`, in the time zone of the browser. */
export function clockText(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}

/** `03:12:45.120`. */
export function preciseText(atMs: number): string {
  return `${clockText(atMs)}.${String(new Date(atMs).getMilliseconds()).padStart(3, '0')}`;
}

/** `03:12` today, `26 Nov 03:12` on another day. */
export function sinceText(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs), new Date(nowMs)];
  const time = clockText(atMs).slice(0, 5);
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getDate()} ${MONTHS[at.getMonth()]} ${time}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** `1 conflict`, `1,234 conflicts`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** `3.5 %`, `12 %`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent < 10 && percent > 0 ? percent.toFixed(1) : Math.round(percent)} %`;
}

export type NewsLine = Pick<News, 'tone' | 'text'>;

/** One outage, from the trip on, with all its probes. */
export interface Outage {
  /** `null` where its beginning is not remembered. */
  readonly sinceAtMs: number | null;
  readonly probesFailed: number;
  readonly lastFailedAtMs: number | null;
}

/** An outage in one line; `null` where only one of its changes is known, which says it itself. */
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
