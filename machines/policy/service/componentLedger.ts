/**
 * The supervisor's book about components: what is down, what is being restarted, and what was
 * restarted lately, so that no component is restarted more often than its policy allows (SV-2).
 *
 * Everything here is a plain function from a ledger to the next one.
 *
 * @module
 */

import {
  COMPONENT_KINDS,
  type Component,
  componentKindOf,
  isDependentOn,
  isRestartedWith,
  RESTART_POLICIES,
  restartPlan,
} from './restartPolicy.ts';

/** A component that failed and waits for its restart. */
export interface DownComponent {
  readonly component: Component;
  readonly restartDueAtMs: number;
}

export interface ComponentLedger {
  readonly down: readonly DownComponent[];
  /** What is being restarted: the one that failed first, then its dependents; empty when nothing is. */
  readonly restarting: readonly Component[];
  /** When that restart began; meaningless when nothing is being restarted. */
  readonly restartBeganAtMs: number;
  /** The restarts that still count against an intensity. */
  readonly restarts: readonly { readonly component: Component; readonly atMs: number }[];
}

export const EMPTY_LEDGER: ComponentLedger = Object.freeze({
  down: [],
  restarting: [],
  restartBeganAtMs: 0,
  restarts: [],
});

/** The earliest instant from `atMs` on at which a restart of `component` is within its intensity. */
export function restartAllowedAtMs(
  ledger: ComponentLedger,
  component: Component,
  atMs: number,
): number {
  const { restartsMax, windowMs } = RESTART_POLICIES[componentKindOf(component)];
  const counting = ledger.restarts
    .filter((restart) => restart.component === component && atMs - restart.atMs < windowMs)
    .map((restart) => restart.atMs)
    .toSorted((a, b) => a - b);
  const blocking = counting.at(-restartsMax);
  return blocking === undefined ? atMs : blocking + windowMs;
}

/** Whether a component that failed may be restarted at once. */
export function canRestartNow(
  ledger: ComponentLedger,
  component: Component,
  atMs: number,
): boolean {
  return (
    restartAllowedAtMs(ledger, component, atMs) <= atMs &&
    !ledger.down.some((other) => isDependentOn(component, other.component))
  );
}

/** Whether it is known to be down already, so that the news of its failure is no news. */
export function isDown(ledger: ComponentLedger, component: Component): boolean {
  return ledger.down.some((down) => down.component === component);
}

/**
 * Notes that a component is down, and with it what depends on it, until its restart: due as soon
 * as it is allowed.
 */
export function withDown(
  ledger: ComponentLedger,
  component: Component,
  atMs: number,
): ComponentLedger {
  const news = restartPlan(component).filter((each) => !isDown(ledger, each));
  const down = news.map((each) => ({
    component: each,
    restartDueAtMs: restartAllowedAtMs(ledger, each, atMs),
  }));
  return { ...ledger, down: [...ledger.down, ...down] };
}

/**
 * The next component to restart at `atMs`, in the order of start-up; `null` for none. Whoever
 * depends on one that is down waits for it.
 */
export function nextToRestart(ledger: ComponentLedger, atMs: number): Component | null {
  const due = ledger.down.filter(
    ({ component, restartDueAtMs }) =>
      restartDueAtMs <= atMs && canRestartNow(ledger, component, atMs),
  );
  const order = ({ component }: DownComponent): number =>
    COMPONENT_KINDS.indexOf(componentKindOf(component));
  return due.toSorted((a, b) => order(a) - order(b))[0]?.component ?? null;
}

/** Begins the restart of a component and of what depends on it; `null` changes nothing. */
export function beginRestart(
  ledger: ComponentLedger,
  component: Component | null,
  atMs: number,
): ComponentLedger {
  if (component === null) return ledger;
  return {
    down: ledger.down.filter((down) => !isRestartedWith(down.component, component)),
    restarting: restartPlan(component),
    restartBeganAtMs: atMs,
    restarts: [...stillCounting(ledger, atMs), { component, atMs }],
  };
}

/** The restart went well. */
export function endRestart(ledger: ComponentLedger): ComponentLedger {
  return { ...ledger, restarting: [] };
}

/** The restart failed: the component and its dependents are down again and are tried later. */
export function failRestart(ledger: ComponentLedger): ComponentLedger {
  const [component] = ledger.restarting;
  if (component === undefined) return ledger;
  const { retryAfterMs } = RESTART_POLICIES[componentKindOf(component)];
  return withDown(endRestart(ledger), component, ledger.restartBeganAtMs + retryAfterMs);
}

/** Sets the due times anew when nothing could be restarted: no sooner than the intensity allows. */
export function reviewRestarts(ledger: ComponentLedger, atMs: number): ComponentLedger {
  const down = ledger.down.map(({ component, restartDueAtMs }) => ({
    component,
    restartDueAtMs: Math.max(restartDueAtMs, restartAllowedAtMs(ledger, component, atMs)),
  }));
  return { ...ledger, down };
}

/** When the next restart is due; `null` when none is, or one is going on. */
export function nextRestartDueAtMs(ledger: ComponentLedger): number | null {
  const waiting = ledger.down.filter(
    ({ component }) => !ledger.down.some((other) => isDependentOn(component, other.component)),
  );
  if (waiting.length === 0 || ledger.restarting.length > 0) return null;
  return Math.min(...waiting.map((down) => down.restartDueAtMs));
}

function stillCounting(ledger: ComponentLedger, atMs: number): ComponentLedger['restarts'] {
  return ledger.restarts.filter((restart) => {
    const { windowMs } = RESTART_POLICIES[componentKindOf(restart.component)];
    return atMs - restart.atMs < windowMs;
  });
}
