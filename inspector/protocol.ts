/**
 * The messages of an inspector (OB-1), from the feed of a running process over the local server to the page. This
 * list is all that can ever leave: names of charts, states and events, times, counts and reasons; never
 * context, input, output, a payload, a subject or an entity (AC-2, SE-5).
 *
 * Times are milliseconds since the epoch, by the wall clock of the process that is watched.
 *
 * @module
 */

/** Raised when a message changes its meaning; a page and a process with different numbers refuse each other. */
export const INSPECTOR_PROTOCOL = 1;

/** What is shown of an operation: nothing that says whose it is or what it holds. */
export interface AboutWork {
  /** The type of its request. */
  readonly type: string;
  readonly upstream: string | null;
  readonly tier: string;
  readonly priority: string;
  /** When it was accepted; `null` where its chart does not say. */
  readonly acceptedAtMs: number | null;
}

/** One live actor of a chart. */
export interface WatchedActor {
  /** The number of the actor in its process; an actor that is started again under the same id has another. */
  readonly actor: number;
  /** The id of an operation, `breaker:payments`, `degradation:global`, `supervisor`. */
  readonly id: string;
  /** Id and version of its chart. */
  readonly machine: string;
  readonly version: string | null;
  /** The innermost active states, as paths, one for each region: `['delivery.waiting', 'record.kept']`. */
  readonly states: readonly string[];
  /** When it entered these states; `null` where that was before anybody watched. */
  readonly sinceAtMs: number | null;
  /** `null` for a component. */
  readonly about: AboutWork | null;
}

/**
 * Steps and news of one ring are remembered together: ordinary work, thousands of steps a second, drives out
 * nothing about components or crises.
 */
export const RINGS = ['component', 'crisis', 'operation'] as const;
export type RingName = (typeof RINGS)[number];

/** The ring for changes of state in actors of a chart; events that change no state of a component go with operations. */
export function ringOf(machine: string): RingName {
  if (machine === 'crisis') return 'crisis';
  return machine === 'syncOperation' || machine === 'conflict' ? 'operation' : 'component';
}

/** The ring for news of a kind. */
export function ringOfNews(kind: string): RingName {
  if (kind.startsWith('crisis')) return 'crisis';
  return /^(operation|attempt|handler|conflict)\./.test(kind) ? 'operation' : 'component';
}

/** One event taken by one actor. */
export interface Step {
  /**
   * Counts steps of the process from 1 without gaps: a gap says how many this viewer did not get, since it is behind,
   * since nobody could read so many (see {@link FeedSource.watch}), or since they are no longer remembered.
   */
  readonly serial: number;
  /** The ring of the step, and its number there, counted from 1 without gaps, too. */
  readonly ring: RingName;
  readonly nth: number;
  readonly actor: number;
  readonly atMs: number;
  /** The type of the event, and nothing that it carried. */
  readonly event: string;
  /** The innermost active states before and after; equal where the actor stays. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The transitions taken, in order, by their index in the chart's list (`ChartModel.transitions`). */
  readonly transitions: readonly number[];
}

/** Something that happened: a fact, cut to what is listed for its kind. */
export interface News {
  /** Counts news of the process from 1. */
  readonly serial: number;
  readonly atMs: number;
  /** The kind of the fact: `operation.parked`, `breaker.changed`. */
  readonly kind: string;
  /** The id of the actor it is about; `null` for none. */
  readonly id: string | null;
  /** Why, in the words of the fact: `breaker`, `HF_UPSTREAM_REFUSED`, `errorRate`; `null` for none. */
  readonly reason: string | null;
  /** The sentence, made of the listed fields, and its mark. */
  readonly text: string;
  readonly tone: 'good' | 'busy' | 'warn' | 'bad' | 'quiet';
  /** The other listed fields. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** Work that waits at one upstream, of one urgency, in memory and on disk: as health counts it. */
export interface QueueRow {
  /** `null` for work of a type that goes to no upstream now. */
  readonly upstream: string | null;
  /** `null` for crises. */
  readonly tier: string | null;
  readonly priority: string;
  /** How many wait for their turn, or for the time after a failed attempt. */
  readonly turn: number;
  /** How many wait behind others of their entity. */
  readonly inLane: number;
  /** When the first of those in `turn` was accepted; `null` where there is none. */
  readonly oldestAtMs: number | null;
  /** Why the next of them does not run now; `null` where it does. */
  readonly because: string | null;
  /** When that reason ends by itself; `null` where nobody knows. */
  readonly untilAtMs: number | null;
}

/** One upstream as it is at this moment. */
export interface UpstreamOverview {
  readonly name: string;
  /** State of its breaker; `untried` where it would let a call try the upstream, and no work waits for it. */
  readonly breaker: string;
  readonly level: string;
  readonly causes: readonly string[];
  readonly inFlight: number;
  readonly overhanging: number;
  readonly downSinceAtMs: number | null;
  readonly nextTryAtMs: number | null;
  /** Why new work would have to wait; `null` where it would not. */
  readonly waits: string | null;
  /** The order of a person that is in force: its kind, since when, who gave it and why, in their words. */
  readonly hold: {
    readonly kind: string;
    readonly sinceAtMs: number;
    readonly by: string | null;
    readonly reason: string | null;
  } | null;
  readonly pace: string;
  readonly slots: number;
  readonly slotsMax: number;
  readonly timeoutMs: number;
  readonly ratePerSecond: number | null;
  readonly usualFailureShare: number;
  /** How long it took to notice that the upstream was back. */
  readonly recoveries: {
    readonly times: number;
    readonly meanMs: number;
    readonly longestMs: number;
  };
}

/** Crises that are not delivered at one upstream. */
export interface UndeliveredOverview {
  /** `null` for crises of a type without a handler. */
  readonly upstream: string | null;
  readonly count: number;
  /** Attempts to deliver them that have failed. */
  readonly failed: number;
  /** When the oldest of them was accepted. */
  readonly sinceAtMs: number;
  /** The upstream has taken no crisis since then, so nothing may show it as well. */
  readonly isTakingNone: boolean;
  /** One of them has escalated, or is undelivered for five minutes. */
  readonly isLong: boolean;
  /** Where and why, as health says it, without the time. */
  readonly says: string;
}

/** A finding of health. */
export interface FindingShown {
  readonly id: string;
  readonly tone: 'bad' | 'warn';
  /** The upstream it is about; `null` for none. */
  readonly upstream: string | null;
  readonly sinceAtMs: number | null;
  /** When something is tried next. */
  readonly nextAtMs: number | null;
  /** The sentence of health, without the times. */
  readonly text: string;
}

/** How long callers of one tier, or of crises, waited, and how long they may. */
export interface AnswerTimes {
  /** `crisis`, or a tier. */
  readonly of: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly deadlineMs: number;
}

/** The system at a glance. */
export interface Overview {
  readonly atMs: number;
  readonly overall: string;
  readonly score: number;
  readonly findings: readonly FindingShown[];
  readonly crisisCapability: string;
  readonly phase: string;
  readonly level: string;
  readonly causes: readonly string[];
  readonly storage: { readonly state: string; readonly sinceAtMs: number | null };
  readonly isHeld: boolean;
  readonly upstreams: readonly UpstreamOverview[];
  readonly queue: readonly QueueRow[];
  /** Counts by name: accepted, completed, …; then of waiting work and of crises. */
  readonly operations: Readonly<Record<string, number>>;
  readonly waiting: Readonly<Record<string, number>>;
  readonly crises: Readonly<Record<string, number>>;
  /** Where crises are not delivered, the longest first. */
  readonly undelivered: readonly UndeliveredOverview[];
  readonly conflicts: { readonly count: number; readonly held: number; readonly atWork: number };
  readonly answers: readonly AnswerTimes[];
  readonly eventLoop: { readonly delayMs: number; readonly longestMs: number };
}

/** The first message of a watched process; a second one says that another process has taken over. */
export interface Hello {
  readonly kind: 'hello';
  readonly protocol: number;
  /** The version of holdfast that runs there. */
  readonly holdfast: string;
  /** The name of the runtime, from its option `name`. */
  readonly name: string;
  readonly startedAtMs: number;
  /** The time by the clock of that process, so that a viewer can correct for its own. */
  readonly nowMs: number;
  /** The charts of its actors. */
  readonly charts: readonly {
    readonly machine: string;
    readonly version: string | null;
    /** The text of `chartShape`: a page of another shape can't draw its actors. */
    readonly shape: string;
  }[];
}

/** A note of the command that shows the page, as the story of the demo. Processes send none. */
export interface Note {
  /** Counts notes from 1; a note may come again after a new beginning. */
  readonly serial: number;
  readonly atMs: number;
  readonly tone: 'plain' | 'good' | 'bad';
  readonly text: string;
}

export type FeedMessage =
  | Hello
  /** Live actors. `isAll` begins a new list of all, which the messages after it continue. */
  | { readonly kind: 'actors'; readonly actors: readonly WatchedActor[]; readonly isAll: boolean }
  /** Actors that have ended, by number. */
  | { readonly kind: 'ended'; readonly actors: readonly number[]; readonly atMs: number }
  | { readonly kind: 'steps'; readonly steps: readonly Step[] }
  | { readonly kind: 'news'; readonly news: readonly News[] }
  /** Comes about once a second. */
  | { readonly kind: 'overview'; readonly overview: Overview }
  /** Past overviews, the oldest first: one each minute, and one at each change of the verdict (`minutes.ts`). */
  | { readonly kind: 'minutes'; readonly minutes: readonly Overview[] }
  | { readonly kind: 'notes'; readonly notes: readonly Note[] }
  /** Nobody runs the store now, or the process can't be reached; another `hello` follows once somebody does. */
  | { readonly kind: 'away'; readonly reason: string; readonly atMs: number };

/** The source of a feed: the runtime of this process, or the owner of a store over its socket. */
export interface FeedSource {
  /**
   * Begins to watch. The listener is called with messages in batches, at most every 50 ms; the first one begins with
   * `hello`, all actors, and the steps, news and minutes that are remembered. An exception of it ends the watch. Nothing
   * is collected while nobody watches.
   *
   * A batch is bounded: beyond 5 steps for each millisecond since the last one (250 at least, 1,000
   * at most) it has all steps of components and crises, the first 100 of operations, and the last one of each other live
   * operation; beyond 50
   * actors that began, only live ones. So the state of each live actor is right, and a process that
   * takes up to 5,000 steps a second is shown in full.
   */
  readonly watch: (listener: (messages: readonly FeedMessage[]) => void) => () => void;
  /** Makes a management call of the registry; rejects if that does. */
  readonly call: (name: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>;
}

/** The answer to a page that has a session. */
export interface SessionInfo {
  readonly session: string;
  /** Whether orders are accepted: the server was started with `--operate`. */
  readonly canOperate: boolean;
  readonly protocol: number;
}

/** The answer of `POST /call`. */
export type CallAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

/** The views of the page, as its addresses have them: `#/crises/ID`; the first is the overview. */
export const VIEW_NAMES = [
  '',
  'actors',
  'crises',
  'waiting',
  'conflicts',
  'dead-letters',
  'quarantine',
  'charts',
] as const;
