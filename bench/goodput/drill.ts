/**
 * What a drill is: the requests, the server they go to, and what that server could do at best.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Priority, Tier } from '../../machines/vocabulary/urgency.ts';

/** One request of a drill. */
export interface Job {
  /** From 0, in order of arrival. */
  readonly index: number;
  /** Its idempotency key. */
  readonly key: string;
  /** When it is handed in, in milliseconds since the start; 0 for what is queued when the drill starts. */
  readonly atMs: number;
  readonly type: string;
  readonly subject: string;
  /** Operations of one lane are done one after the other, where a system has lanes. */
  readonly lane: string | null;
  readonly tier: Tier;
  readonly priority: Priority;
}

/** A time in which the server answers nothing, in milliseconds since the start. */
export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Why a call ended as it did. */
export type Why =
  | 'ok'
  /** Its key was applied by a call before. */
  | 'repeated'
  /** The drill's own share of faults: nobody can avoid it. */
  | 'random'
  /** As `random`: never answered. */
  | 'stalled'
  | 'outage'
  | 'overload'
  /** Over the server's rate limit. */
  | 'rate'
  /** The caller gave it up before the answer came. */
  | 'slow'
  /** A request that always fails. */
  | 'poison';

/** What the server wrote down of one call. */
export interface CallRecord {
  readonly key: string;
  readonly attempt: number;
  /** Since the start of the drill, in milliseconds. */
  readonly beganAtMs: number;
  endedAtMs: number | null;
  why: Why;
  /** Whether the work was done, whatever the answer. */
  isApplied: boolean;
}

/** What comes back: an answer, a refused connection (nothing was sent), or a lost one. */
export type Answer =
  | { readonly status: number; readonly retryAfterMs?: number | undefined }
  | 'refused'
  | 'reset';

export interface Call {
  readonly key: string;
  readonly type: string;
  readonly subject: string;
  readonly tier: Tier;
  readonly priority: Priority;
  /** From 1. */
  readonly attempt: number;
}

/** The server of a drill, free of HTTP, on virtual and on real time alike. */
export interface DrillServer {
  /** Every call, in the order in which they began. */
  readonly calls: readonly CallRecord[];
  /** Rejects with the reason of `signal` where that is aborted first. */
  call(call: Call, signal: AbortSignal): Promise<Answer>;
}

export interface Drill {
  readonly name: string;
  /** One line. */
  readonly what: string;
  /** Why a figure of it stays under its bar, where one does. */
  readonly under: string | undefined;
  /** Printed before its table. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** Calls that each system may have in flight at most. */
  readonly concurrency: number;
  /** In order of arrival. */
  jobs(seed: number): readonly Job[];
  server(seed: number, clock: Clock): DrillServer;
  /** Requests that the server could have completed since the start: never falls. */
  couldDoBy(atMs: number): number;
  readonly outages: readonly Outage[];
  /** Calls that the server completes in a second when well. */
  readonly perSecond: number;
  /** A request with this key fails always, whatever anybody does. */
  isPoison(job: Job): boolean;
  /** Milliseconds after which a run is stopped as it stands. */
  readonly capMs: number;
  /** Whether it is one of those that are run over real HTTP as well. */
  readonly isOnLoopback: boolean;
}
