/**
 * What may be seen of a running system from outside: an allow-list, never context or payload (AC-2,
 * SE-5).
 *
 * @module
 */

import type { AnyActorRef, InspectionEvent } from 'xstate';

/** One transition of one actor. */
export interface InspectionFrame {
  /** The actor's id: an operation's id, `breaker:payments`, `degradation:global`, `supervisor`. */
  readonly actor: string;
  /** The id of its chart. */
  readonly machine: string;
  /** State before, as a path; `null` when the actor starts. */
  readonly from: string | null;
  /** State after, as a path. */
  readonly to: string;
  /** The type of the event, without what it carried. */
  readonly event: string;
}

export type InspectionObserver = (frame: InspectionFrame) => void;

/**
 * Turns XState's inspection events into frames. What the observer throws stops here: XState would
 * let it break the actor that is being watched.
 */
export function projectInspection(
  observe: InspectionObserver,
  onError: (error: unknown) => void,
): (event: InspectionEvent) => void {
  const states = new WeakMap<object, string>();
  return (inspected) => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { actorRef, snapshot, event } = inspected;
    const { machine, value } = snapshot as {
      readonly machine?: { readonly id: string };
      readonly value?: unknown;
    };
    // Invoked functions are actors too, but have no chart.
    if (machine === undefined) return;
    const to = pathOf(value);
    const from = states.get(actorRef) ?? null;
    if (from === to) return;
    states.set(actorRef, to);
    try {
      observe({
        actor: (actorRef as AnyActorRef).id,
        machine: machine.id,
        from,
        to,
        event: event.type,
      });
    } catch (error) {
      onError(error);
    }
  };
}

/** `running.healthy` for `{ running: 'healthy' }`; regions of a parallel state are joined by `|`. */
function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([state, inner]) => `${state}.${pathOf(inner)}`)
    .join('|');
}
