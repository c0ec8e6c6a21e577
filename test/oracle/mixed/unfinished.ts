/**
 * What has not ended, whether it waits for a person and says so, and how long the rest may take.
 *
 * @module
 */

import type { Runtime } from '../../../src/runtime.ts';
import type { DiskRow } from '../../../src/simulator/oracle/trace.ts';
import { LATENCY_MS_MAX } from './mixedServer.ts';

/** Something that has not ended. */
export interface Unfinished {
  readonly id: string;
  readonly state: string;
  /**
   * Whether it, or what is before it in its lane, waits for a person, and health says so; or for an
   * upstream that is still unwell.
   */
  readonly isExcused: boolean;
  /** What its view and health say of it. */
  readonly said: string;
}

const ASKING: ReadonlySet<string> = new Set(['conflicted', 'inReview']);
/** A crisis is repeated without end, at this pace. */
const CRISIS_EVERY_MS = 30_000;
const SLACK_MS = 60_000;
const WORK_SHARE = 1.5;

/** What waits for a decision of its own. */
export function whoAsks(rows: readonly DiskRow[]): readonly DiskRow[] {
  return rows.filter(({ state, outcome }) => outcome === null && ASKING.has(state));
}

export function unfinishedIn(
  runtime: Runtime,
  rows: readonly DiskRow[],
  isUnwell: (row: DiskRow) => boolean,
): readonly Unfinished[] {
  const open = rows.filter(({ outcome }) => outcome === null);
  if (open.length === 0) return [];
  const { overall, score, reasons, waiting } = runtime.getHealthStatus();
  const isTold = overall !== 'healthy' && waiting.conflicted + waiting.inReview > 0;
  const holding = [...open.filter(isUnwell), ...(isTold ? whoAsks(rows) : [])];
  return open.map(({ id, seq, lane, state }) => {
    const isExcused = holding.some(
      (other) => other.id === id || (lane !== null && other.lane === lane && other.seq < seq),
    );
    return {
      id,
      state,
      isExcused,
      said: `${overall} ${score}: ${reasons.join('; ')}`,
    };
  });
}

/**
 * How long what lies on disk may take to end once all is well: what is left of the longest backoff, or
 * the attempts in flight and the backoff after them; one and a half times the work, by what the
 * upstreams can do; and a minute.
 */
export function timeToEndMs(
  rows: readonly DiskRow[],
  {
    nowMs,
    attemptTimeoutMs,
    backoffMsMax,
    concurrency,
  }: {
    readonly nowMs: number;
    readonly attemptTimeoutMs: number;
    readonly backoffMsMax: number;
    readonly concurrency: number;
  },
): number {
  const open = rows.filter(({ outcome }) => outcome === null);
  const backoffMs = Math.max(
    0,
    ...open.map(({ isBackingOff, isInHand, isCrisis, dueAtMs }) => {
      const mostMs = isCrisis ? CRISIS_EVERY_MS : backoffMsMax;
      if (isInHand) return attemptTimeoutMs + mostMs;
      // The wall clock may have been set since; a wait is never longer than its policy lets it be.
      return isBackingOff ? Math.min(mostMs, Math.max(0, dueAtMs - nowMs)) : 0;
    }),
  );
  // One after the other in the longest lane, so many at once of the rest.
  const lanes = new Map<string, number>();
  for (const { lane } of open) if (lane !== null) lanes.set(lane, (lanes.get(lane) ?? 0) + 1);
  const rounds = Math.max(0, ...lanes.values()) + open.length / concurrency;
  return backoffMs + WORK_SHARE * rounds * LATENCY_MS_MAX + SLACK_MS;
}
