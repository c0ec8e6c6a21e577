/**
 * The one judge of the promises: it receives a trace, event by event, and names each broken promise (SM-2). Drivers
 * only report; each file of `promises/` says what is right for one promise.
 *
 * @module
 */

import type { Clause, Driver, Watch } from '../oracle/clause.ts';
import { Known } from '../oracle/known.ts';
import { givenKey } from '../oracle/sentKeys.ts';
import type { Sight, TraceEvent } from '../oracle/trace.ts';
import { acceptance } from './acceptance.ts';
import { attempts } from './attempts.ts';
import { audit } from './audit.ts';
import { calls } from './calls.ts';
import { clients } from './clients.ts';
import { crises } from './crises.ts';
import { endings } from './endings.ts';
import { fairness } from './fairness.ts';
import { honesty } from './honesty.ts';
import { lanes } from './lanes.ts';
import { once } from './once.ts';
import { orders } from './orders.ts';
import { otherHand } from './otherHand.ts';
import { progress } from './progress.ts';
import { reasons } from './reasons.ts';
import { requests } from './requests.ts';
import { restores } from './restores.ts';
import { soundness } from './soundness.ts';
import { waits } from './waits.ts';

/** Every promise. A new one is a file of `promises/`, named here. */
export const CLAUSES: readonly Clause[] = [
  acceptance,
  once,
  lanes,
  endings,
  attempts,
  waits,
  crises,
  orders,
  audit,
  clients,
  calls,
  progress,
  requests,
  restores,
  soundness,
  honesty,
  reasons,
  fairness,
  otherHand,
].flat();

/** Names the endings that a request may come to; `null` where no rule says. */
export type Expected = (key: string) => readonly string[] | null;

export class Oracle {
  readonly known: Known;
  readonly #watches: Map<Clause, Watch>;
  readonly #breaches = new Set<string>();
  /** Reactions to each event, by its name. */
  readonly #looking = new Map<TraceEvent['event'], readonly See[]>();

  constructor(driver: Driver, expected: Expected = () => null) {
    this.known = new Known(expected);
    const judged = CLAUSES.filter((clause) => isJudged(clause, driver));
    this.#watches = new Map(judged.map((clause) => [clause, this.#begin(clause)]));
  }

  #begin(clause: Clause): Watch {
    return clause.watch(this.known, (detail) => {
      this.#breaches.add(`${clause.breach}: ${detail}`);
    });
  }

  tell(told: TraceEvent): void {
    const event = underGivenKey(told);
    if (event.event === 'restored') {
      for (const clause of this.#watches.keys()) {
        if (clause.outlivesRestore !== true) this.#watches.set(clause, this.#begin(clause));
      }
      this.#looking.clear();
    }
    for (const see of this.#lookingAt(event.event)) see(event);
    this.known.note(event);
  }

  #lookingAt(name: TraceEvent['event']): readonly See[] {
    let looking = this.#looking.get(name);
    if (looking === undefined) {
      looking = [...this.#watches.values()].flatMap((watch) => seesOf(watch, name));
      this.#looking.set(name, looking);
    }
    return looking;
  }

  /** Every breach so far, as `what: details`; empty while every promise was kept. */
  get breaches(): readonly string[] {
    return [...this.#breaches];
  }
}

type See = (event: TraceEvent) => void;

/** Finds a watch's reaction to events of this name. */
function seesOf(watch: Watch, name: TraceEvent['event']): readonly See[] {
  const see = watch[name] as See | undefined;
  const { atRest } = watch;
  const isOfDisk = name === 'disk' || name === 'finished';
  return [
    ...(see === undefined ? [] : [see]),
    ...(isOfDisk && atRest !== undefined
      ? [
          (event: TraceEvent): void => {
            if (event.event === 'disk' || event.event === 'finished') atRest(event.rows);
          },
        ]
      : []),
  ];
}

/** Renames keys: upstreams report the keys that they get, callers those that they gave. */
function underGivenKey(event: TraceEvent): TraceEvent {
  switch (event.event) {
    case 'attempted':
    case 'applied':
    case 'pretended':
    case 'cameEarly':
    case 'cutShort':
    case 'keyForgotten':
    case 'followed':
    case 'strayed':
    case 'bodyChanged':
      return { ...event, key: givenKey(event.key) };
    default:
      return event;
  }
}

/** Tells whether a driver sees all that the clause needs. */
export function isJudged({ needs = [] }: Clause, { blind }: Driver): boolean {
  return needs.every((sight: Sight) => blind[sight] === undefined);
}
