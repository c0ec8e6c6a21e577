/**
 * The one judge of the promises: it is told a trace, event by event, and names each promise that was
 * broken. Drivers only tell; what is right and wrong stands in `promises/`, a file for each promise.
 *
 * @module
 */

import { givenKey } from '../support/harness/sentKeys.ts';
import type { Clause, Watch } from './clause.ts';
import type { Driver } from './drivers.ts';
import { Known } from './known.ts';
import { acceptance } from './promises/acceptance.ts';
import { attempts } from './promises/attempts.ts';
import { crises } from './promises/crises.ts';
import { endings } from './promises/endings.ts';
import { lanes } from './promises/lanes.ts';
import { once } from './promises/once.ts';
import { progress } from './promises/progress.ts';
import { soundness } from './promises/soundness.ts';
import { waits } from './promises/waits.ts';
import type { Sight, TraceEvent } from './trace.ts';

/** Every promise. A new one is a file of `promises/` and its name here. */
export const CLAUSES: readonly Clause[] = [
  acceptance,
  once,
  lanes,
  endings,
  attempts,
  waits,
  crises,
  progress,
  soundness,
].flat();

/** The endings that a request may come to; `null` where nothing is laid down. */
export type Expected = (key: string) => readonly string[] | null;

export class Oracle {
  readonly known: Known;
  readonly #watches: readonly Watch[];
  readonly #breaches = new Set<string>();

  constructor(driver: Driver, expected: Expected = () => null) {
    this.known = new Known(expected);
    this.#watches = CLAUSES.filter((clause) => isJudged(clause, driver)).map((clause) =>
      clause.watch(this.known, (detail) => {
        this.#breaches.add(`${clause.breach}: ${detail}`);
      }),
    );
  }

  tell(told: TraceEvent): void {
    const event = underGivenKey(told);
    for (const watch of this.#watches) {
      const see = watch[event.event] as ((event: TraceEvent) => void) | undefined;
      see?.(event);
      if (event.event === 'disk' || event.event === 'finished') watch.atRest?.(event.rows);
    }
    this.known.note(event);
  }

  /** Every breach so far, as `what: details`; an empty list means that every promise was kept. */
  get breaches(): readonly string[] {
    return [...this.#breaches];
  }
}

/** What the upstream tells is of the keys that it gets; callers are told of those that they gave. */
function underGivenKey(event: TraceEvent): TraceEvent {
  switch (event.event) {
    case 'attempted':
    case 'applied':
    case 'bodyChanged':
      return { ...event, key: givenKey(event.key) };
    default:
      return event;
  }
}

/** Whether a driver sees all that the clause needs. */
export function isJudged({ needs = [] }: Clause, { blind }: Driver): boolean {
  return needs.every((sight: Sight) => blind[sight] === undefined);
}

/** What a list of events breaks. */
export function judge(
  driver: Driver,
  events: Iterable<TraceEvent>,
  expected?: Expected,
): readonly string[] {
  const oracle = new Oracle(driver, expected);
  for (const event of events) oracle.tell(event);
  return oracle.breaches;
}
