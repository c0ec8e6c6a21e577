/**
 * Slots reserved for crisis deliveries at one upstream (CR-2): beside all other work, so that nothing can
 * hold them up, and bounded, so that mislabelled traffic can't storm the upstream. One that takes long goes on
 * without its slot. Who may have one is
 * decided in machines/policy/crisis/crisisSlotShares.ts; subjects take turns. Deliveries of one entity begin
 * in order; a failing one lets the next begin.
 *
 * @module
 */

import {
  mayHang,
  type SlotPart,
  type SlotShares,
  slotFor,
  slotShares,
} from '../../machines/policy/crisis/crisisSlotShares.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';

/** A delivery, as far as its slot depends on it. */
export interface CrisisDelivery {
  readonly subject: string;
  /** Deliveries with the same one begin in order; `null` where it waits for no other. */
  readonly entity: string | null;
  /** Whether this is the first attempt of its crisis. */
  readonly isFirst: boolean;
}

interface Entered {
  readonly delivery: CrisisDelivery;
  readonly subject: Subject;
  /** The longer it waits the lower. */
  readonly order: number;
  readonly begin: () => void;
  /** Where its slot is from, or that it goes on without one; `null` while it waits. */
  part: SlotPart | 'hanging' | null;
}

interface Subject {
  readonly name: string;
  /** Deliveries of the subject that have not left. */
  entered: number;
  held: number;
  hanging: number;
  /** What waits for a slot, and for no other delivery. */
  readonly firsts: Set<Entered>;
  readonly repeats: Set<Entered>;
}

/** What a delivery can do about its slot. */
export interface SlotHold {
  /** Ends the hold: the delivery has ended, or waits no longer. */
  readonly leave: () => void;
  /** Gives the slot of a delivery that takes long to another, now or as soon as fewer take long. */
  readonly hang: () => void;
}

interface Choice {
  readonly entered: Entered;
  readonly part: SlotPart;
}

export class CrisisSlots {
  readonly #slotsMax: () => number;
  /** Subjects that hold a slot or wait for one. */
  readonly #subjects = new Map<string, Subject>();
  /** Subjects of which a first attempt waits for a slot, in turn. */
  readonly #withFirsts = new Set<Subject>();
  readonly #withRepeats = new Set<Subject>();
  /** All deliveries of an entity, in order: each but the first waits for the one before it. */
  readonly #lanes = new Map<string, Set<Entered>>();
  readonly #taken = { shared: 0, firstOnly: 0, hanging: 0 };
  /** Deliveries that take long and have their slots still, oldest first. */
  readonly #overdue = new Set<Entered>();
  #enteredCount = 0;
  #isBeginning = false;
  #isChanged = false;

  /** @param slotsMax asked with each delivery, so a change holds from the next one on */
  constructor(slotsMax: () => number) {
    this.#slotsMax = slotsMax;
  }

  /** Runs `begin` at once if it may have a slot and its entity is not busy, else as soon as it can. */
  enter(delivery: CrisisDelivery, begin: () => void): SlotHold {
    this.#enteredCount += 1;
    const subject = this.#subjectOf(subjectForm(delivery.subject));
    subject.entered += 1;
    const entered: Entered = { delivery, subject, order: this.#enteredCount, begin, part: null };
    if (this.#isAhead(entered)) this.#wait(entered);
    let isOver = false;
    this.#next();
    return {
      leave: () => {
        if (isOver) return;
        isOver = true;
        this.#leave(entered);
        this.#next();
      },
      hang: () => {
        if (isOver || entered.part === null || entered.part === 'hanging') return;
        this.#overdue.add(entered);
        this.#giveSlotsBack();
        this.#next();
      },
    };
  }

  #subjectOf(name: string): Subject {
    const known = this.#subjects.get(name);
    if (known !== undefined) return known;
    const subject = {
      name,
      entered: 0,
      held: 0,
      hanging: 0,
      firsts: new Set<Entered>(),
      repeats: new Set<Entered>(),
    };
    this.#subjects.set(name, subject);
    return subject;
  }

  /** Puts it behind the others of its entity; true where there are none. */
  #isAhead(entered: Entered): boolean {
    const { entity } = entered.delivery;
    if (entity === null) return true;
    const lane = this.#lanes.get(entity) ?? new Set();
    this.#lanes.set(entity, lane.add(entered));
    return lane.size === 1;
  }

  #wait(entered: Entered): void {
    const { subject, delivery } = entered;
    if (delivery.isFirst) this.#withFirsts.add(subject);
    else this.#withRepeats.add(subject);
    (delivery.isFirst ? subject.firsts : subject.repeats).add(entered);
  }

  /** Takes a delivery out of what waits; its subject comes behind the others. */
  #waitNoLonger(entered: Entered): void {
    const { subject, delivery } = entered;
    const waiting = delivery.isFirst ? subject.firsts : subject.repeats;
    const subjects = delivery.isFirst ? this.#withFirsts : this.#withRepeats;
    if (!waiting.delete(entered)) return;
    subjects.delete(subject);
    if (waiting.size > 0) subjects.add(subject);
  }

  #leave(entered: Entered): void {
    const { subject, delivery, part } = entered;
    if (part === null) this.#waitNoLonger(entered);
    else {
      this.#taken[part] -= 1;
      subject[part === 'hanging' ? 'hanging' : 'held'] -= 1;
    }
    this.#overdue.delete(entered);
    this.#letNextOfLane(entered, delivery.entity);
    if (part === 'hanging') this.#giveSlotsBack();
    subject.entered -= 1;
    if (subject.entered === 0) this.#subjects.delete(subject.name);
  }

  #giveSlotsBack(): void {
    for (const entered of this.#overdue) {
      const { subject, delivery, part } = entered;
      const hanging = { all: this.#taken.hanging, ofSubject: subject.hanging };
      if (part === null || part === 'hanging' || !mayHang(hanging, this.#slotsMax())) continue;
      this.#overdue.delete(entered);
      this.#taken[part] -= 1;
      subject.held -= 1;
      entered.part = 'hanging';
      this.#taken.hanging += 1;
      subject.hanging += 1;
      this.#letNextOfLane(entered, delivery.entity);
    }
  }

  #letNextOfLane(entered: Entered, entity: string | null): void {
    const lane = entity === null ? undefined : this.#lanes.get(entity);
    if (entity === null || lane === undefined) return;
    const [ahead] = lane;
    lane.delete(entered);
    const [next] = lane;
    if (next === undefined) this.#lanes.delete(entity);
    else if (ahead === entered) this.#wait(next);
  }

  /** What it begins may leave at once; that is taken up here, not in a call within a call. */
  #next(): void {
    if (this.#isBeginning) {
      this.#isChanged = true;
      return;
    }
    this.#isBeginning = true;
    try {
      do {
        this.#isChanged = false;
        this.#beginWaiting();
      } while (this.#isChanged);
    } finally {
      // One that throws holds up itself alone.
      this.#isBeginning = false;
    }
  }

  #beginWaiting(): void {
    const shares = slotShares(this.#slotsMax(), this.#taken.hanging);
    for (;;) {
      const chosen = this.#choose(shares);
      if (chosen === null) return;
      const { entered, part } = chosen;
      this.#waitNoLonger(entered);
      entered.part = part;
      this.#taken[part] += 1;
      entered.subject.held += 1;
      entered.begin();
    }
  }

  #choose(shares: SlotShares): Choice | null {
    const first = this.#chooseOf(this.#withFirsts, true, shares);
    if (first?.part === 'firstOnly') return first;
    const repeat = this.#chooseOf(this.#withRepeats, false, shares);
    if (first === null || repeat === null) return first ?? repeat;
    return first.entered.order < repeat.entered.order ? first : repeat;
  }

  /** Next attempt: of a subject that has none under way, else of whichever subject may have one. */
  #chooseOf(subjects: Iterable<Subject>, isFirst: boolean, shares: SlotShares): Choice | null {
    let chosen: Choice | null = null;
    for (const subject of subjects) {
      const { held, hanging } = subject;
      const isNewcomer = held + hanging === 0;
      const part = slotFor({ isFirst, held, hanging }, this.#taken, shares);
      const [entered] = isFirst ? subject.firsts : subject.repeats;
      if (part !== null && entered !== undefined) {
        if (!isFirst || isNewcomer) return { entered, part };
        chosen ??= { entered, part };
        // Who has none may have whatever another may: there is nothing for those behind either.
      } else if (isNewcomer) return chosen;
    }
    return chosen;
  }
}
