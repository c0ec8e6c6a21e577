/**
 * Whose delivery of a crisis gets one of the slots that an upstream has for crises (CR-2). Deliveries that
 * hang must not keep new ones from going out: some slots are for first attempts only, some of these for
 * subjects that have none under way, and no subject holds more than its share. What takes long gives its slot
 * back and goes on, and for each that does there is one slot more for whoever has none under way: so a
 * hundred people whose calls hang do not keep out the next.
 *
 * @module
 */

/** How many of the slots for crises at an upstream are for whom. */
export interface SlotShares {
  /** First attempts and repeats alike. */
  readonly shared: number;
  /** First attempts only. */
  readonly firstOnly: number;
  /** Slots among these for first attempts of subjects that have nothing under way. */
  readonly newcomersOnly: number;
  /** Slots that one subject may hold. */
  readonly subjectMax: number;
  /** Deliveries that may be under way, with a slot or without. */
  readonly underWayMax: number;
}

/** Which part of the slots one is of. */
export type SlotPart = 'shared' | 'firstOnly';

/** How many have a slot of each part, and how many have given theirs back and go on. */
export type SlotsTaken = Readonly<Record<SlotPart | 'hanging', number>>;

/** A delivery that wants a slot. */
export interface SlotAsker {
  /** True if nobody has been notified of this crisis yet. */
  readonly isFirst: boolean;
  /** Slots that its subject holds. */
  readonly held: number;
  /** Deliveries of its subject that have given their slots back and go on. */
  readonly hanging: number;
}

/**
 * A delivery that takes longer than this gives its slot to another and goes on, in milliseconds: the least
 * time-out of an attempt (PF-1), so that most answers are there by then.
 */
export const SLOT_HELD_MS_MAX = 1_000;

/**
 * No more deliveries than this are under way at one upstream, with a slot or without, or twice the slots where
 * that is more: mislabelled traffic can't storm it.
 */
export const UNDER_WAY_MAX = 512;

/**
 * How `slotsMax` slots, one or more, are shared out while so many deliveries hang; repeats have one at least.
 */
export function slotShares(slotsMax: number, hanging = 0): SlotShares {
  const ofFirsts = Math.floor(slotsMax / 2);
  const more = Math.max(0, Math.min(hanging, hangingMax(slotsMax) - hanging));
  return {
    shared: slotsMax - ofFirsts,
    firstOnly: ofFirsts + more,
    newcomersOnly: Math.floor(slotsMax / 4) + more,
    subjectMax: Math.max(1, Math.floor(slotsMax / 4)),
    underWayMax: slotsMax + hangingMax(slotsMax),
  };
}

/** Whether one that takes long gives its slot back: of one subject no more than there are slots. */
export function mayHang(
  { all, ofSubject }: { readonly all: number; readonly ofSubject: number },
  slotsMax: number,
): boolean {
  return all < hangingMax(slotsMax) && ofSubject < slotsMax;
}

function hangingMax(slotsMax: number): number {
  return Math.max(slotsMax, UNDER_WAY_MAX - slotsMax);
}

/** The part of the slots that this delivery may take one of now; `null` where it has to wait. */
export function slotFor(
  { isFirst, held, hanging }: SlotAsker,
  taken: SlotsTaken,
  shares: SlotShares,
): SlotPart | null {
  if (held >= shares.subjectMax) return null;
  if (taken.shared + taken.firstOnly + taken.hanging >= shares.underWayMax) return null;
  const keptFree = held + hanging === 0 ? 0 : shares.newcomersOnly;
  if (isFirst && taken.firstOnly < shares.firstOnly - keptFree) return 'firstOnly';
  return taken.shared < shares.shared ? 'shared' : null;
}
