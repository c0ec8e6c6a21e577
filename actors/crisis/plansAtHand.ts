/**
 * The crisis plans that an answer can hold: those of pinned subjects are in memory from the moment the
 * store opens, any other is read within a bound (CR-3). Nothing here waits for a disk (CR-1).
 *
 * @module
 */

import type { CrisisModesOn } from '../../machines/policy/crisis/crisisMode.ts';
import { decodeCrisisPlan } from '../../machines/policy/crisis/crisisPlan.ts';
import type { AnsweredResource } from '../../machines/policy/crisis/crisisResource.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import type {
  CrisisPlanStore,
  CrisisPlansAtOpen,
  KeptCrisisPlan,
  UnreadableCrisisPlan,
} from '../../persistence/port/store.ts';
import { inTime } from '../platform/inTime.ts';

/**
 * What became of the plan in an answer: it is in it; its subject has none; the request names no subject;
 * it was not there in time, as where the disk is slow; the store is not open, yet or any more; or it is
 * there and can't be read, which `onError` is told of.
 */
export type PlanStatus =
  | 'included'
  | 'none'
  | 'noSubject'
  | 'notReadInTime'
  | 'storeNotOpen'
  | 'unreadable';

export interface FoundPlan {
  readonly status: PlanStatus;
  /** Frozen; empty unless it is included. */
  readonly resources: readonly AnsweredResource[];
}

/** What is in memory for an answer, whatever the disk does. */
export interface PlansInMemory {
  readonly isOpen: boolean;
  /** No plan is kept of anybody. */
  readonly isEmpty: boolean;
  /** By subject; those in crisis mode are among them. */
  readonly pinned: ReadonlyMap<string, FoundPlan>;
  /** For whom crisis mode is on. */
  readonly modes: CrisisModesOn;
}

export interface PlansAtHandParts {
  readonly store: CrisisPlanStore;
  readonly clock: Clock;
  /** How long an answer may wait for the plan of a subject that is not pinned, in milliseconds. */
  readonly withinMs: number;
  /** True while the disk answers nothing: a read would wait in vain. */
  readonly isHanging: () => boolean;
  readonly onError: (error: unknown) => void;
}

/** Read lately, of subjects that are not pinned: who asks again, or asked in vain, need not wait. */
const RECENT_MAX = 100;
/** What waits for a slow disk is bounded, too (OP-6). */
const READS_MAX = 64;

const NOTHING: readonly AnsweredResource[] = Object.freeze([]);
const found = (status: PlanStatus): FoundPlan => Object.freeze({ status, resources: NOTHING });
const NONE = found('none');
const NOT_IN_TIME = found('notReadInTime');
const NOT_OPEN = found('storeNotOpen');
const UNREADABLE = found('unreadable');

export class PlansAtHand {
  readonly #parts: PlansAtHandParts;
  readonly #pinned = new Map<string, FoundPlan>();
  /** The one that was asked for the longest ago first. */
  readonly #recent = new Map<string, FoundPlan>();
  readonly #reads = new Map<string, Promise<FoundPlan>>();
  /** Of subjects that are in crisis mode, once it was read; that there is none is known as well. */
  readonly #held = new Map<string, FoundPlan | null>();
  #isOpen = false;
  #isEmpty = true;
  #listener: ((plans: Omit<PlansInMemory, 'modes'>) => void) | null = null;

  constructor(parts: PlansAtHandParts) {
    this.#parts = parts;
  }

  /** How many subjects are pinned. */
  get pinned(): number {
    return this.#pinned.size;
  }

  isPinned(subject: string): boolean {
    return this.#pinned.has(subject);
  }

  /** Tells `listener` of what is in memory, now and whenever it has changed. */
  watch(listener: (plans: Omit<PlansInMemory, 'modes'>) => void): void {
    this.#listener = listener;
    this.tell();
  }

  /** The store is open, and holds these. */
  opened({ pinned, unreadable, isEmpty }: CrisisPlansAtOpen): void {
    this.#isOpen = true;
    this.#isEmpty = isEmpty;
    this.#pinned.clear();
    this.#recent.clear();
    this.#reads.clear();
    for (const kept of pinned) {
      try {
        this.#pinned.set(kept.subject, foundIn(kept));
      } catch (error) {
        this.#parts.onError(error);
      }
    }
    for (const code of unreadable) this.#parts.onError(planUnreadable(code));
    this.tell();
    for (const subject of this.#held.keys()) this.hold(subject);
  }

  /** Has the plan of a subject in memory from now on, as soon as it can be read, until {@link letGo}. */
  hold(subject: string): void {
    this.#held.set(subject, null);
    this.tell();
    if (!this.#isOpen || this.#pinned.has(subject)) return;
    if (this.#isEmpty) this.#hold(subject, NONE);
    else if (!this.#reads.has(subject)) void this.#read(subject);
  }

  /** Nobody needs it more than others any longer. */
  letGo(subject: string): void {
    const plan = this.#held.get(subject);
    this.#held.delete(subject);
    if (plan?.status === 'included') this.#remember(subject, plan);
    this.tell();
  }

  #hold(subject: string, plan: FoundPlan): void {
    this.#held.set(subject, plan);
    this.tell();
  }

  /** What is pinned stays at hand; nothing can be read any more. */
  closed(): void {
    this.#isOpen = false;
    this.tell();
  }

  /** This is kept of the subject now; `null` for nothing. */
  changed(subject: string, kept: KeptCrisisPlan | null): void {
    // What is being read may be what was there before.
    this.#reads.delete(subject);
    const wasRecent = this.#recent.delete(subject);
    const wasPinned = this.#pinned.delete(subject);
    const wasEmpty = this.#isEmpty;
    const isHeld = this.#held.has(subject);
    if (isHeld) this.#held.set(subject, kept === null ? NONE : foundIn(kept));
    if (kept !== null) {
      this.#isEmpty = false;
      if (kept.isPinned) this.#pinned.set(subject, foundIn(kept));
      else if (wasRecent && !isHeld) this.#remember(subject, foundIn(kept));
    }
    if (wasPinned || isHeld || this.#pinned.has(subject) || wasEmpty !== this.#isEmpty) this.tell();
  }

  /** The plan of a subject: at once where it is in memory or can't be had, else within the bound. */
  find(subject: string): FoundPlan | Promise<FoundPlan> {
    const known = this.#pinned.get(subject) ?? this.#held.get(subject) ?? this.#recent.get(subject);
    if (known !== undefined) return known;
    if (!this.#isOpen) return NOT_OPEN;
    if (this.#isEmpty) return NONE;
    const { clock, withinMs, isHanging } = this.#parts;
    if (isHanging()) return NOT_IN_TIME;
    const read = this.#reads.get(subject) ?? this.#read(subject);
    if (read === null) return NOT_IN_TIME;
    return inTime(clock, read, withinMs).then((answer) => answer?.value ?? NOT_IN_TIME);
  }

  /** Never rejects. `null` where too many are being read. */
  #read(subject: string): Promise<FoundPlan> | null {
    if (this.#reads.size >= READS_MAX) return null;
    const read = this.#ask(subject).then((plan) => {
      // Unless it was changed since it was asked for.
      if (this.#reads.get(subject) === read) {
        this.#reads.delete(subject);
        if (this.#held.has(subject) && READ.has(plan.status)) this.#hold(subject, plan);
        else if (plan.status === 'included') this.#remember(subject, plan);
      }
      return plan;
    });
    this.#reads.set(subject, read);
    return read;
  }

  async #ask(subject: string): Promise<FoundPlan> {
    try {
      const kept = await this.#parts.store.crisisPlan(subject);
      return kept === null ? NONE : foundIn(readable(kept));
    } catch (error) {
      if (isHoldfastError(error) && CLOSED.has(error.code)) return NOT_OPEN;
      this.#parts.onError(error);
      return UNREADABLE;
    }
  }

  /** Tells again what is in memory: something else of the answer has changed. */
  tell(): void {
    const pinned = new Map(this.#pinned);
    for (const [subject, plan] of this.#held) if (plan !== null) pinned.set(subject, plan);
    this.#listener?.({ isOpen: this.#isOpen, isEmpty: this.#isEmpty, pinned });
  }

  #remember(subject: string, plan: FoundPlan): void {
    this.#recent.set(subject, plan);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > RECENT_MAX && oldest !== undefined) this.#recent.delete(oldest);
  }
}

/** What a read has found out for good. */
const READ: ReadonlySet<PlanStatus> = new Set(['included', 'none']);

const CLOSED: ReadonlySet<ErrorCode> = new Set(['HF_CLOSED', 'HF_STORE_UNAVAILABLE']);

/** @throws HoldfastError why it can't be opened. */
export function readable(kept: KeptCrisisPlan | UnreadableCrisisPlan): KeptCrisisPlan {
  if ('unreadable' in kept) throw planUnreadable(kept.unreadable);
  return kept;
}

/** The error for a plan that is there and can't be opened; a store gives codes of ours alone. */
export function planUnreadable(code: string): HoldfastError {
  return new HoldfastError(
    code as ErrorCode,
    'A crisis plan is in the store and can not be opened. Put it again with crisisPlans.put(), or restore a backup; holdfast doctor --deep counts them.',
    { withStack: false },
  );
}

/** @throws HoldfastError as {@link decodeCrisisPlan}. */
function foundIn({ plan }: KeptCrisisPlan): FoundPlan {
  if (plan === null) return NONE;
  const resources = decodeCrisisPlan(plan).resources.map(
    (resource): AnsweredResource =>
      Object.freeze({ ...resource, regions: Object.freeze(resource.regions), from: 'plan' }),
  );
  return Object.freeze({ status: 'included', resources: Object.freeze(resources) });
}
