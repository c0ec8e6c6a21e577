/**
 * The written strategy by which failed components are restarted (SV-2).
 *
 * @module
 */

import { type ErrorCode, toPlainError } from '../../vocabulary/errors.ts';
import type { MayRun, WaitCause } from '../../vocabulary/standing.ts';

/** The parts that the supervisor restarts, in the order in which they are started. */
export const COMPONENT_KINDS = [
  'writer',
  'storageHealth',
  'breaker',
  'degradation',
  'scheduler',
  'crisisMode',
  'operations',
] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** Kinds of component that exist once. */
type SingleComponent = 'writer' | 'storageHealth' | 'operations';

/** A component as it is called everywhere: `writer`, `breaker:payments`, `degradation:global`. */
export type Component = SingleComponent | `${Exclude<ComponentKind, SingleComponent>}:${string}`;

export interface RestartPolicy {
  /** Restart only what failed, or also what cannot go on as it was without it. */
  readonly strategy: 'onlyIt' | 'withDependents';
  /** What is restarted along with it, in this order. Empty for `onlyIt`. */
  readonly dependents: readonly SingleComponent[];
  /** No more restarts of one component than this within `windowMs`. */
  readonly restartsMax: number;
  readonly windowMs: number;
  /** After a restart that failed, the next one comes no sooner than this. */
  readonly retryAfterMs: number;
}

export const RESTART_POLICIES: Readonly<Record<ComponentKind, RestartPolicy>> = {
  // The store is opened again. What was in flight has to be read back from it.
  writer: {
    strategy: 'withDependents',
    dependents: ['operations'],
    restartsMax: 5,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  // The new one learns again what the old one knew of trouble.
  storageHealth: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  // A breaker depends on nothing else.
  breaker: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  degradation: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  // Slots, rate and timeout are the flow meter's, which goes on.
  scheduler: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  // It goes on as it was.
  crisisMode: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 1_000,
  },
  // Every operation is on disk and is read back from there.
  operations: {
    strategy: 'onlyIt',
    dependents: [],
    restartsMax: 3,
    windowMs: 60_000,
    retryAfterMs: 5_000,
  },
};

/** The kind of a component. */
export function componentKindOf(component: Component): ComponentKind {
  return COMPONENT_KINDS.find((kind) => component.split(':', 1)[0] === kind) ?? 'operations';
}

/** What is restarted together when `component` failed: itself first, then what depends on it. */
export function restartPlan(component: Component): readonly Component[] {
  return [component, ...RESTART_POLICIES[componentKindOf(component)].dependents];
}

/** Whether a restart of `failed` restarts `component` too, or is the restart of it. */
export function isRestartedWith(component: Component, failed: Component): boolean {
  return component === failed || isDependentOn(component, failed);
}

/** Whether `component` cannot go on as it was without `other`. */
export function isDependentOn(component: Component, other: Component): boolean {
  return RESTART_POLICIES[componentKindOf(other)].dependents.some((each) => each === component);
}

// When a start that failed is tried again (SV-6): by itself where the cause may pass, as when the
// owner of the store ends or the disk has room again; else when somebody asks for it.

const DELAY_MS_MIN = 250;
/** A store that its owner gives back is taken over within this time. */
const DELAY_MS_MAX = 5_000;

/** A start that failed, and what becomes of it. */
export interface FailedStart {
  readonly code: ErrorCode;
  /** Whether the cause may pass without anybody changing the program or its options. */
  readonly mayPass: boolean;
  /** How many failed one after the other, this one included. */
  readonly inARow: number;
  /** False where the one before failed in the same way. */
  readonly isNews: boolean;
  /** When it is tried again; `null` while that is not decided, and where it is tried on demand only. */
  readonly dueAtMs: number | null;
}

export function noteFailedStart(before: FailedStart | null, error: unknown): FailedStart {
  const { code, retry } = toPlainError(error);
  return {
    code,
    mayPass: retry !== 'never',
    inARow: (before?.inARow ?? 0) + 1,
    isNews: before?.code !== code,
    dueAtMs: null,
  };
}

/** Longer and longer waits, up to a few seconds: a look costs little, and nothing runs before it. */
export function planStart(failed: FailedStart, atMs: number): FailedStart {
  const delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.min(failed.inARow - 1, 10));
  return { ...failed, dueAtMs: atMs + delayMs };
}

/** Why work does not go on: what is said to stand against it, or `unknown` where nothing is. */
export type StuckReason = WaitCause | 'unknown';

/** What others tell a person of, or a person has ordered. */
const TOLD_ELSEWHERE: ReadonlySet<WaitCause> = new Set([
  'start',
  'stopping',
  'storage',
  'operator',
]);

/**
 * Why work is stuck that is due at an upstream where nothing has begun for as long as the watchdog waits;
 * `null` where that is explained: somebody knows already, it ends by itself at a known time, or calls
 * are under way that hold the slots and will end.
 *
 * @param answer what the upstream says to the most urgent that waits
 * @param running calls that are under way there; for `suspect`, those of the one that runs alone
 * @param nowMs by the clock of `answer`
 */
export function stuckReason(answer: MayRun, running: number, nowMs: number): StuckReason | null {
  if (answer.may) return 'unknown';
  const { because, untilAtMs } = answer;
  const passes = running > 0 || (untilAtMs !== null && untilAtMs > nowMs);
  return passes || TOLD_ELSEWHERE.has(because) ? null : because;
}
