/**
 * What the option `inspect` shows an app of its own charts: frames, made of the same steps that an
 * inspector is told.
 *
 * @module
 */

import { guardLabel } from '../charts/transitions.ts';
import { type StateShown, statePaths } from './chartNames.ts';
import type { TapObserver } from './projection.ts';

/** One transition of one actor. */
export interface InspectionFrame {
  /** The actor's id: an operation's id, `breaker:payments`, `degradation:global`, `supervisor`. */
  readonly actor: string;
  /** The id of its chart. */
  readonly machine: string;
  /** The version of its chart; `null` for none. */
  readonly version: string | null;
  /** State before, as a path, regions joined by `|`; `null` when the actor starts. */
  readonly from: string | null;
  /** State after, as a path. */
  readonly to: string;
  /** The type of the event, without what it carried. */
  readonly event: string;
  /** The guard that let it through, in words; of several transitions the first one that has any. `null` for none. */
  readonly guard: string | null;
  /** When, in milliseconds since the epoch, by the wall clock. */
  readonly atMs: number;
}

export type InspectionObserver = (frame: InspectionFrame) => void;

/** Shows the observer each actor that starts, and each change of its state. */
export function projectInspection(observe: InspectionObserver, now: () => number): TapObserver {
  return {
    began: (shown) => {
      const { id, machine, value } = shown();
      observe({
        ...{ actor: id, machine: machine.id, version: machine.version ?? null },
        ...{ from: null, to: pathOf(value), event: 'xstate.init', guard: null, atMs: now() },
      });
    },
    stepped: ({ id, machine, event, from, to, transitions }) => {
      // Where it starts is told when it does.
      if (from === null) return;
      const [before, after] = [pathOf(from), pathOf(to)];
      if (before === after) return;
      const guard = transitions.find((one) => one.guard !== undefined)?.guard;
      observe({
        ...{ actor: id, machine: machine.id, version: machine.version ?? null },
        ...{ from: before, to: after, event, atMs: now() },
        guard: guard === undefined ? null : guardLabel(guard),
      });
    },
    ended: () => undefined,
  };
}

/** `running.healthy` for `{ running: 'healthy' }`; regions of a parallel state are joined by `|`. */
function pathOf(value: StateShown): string {
  return statePaths(value).join('|');
}
