/**
 * Kept records: texts that outlive operations, each found by its key in its room. A store knows nothing of what
 * they say: what this device knows of an entity, and what a person is asked about a conflict (CF-2, CF-8).
 *
 * @module
 */

/** What stands in it: `entity` what is known of one record of the app, `conflict` one conflict and its decisions. */
export type KeptRoom = 'entity' | 'conflict';

/** The rooms there are. */
export const KEPT_ROOMS: readonly KeptRoom[] = ['entity', 'conflict'];

/** A record as it is kept. */
export interface Kept {
  readonly room: KeptRoom;
  readonly key: string;
  /** As it was given, letter for letter. */
  readonly text: string;
  /** 1 for the first, and one more with each write that changed it. */
  readonly revision: number;
  /** Its place among those of all rooms: the order in which their first writes came. Later writes leave it. */
  readonly seq: number;
  /** It waits for somebody; what that means is for the engine to say. */
  readonly isOpen: boolean;
  /** When it may be purged, once it is not open; `null` for never. */
  readonly keepUntilMs: number | null;
  /** The lane whose operations may need it; `null` for none. */
  readonly lane: string | null;
}

/** It is there and can't be opened. For a write it counts as not there, and the next one takes its place. */
export interface UnreadableKept {
  /** The `ErrorCode` of the failure. */
  readonly unreadable: string;
}

/**
 * Keeps a text under its key, or erases what is kept there. A repeat of a write that is on disk already changes
 * nothing and is answered as if done now, so a condition on the revision is safe to repeat. For that, no write
 * of a record is to be ordered behind another of it with a condition that was not answered yet.
 */
export interface KeepWrite {
  readonly kind: 'keep';
  readonly room: KeptRoom;
  /** Not empty; kept as a keyed blind index, and sealed. */
  readonly key: string;
  /** In place of what is there; `null` erases it. */
  readonly text: string | null;
  /** False where it is absent. */
  readonly isOpen?: boolean | undefined;
  /** Never where it is absent. */
  readonly keepUntilMs?: number | null | undefined;
  /** While operations are in the lane of that name it is not purged. Absent: of an entity its key, else none. */
  readonly lane?: string | null | undefined;
  /** Written only if this is the revision of what is there, 0 if nothing is; absent whatever is there. */
  readonly revision?: number | undefined;
  /** Others that are written in the same commit, whatever is there, if this one is; so they are on disk or none is. */
  readonly also?: readonly KeptAlso[] | undefined;
}

/** A write that goes with another. */
export type KeptAlso = Omit<KeepWrite, 'kind' | 'revision' | 'also'>;

/**
 * Erases the records that are not open and whose time has come, the earliest first. One stays while operations are in
 * its lane, which may need it: it is looked at again {@link IN_USE_AGAIN_MS} later.
 */
export interface PurgeKeptWrite {
  readonly kind: 'purgeKept';
  readonly nowMs: number;
  /** How many at most are erased or left for later. */
  readonly limit: number;
}

/** How long a record is left alone that was to be purged while operations were in its lane. */
export const IN_USE_AGAIN_MS = 86_400_000;

export type KeepResult =
  /** It is on disk; `revision` is what it has now, 0 where nothing is kept any more. */
  | { readonly kind: 'kept'; readonly revision: number }
  /** Something else is there, at this revision; 0 for nothing. Nothing was changed. */
  | { readonly kind: 'keptOtherwise'; readonly revision: number };

export type KeptResult =
  | KeepResult
  /** How many went, and when the next may be purged; `null` where there is none. */
  | { readonly kind: 'purgedKept'; readonly count: number; readonly nextDueAtMs: number | null };

/** Names one record. */
export interface KeptKey {
  readonly room: KeptRoom;
  readonly key: string;
}

export interface KeptPageQuery {
  readonly room: KeptRoom;
  /** Only those that are open; absent for all. */
  readonly isOpen?: true | undefined;
  readonly order: 'newest' | 'oldest';
  /** Where to go on: records before it (`newest`) or after it (`oldest`), by their `seq`. */
  readonly fromSeq: number;
  readonly limit: number;
}

export interface KeptPage {
  readonly rows: readonly (Kept | (UnreadableKept & { readonly seq: number }))[];
  /** Where the next page goes on; `null` after the last. */
  readonly nextSeq: number | null;
}

/** How many there are. */
export interface KeptCounts {
  readonly entity: number;
  readonly conflict: number;
  /** Conflicts that are open. */
  readonly openConflicts: number;
}

export interface KeptStore {
  /** What is kept under a key; `null` for nothing. */
  kept(query: KeptKey): Promise<Kept | UnreadableKept | null>;
  /** The records of a room in the order in which they first came, either way. */
  keptPage(query: KeptPageQuery): Promise<KeptPage>;
  keptCounts(): Promise<KeptCounts>;
}

/** The lane of what is written: see {@link KeepWrite.lane}. */
export function laneOfKept({ room, key, lane }: KeptAlso): string | null {
  return lane ?? (room === 'entity' ? key : null);
}

/** What is there, as far as a write has to know it; `null` for nothing. */
export type KeptBefore =
  | Pick<Kept, 'text' | 'revision' | 'isOpen' | 'keepUntilMs'>
  | UnreadableKept
  | null;

/** What becomes of a write, in every store: `write` where it is to be performed, else its answer. */
export function answerToKeep(before: KeptBefore, write: KeepWrite): KeepResult | 'write' {
  const { text, revision } = write;
  const found = before === null || 'unreadable' in before ? 0 : before.revision;
  // A condition that is met is written, the same or not: its revision is the next.
  const mayBeRepeat = text === null || revision === undefined || found === revision + 1;
  if (mayBeRepeat && isAsWanted(before, write)) return { kind: 'kept', revision: found };
  if (revision === undefined || revision === found) return 'write';
  return { kind: 'keptOtherwise', revision: found };
}

function isAsWanted(before: KeptBefore, write: KeepWrite): boolean {
  if (before === null) return write.text === null;
  if ('unreadable' in before) return false;
  const { text, isOpen = false, keepUntilMs = null } = write;
  return before.text === text && before.isOpen === isOpen && before.keepUntilMs === keepUntilMs;
}
