/**
 * Answers outside callers at once, from the memory of the thread, whatever the main thread does, and hands each
 * crisis on (CR-1, CR-3).
 *
 * @module
 */

import { operationId } from '../../actors/platform/operationId.ts';
import { systemRandom } from '../../actors/platform/systemClock.ts';
import type { FoundPlan, PlanStatus, PlansInMemory } from '../../actors/port.ts';
import { type CrisisModeFor, crisisModeFor } from '../../machines/policy/crisis/crisisMode.ts';
import { fieldOfCrisis } from '../../machines/policy/crisis/crisisRequest.ts';
import {
  type AnsweredResource,
  CrisisResources,
  countryOf,
} from '../../machines/policy/crisis/crisisResources.ts';
import {
  type CrisisMessage,
  CrisisMessages,
  type MessageState,
} from '../../machines/policy/crisis/crisisWords.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { subjectOf } from '../../machines/vocabulary/subject.ts';
import type { Handover, Recorded } from './handover.ts';
import type { LoopProbe } from './outsideHost.ts';
import type { OutsideThreadData } from './outsideMessages.ts';
import type { OutsideCaller } from './outsideOptions.ts';

/** The answer to an outside caller, as JSON: the part of what `runtime.crisis()` resolves to that is known here. */
export interface OutsideAnswer {
  readonly source: 'local';
  readonly resources: readonly AnsweredResource[];
  readonly message: CrisisMessage;
  /** The status of the plan; `withheld` from a page. */
  readonly plan: PlanStatus | 'withheld';
  /** The crisis mode; a page sees only that of everybody. */
  readonly crisisMode: CrisisModeFor;
  readonly elapsedMs: number;
  /** The id with which the caller can ask for its state: `GET /crisis/<id>`. */
  readonly operationId: string;
  readonly recorded: Recorded;
  readonly eventLoop: LoopView;
}

/** The app's event loop, as this thread sees it. */
export interface LoopView {
  /** How long it has not answered, in milliseconds; 0 while it runs. */
  readonly blockedMs: number;
}

const found = (status: PlanStatus): FoundPlan => ({ status, resources: [] });

export class OutsideAnswers {
  readonly #clock: Clock;
  readonly #data: OutsideThreadData;
  readonly #handover: Handover;
  readonly #probe: LoopProbe;
  readonly #resources: CrisisResources;
  readonly #messages: CrisisMessages;
  /** The resources for callers without a token: nothing of the app. */
  readonly builtIn: readonly AnsweredResource[];
  readonly #pinned = new Map<string, FoundPlan>();
  #plans: Omit<PlansInMemory, 'pinned' | 'isWhole'> = {
    ...{ isOpen: false, isEmpty: true },
    modes: { isGlobal: false, subjects: new Set<string>() },
  };
  #answeredWhileBlocked = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly data: OutsideThreadData;
    readonly handover: Handover;
    readonly probe: LoopProbe;
  }) {
    this.#clock = parts.clock;
    this.#data = parts.data;
    this.#handover = parts.handover;
    this.#probe = parts.probe;
    const { resources, helpLines, words } = parts.data;
    this.#messages = new CrisisMessages(words);
    this.#resources = new CrisisResources(resources, helpLines);
    this.builtIn = new CrisisResources([], helpLines).after([], null);
  }

  get eventLoop(): LoopView {
    return { blockedMs: this.#probe.blockedMs };
  }

  /** How many crises were answered while the loop was blocked, since the last call. */
  takeAnsweredWhileBlocked(): number {
    const answered = this.#answeredWhileBlocked;
    this.#answeredWhileBlocked = 0;
    return answered;
  }

  /** Takes in plans, or changes of plans. */
  plansChanged(plans: PlansInMemory): void {
    this.#plans = plans;
    if (plans.isWhole) this.#pinned.clear();
    for (const [subject, plan] of plans.pinned) {
      if (plan === null) this.#pinned.delete(subject);
      else this.#pinned.set(subject, plan);
    }
  }

  /**
   * @param request whatever the caller has sent
   * @param sent the id of its operation where its caller has one, who that is, its size in bytes, when it came, and
   * how long the answer may wait for it to be on disk
   */
  async answer(
    request: unknown,
    sent: {
      readonly id: string | null;
      readonly caller: OutsideCaller;
      readonly bytes: number;
      readonly arrivedAtMs: number;
      readonly recordedWithinMs: number;
    },
  ): Promise<OutsideAnswer> {
    const { caller, bytes, arrivedAtMs, recordedWithinMs } = sent;
    const id = sent.id ?? operationId(this.#clock.now(), systemRandom);
    const isPage = caller === 'page';
    const subject = isPage ? undefined : fieldOfCrisis(request, 'subject');
    const known = this.#planOf(subject);
    const wantsPlan = known === null;
    const elapsed = (): number => this.#clock.monotonic() - arrivedAtMs;
    const crisis = { kind: 'crisis', id, request, wantsPlan, elapsedMs: elapsed() } as const;
    const isTaken = this.#handover.give(crisis, bytes);
    const asked =
      wantsPlan && isTaken ? await this.#handover.planFor(id, this.#data.planWithinMs) : null;
    const plan = known ?? asked ?? found('notReadInTime');
    const { blockedMs } = this.eventLoop;
    if (blockedMs > 0) this.#answeredWhileBlocked += 1;
    const elapsedMs = elapsed();
    if (isTaken && recordedWithinMs > 0) {
      await this.#handover.whenRecorded(id, recordedWithinMs);
    }
    const region = fieldOfCrisis(request, 'region');
    const recorded = isTaken ? (this.#handover.recorded(id) ?? 'durable') : 'notTaken';
    return {
      source: 'local',
      resources: this.#resources.after(plan.resources, countryOf(region)),
      message: this.#messages.of(stateOf(recorded), fieldOfCrisis(request, 'locale'), region),
      plan: isPage ? 'withheld' : plan.status,
      crisisMode: crisisModeFor(this.#plans.modes, subject),
      elapsedMs,
      operationId: id,
      recorded,
      eventLoop: { blockedMs },
    };
  }

  /** The plan, as far as it is known here; `null` where the main thread may find it in time. */
  #planOf(given: unknown): FoundPlan | null {
    const subject = subjectOf(given);
    if (subject === null) return found('noSubject');
    const { isOpen, isEmpty } = this.#plans;
    const plan = this.#pinned.get(subject);
    if (plan !== undefined) return plan;
    if (!isOpen) return found('storeNotOpen');
    if (isEmpty) return found('none');
    return this.#probe.blockedMs > 0 || this.#data.planWithinMs === 0
      ? found('notReadInTime')
      : null;
  }
}

function stateOf(recorded: Recorded): MessageState {
  if (recorded === 'delivered') return 'taken';
  return recorded === 'notTaken' ? 'notTaken' : 'notReached';
}
