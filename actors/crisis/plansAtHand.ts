/**
 * The crisis plans that an answer can hold. Those of pinned subjects are in memory from the moment the store
 * opens; all others are brought there behind that, as many as there is room for, and stay as they were asked for
 * last. One that is not there is read within a bound (CR-3). Nothing here waits for a disk (CR-1).
 *
 * @module
 */

import type { CrisisModesOn } from '../../machines/policy/crisis/crisisMode.ts';
import {
  type AnsweredResource,
  decodeCrisisPlan,
} from '../../machines/policy/crisis/crisisResources.ts';
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
import { inTime } from '../platform/inPieces.ts';

/**
 * What became of the plan in an answer: it is in it; it is in it, but an earlier one that somebody put back in the
 * store, so say that it may be out of date; its subject has none; the request names no subject; it was not there in
 * time, as where the disk is slow; the store is not open, yet or any more; or it is there and can't be read, or was there
 * and somebody deleted it from the file. `onError` is told of one that is earlier, can't be read or was deleted.
 */
export type PlanStatus =
  | 'included'
  | 'earlierCopy'
  | 'none'
  | 'noSubject'
  | 'notReadInTime'
  | 'storeNotOpen'
  | 'unreadable';

export interface FoundPlan {
  readonly status: PlanStatus;
  /** Frozen; empty unless it is in the answer. */
  readonly resources: readonly AnsweredResource[];
}

/** What is in memory for an answer, whatever the disk does; told again whenever it changes. */
export interface PlansInMemory {
  readonly isOpen: boolean;
  /** No plan is kept of anybody. */
  readonly isEmpty: boolean;
  /** True where `pinned` is all; else it is what has changed since it was told last. */
  readonly isWhole: boolean;
  /** By subject; those in crisis mode are among them. `null`: it is in memory no more. */
  readonly pinned: ReadonlyMap<string, FoundPlan | null>;
  /** For whom crisis mode is on. */
  readonly modes: CrisisModesOn;
}

export interface PlansAtHandParts {
  readonly store: CrisisPlanStore;
  readonly clock: Clock;
  /** How long an answer may wait for the plan of a subject that is not pinned, in milliseconds. */
  readonly withinMs: number;
  readonly onError: (error: unknown) => void;
}

/** Most bytes of the plans of pinned subjects, as JSON. Beyond that they are at hand as those of others are. */
const PINNED_BYTES_MAX = 8 * 1_048_576;
/** Most bytes of all other plans, with their subjects and that somebody has none. */
const CACHED_BYTES_MAX = 16 * 1_048_576;
/** At least so much is counted for one who is pinned: a plan may come later. */
const PINNED_BYTES_MIN = 1_024;
const ENTRY_BYTES = 128;
/** So many are brought to memory at a time: less than a write waits for anyway. */
const PAGE = 64;
/** What waits for a slow disk is bounded, too (OP-6). */
const READS_MAX = 64;

const NOTHING: readonly AnsweredResource[] = Object.freeze([]);
const found = (status: PlanStatus): FoundPlan => Object.freeze({ status, resources: NOTHING });
const NONE = found('none');
const NOT_IN_TIME = found('notReadInTime');
const NOT_OPEN = found('storeNotOpen');
const UNREADABLE = found('unreadable');

interface Pinned {
  readonly plan: FoundPlan;
  readonly bytes: number;
}

export class PlansAtHand {
  readonly #parts: PlansAtHandParts;
  readonly #pinned = new Map<string, Pinned>();
  #pinnedBytes = 0;
  /** Pinned, too, where there is no room for them any more: at hand as those of others are. */
  readonly #pinnedBeyond = new Set<string>();
  /** Plans as they are kept, `null` for none; the one that was asked for the longest ago first. */
  readonly #cached = new Map<string, string | null>();
  /** Subjects of cached plans that are earlier copies. */
  readonly #earlier = new Set<string>();
  #cachedBytes = 0;
  /** All plans are in memory: a subject that is not there has none. */
  #isWhole = false;
  /** How often the store was opened: what is brought from an earlier one is of no use. */
  #openings = 0;
  readonly #reads = new Map<string, Promise<FoundPlan>>();
  /** Plans of subjects that are in crisis mode, once they were read; that there is none is known as well. */
  readonly #held = new Map<string, FoundPlan | null>();
  #isOpen = false;
  #isEmpty = true;
  #listener: ((plans: Omit<PlansInMemory, 'modes'>) => void) | null = null;

  constructor(parts: PlansAtHandParts) {
    this.#parts = parts;
  }

  /** Whether one more can be pinned. */
  hasRoomToPin(subject: string): boolean {
    return this.isPinned(subject) || this.#pinnedBytes + PINNED_BYTES_MIN <= PINNED_BYTES_MAX;
  }

  isPinned(subject: string): boolean {
    return this.#pinned.has(subject) || this.#pinnedBeyond.has(subject);
  }

  /** Tells `listener` of all that is in memory, and then of each change. */
  watch(listener: (plans: Omit<PlansInMemory, 'modes'>) => void): void {
    this.#listener = listener;
    this.#tellAll();
  }

  /** The store is open, and holds these. */
  opened({ pinned, unreadable, isEmpty }: CrisisPlansAtOpen): void {
    this.#isOpen = true;
    this.#openings += 1;
    this.#isEmpty = isEmpty;
    this.#pinned.clear();
    this.#pinnedBeyond.clear();
    this.#pinnedBytes = 0;
    this.#cached.clear();
    this.#earlier.clear();
    this.#cachedBytes = 0;
    this.#isWhole = isEmpty;
    this.#reads.clear();
    for (const kept of pinned) {
      try {
        this.#pin(kept);
      } catch (error) {
        this.#parts.onError(error);
      }
    }
    for (const code of unreadable) this.#parts.onError(planUnreadable(code));
    this.#tellAll();
    for (const subject of this.#held.keys()) this.hold(subject);
    if (!isEmpty) void this.#bringAll();
  }

  /** Has the plan of a subject in memory from now on, as soon as it can be read, until {@link letGo}. */
  hold(subject: string): void {
    this.#held.set(subject, null);
    this.tell(subject);
    if (!this.#isOpen || this.#pinned.has(subject)) return;
    const known = this.#inMemory(subject);
    if (known !== undefined && READ.has(known.status)) this.#hold(subject, known);
    else if (!this.#reads.has(subject)) void this.#read(subject);
  }

  /** Nobody needs it more than others any longer. */
  letGo(subject: string): void {
    this.#held.delete(subject);
    this.tell(subject);
  }

  #hold(subject: string, plan: FoundPlan): void {
    this.#held.set(subject, plan);
    this.tell(subject);
  }

  /** What is in memory stays at hand; nothing can be read any more. */
  closed(): void {
    this.#isOpen = false;
    this.tell();
  }

  /** This is kept of the subject now; `null` for nothing. */
  changed(subject: string, kept: KeptCrisisPlan | null): void {
    // What is being read may be what was there before.
    this.#reads.delete(subject);
    this.#unpin(subject);
    if (kept !== null) this.#isEmpty = false;
    if (this.#held.has(subject)) this.#held.set(subject, kept === null ? NONE : foundIn(kept));
    if (kept?.isPinned === true) {
      this.#forget(subject);
      this.#pin(kept);
    } else {
      this.#remember(subject, kept);
    }
    this.tell(subject);
  }

  /** The plan of a subject: at once where it is in memory or can't be had, else within the bound. */
  find(subject: string): FoundPlan | Promise<FoundPlan> {
    const known = this.#pinned.get(subject)?.plan ?? this.#held.get(subject);
    if (known !== undefined && known !== null) return known;
    const remembered = this.#inMemory(subject);
    if (remembered !== undefined) return remembered;
    if (!this.#isOpen) return NOT_OPEN;
    const { clock, withinMs } = this.#parts;
    const read = this.#reads.get(subject) ?? this.#read(subject);
    if (read === null) return NOT_IN_TIME;
    return inTime(clock, read, withinMs).then((answer) => answer?.value ?? NOT_IN_TIME);
  }

  /** Plan of somebody who is not pinned: `undefined` where only the disk knows. */
  #inMemory(subject: string): FoundPlan | undefined {
    const text = this.#cached.get(subject);
    if (text === undefined) return this.#isWhole && this.#isOpen ? NONE : undefined;
    // Asked for last.
    this.#cached.delete(subject);
    this.#cached.set(subject, text);
    try {
      return foundIn({ plan: text, isEarlier: this.#earlier.has(subject) });
    } catch (error) {
      this.#parts.onError(error);
      return UNREADABLE;
    }
  }

  /** Brings all plans to memory, as far as there is room, each page behind what else the disk is asked. */
  async #bringAll(): Promise<void> {
    const opening = this.#openings;
    let unreadable = 0;
    let left = 0;
    try {
      for (let after: number | null = 0; after !== null; ) {
        const page = await this.#parts.store.crisisPlanPage({ after, limit: PAGE });
        if (this.#openings !== opening) return;
        unreadable += page.unreadable;
        for (const kept of page.kept) {
          const { subject, plan } = kept;
          // What was read or changed meanwhile is newer, also that somebody has none.
          if (this.isPinned(subject) || this.#cached.has(subject)) continue;
          if (this.#cachedBytes + bytesOf(subject, plan) > CACHED_BYTES_MAX) left += 1;
          else this.#remember(subject, kept);
        }
        after = left > 0 ? null : page.next;
      }
      this.#isWhole = left === 0 && unreadable === 0;
    } catch {
      // They are read one by one, which tells what is wrong.
    }
  }

  /** Never rejects. `null` where too many are being read. */
  #read(subject: string): Promise<FoundPlan> | null {
    if (this.#reads.size >= READS_MAX) return null;
    const read = this.#ask(subject).then((asked) => {
      const plan = asked.found;
      // Unless it was changed since it was asked for.
      if (this.#reads.get(subject) === read) {
        this.#reads.delete(subject);
        if (this.#held.has(subject) && READ.has(plan.status)) this.#hold(subject, plan);
        if (READ.has(plan.status)) this.#remember(subject, asked.kept);
      }
      return plan;
    });
    this.#reads.set(subject, read);
    return read;
  }

  async #ask(
    subject: string,
  ): Promise<{ readonly found: FoundPlan; readonly kept: KeptCrisisPlan | null }> {
    try {
      const answer = await this.#parts.store.crisisPlan(subject);
      const kept = answer === null ? null : readable(answer);
      return { found: kept === null ? NONE : foundIn(kept), kept };
    } catch (error) {
      if (isHoldfastError(error) && CLOSED.has(error.code)) return { found: NOT_OPEN, kept: null };
      this.#parts.onError(error);
      return { found: UNREADABLE, kept: null };
    }
  }

  /** Tells of what has changed: one subject, or something else of the answer. */
  tell(subject?: string): void {
    if (this.#listener === null) return;
    const pinned = new Map<string, FoundPlan | null>();
    if (subject !== undefined) {
      pinned.set(subject, this.#pinned.get(subject)?.plan ?? this.#held.get(subject) ?? null);
    }
    this.#listener({ isOpen: this.#isOpen, isEmpty: this.#isEmpty, isWhole: false, pinned });
  }

  #tellAll(): void {
    const pinned = new Map<string, FoundPlan | null>();
    for (const [subject, { plan }] of this.#pinned) pinned.set(subject, plan);
    for (const [subject, plan] of this.#held) if (plan !== null) pinned.set(subject, plan);
    this.#listener?.({ isOpen: this.#isOpen, isEmpty: this.#isEmpty, isWhole: true, pinned });
  }

  #pin(kept: KeptCrisisPlan): void {
    const { subject, plan } = kept;
    const bytes = Math.max(PINNED_BYTES_MIN, plan?.length ?? 0);
    if (this.#pinnedBytes + bytes > PINNED_BYTES_MAX) {
      this.#pinnedBeyond.add(subject);
      this.#remember(subject, kept);
      return;
    }
    this.#pinned.set(subject, { plan: foundIn(kept), bytes });
    this.#pinnedBytes += bytes;
  }

  #unpin(subject: string): void {
    this.#pinnedBytes -= this.#pinned.get(subject)?.bytes ?? 0;
    this.#pinned.delete(subject);
    this.#pinnedBeyond.delete(subject);
  }

  #remember(subject: string, kept: KeptCrisisPlan | null): void {
    const plan = kept?.plan ?? null;
    this.#forget(subject);
    // Nothing need be known of who has none where all who have one are known.
    if (plan === null && this.#isWhole) return;
    this.#cached.set(subject, plan);
    if (kept?.isEarlier === true) this.#earlier.add(subject);
    this.#cachedBytes += bytesOf(subject, plan);
    for (const [oldest, text] of this.#cached) {
      if (this.#cachedBytes <= CACHED_BYTES_MAX) break;
      this.#forget(oldest);
      if (text !== null) this.#isWhole = false;
    }
  }

  #forget(subject: string): void {
    const plan = this.#cached.get(subject);
    if (plan === undefined) return;
    this.#cached.delete(subject);
    this.#earlier.delete(subject);
    this.#cachedBytes -= bytesOf(subject, plan);
  }
}

function bytesOf(subject: string, plan: string | null): number {
  return ENTRY_BYTES + subject.length + (plan?.length ?? 0);
}

/** What a read has found out for good. */
const READ: ReadonlySet<PlanStatus> = new Set(['included', 'earlierCopy', 'none']);

const CLOSED: ReadonlySet<ErrorCode> = new Set(['HF_CLOSED', 'HF_STORE_UNAVAILABLE']);

/** @throws HoldfastError why it can't be opened. */
export function readable(kept: KeptCrisisPlan | UnreadableCrisisPlan): KeptCrisisPlan {
  if ('unreadable' in kept) throw planUnreadable(kept.unreadable);
  return kept;
}

/** The error for a plan that can't be opened or that somebody deleted; a store gives codes of ours alone. */
export function planUnreadable(code: string): HoldfastError {
  const what =
    code === 'HF_RECORD_MISSING'
      ? "A crisis plan was deleted from the store's file."
      : 'A crisis plan is in the store and can not be opened.';
  return new HoldfastError(
    code as ErrorCode,
    `${what} Put it again with crisisPlans.put(), or restore a backup; holdfast doctor --deep counts them.`,
    { withStack: false },
  );
}

/** @throws HoldfastError as {@link decodeCrisisPlan}. */
function foundIn({
  plan,
  isEarlier = false,
}: Pick<KeptCrisisPlan, 'plan' | 'isEarlier'>): FoundPlan {
  if (plan === null) return NONE;
  const resources = decodeCrisisPlan(plan).resources.map(
    (resource): AnsweredResource =>
      Object.freeze({ ...resource, regions: Object.freeze(resource.regions), from: 'plan' }),
  );
  const status = isEarlier ? 'earlierCopy' : 'included';
  return Object.freeze({ status, resources: Object.freeze(resources) });
}
