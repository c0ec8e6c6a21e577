/**
 * A whole outage as one piece of news. Any other news come with the sentence of their fact.
 *
 * @module
 */

import type { News } from '../../protocol.ts';
import { clockText, countOf } from './time.ts';

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
