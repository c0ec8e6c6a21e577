/**
 * The written strategy by which failed components are restarted (SV-2).
 *
 * @module
 */

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
