/**
 * Whose delivery of a crisis gets one of the slots that an upstream has for crises (CR-2). Deliveries that
 * hang must not keep new ones from going out: some slots are for first attempts only, some of these for
 * subjects that hold none yet, and no subject holds more than its share.
 *
 * @module
 */

/** How many of the slots for crises at an upstream are for whom. */
export interface SlotShares {
  /** First attempts and repeats alike. */
  readonly shared: number;
  /** First attempts only. */
  readonly firstOnly: number;
  /** Of these, the ones for first attempts of subjects that hold no slot. */
  readonly newcomersOnly: number;
  /** As many may one subject hold. */
  readonly subjectMax: number;
}

/** Which part of the slots one is of. */
export type SlotPart = 'shared' | 'firstOnly';

export type SlotsTaken = Readonly<Record<SlotPart, number>>;

/** A delivery that wants a slot. */
export interface SlotAsker {
  /** Nobody was told of this crisis yet. */
  readonly isFirst: boolean;
  /** Slots that its subject holds. */
  readonly held: number;
}

/**
 * A delivery that takes longer than this gives its slot to another and goes on, in milliseconds: the least
 * time-out of an attempt (PF-1), so that most answers are there by then.
 */
export const SLOT_HELD_MS_MAX = 1_000;

/** How `slotsMax` slots, one or more, are shared out; repeats have one at least. */
export function slotShares(slotsMax: number): SlotShares {
  const firstOnly = Math.floor(slotsMax / 2);
  return {
    shared: slotsMax - firstOnly,
    firstOnly,
    newcomersOnly: Math.floor(slotsMax / 4),
    subjectMax: Math.max(1, Math.floor(slotsMax / 4)),
  };
}

/** The part of the slots that this delivery may take one of now; `null` where it has to wait. */
export function slotFor(
  { isFirst, held }: SlotAsker,
  taken: SlotsTaken,
  shares: SlotShares,
): SlotPart | null {
  if (held >= shares.subjectMax) return null;
  const keptFree = held === 0 ? 0 : shares.newcomersOnly;
  if (isFirst && taken.firstOnly < shares.firstOnly - keptFree) return 'firstOnly';
  return taken.shared < shares.shared ? 'shared' : null;
}
