/**
 * Kept records: texts that outlive operations, each found by its key in its room. Their content means nothing to a
 * store: what this device knows of an entity, and the questions of a conflict (CF-2, CF-8).
 *
 * @module
 */

import type { Recorded } from './audit.ts';

/** A room: `entity` for the state of one record of the app, `conflict` for one conflict and its decisions. */
export type KeptRoom = 'entity' | 'conflict';

/** The rooms there are. */
export const KEPT_ROOMS: readonly KeptRoom[] = ['entity', 'conflict'];

/** A kept record. */
export interface Kept {
  readonly room: KeptRoom;
  readonly key: string;
  /** The text as it was given, letter for letter. */
  readonly text: string;
  /** 1 for the first, and one more with each write that changed it. */
  readonly revision: number;
  /** The record's number among those of all rooms, in order of their first writes; later writes keep it. */
  readonly seq: number;
  /** True for a record that waits for somebody; the engine says for what. */
  readonly isOpen: boolean;
  /** The earliest time of the purge of a closed record; `null` for never. */
  readonly keepUntilMs: number | null;
  /** The lane whose operations may need it; `null` for none. */
  readonly lane: string | null;
}

/** A record that can't be opened. A write treats it as absent and replaces it. */
export interface UnreadableKept {
  /** The `ErrorCode` of the failure. */
  readonly unreadable: string;
}

/**
 * Keeps a text under its key, or erases what is kept there. A repeat of a write that is on disk already changes
 * nothing and is answered as if done now, so a condition on the revision is safe to repeat. For that, no write
 * of a record is to be ordered behind another of it with a condition that was not answered yet.
 */
export interface KeepWrite extends Recorded {
  readonly kind: 'keep';
  readonly room: KeptRoom;
  /** The key, not empty; stored as a keyed blind index, and sealed. */
  readonly key: string;
  /** The new text; `null` erases the record. */
  readonly text: string | null;
  /**
   * The person concerned, kept as a keyed blind index. Left out, whoever it was before; nobody for a record that begins,
   * or takes the place of one that can't be opened.
   */
  readonly subject?: string | undefined;
  /** Default false. */
  readonly isOpen?: boolean | undefined;
  /** Default `null`, never. */
  readonly keepUntilMs?: number | null | undefined;
  /**
   * The lane that keeps the record from being purged while operations are in it. Default: an entity's key, none for
   * other rooms.
   */
  readonly lane?: string | null | undefined;
  /** The revision that the record must have for the write to take place, 0 for none; left out, any. */
  readonly revision?: number | undefined;
  /** Further records written in the same commit if this one is, whatever is there; all are on disk or none. */
  readonly also?: readonly KeptAlso[] | undefined;
}

/** A write that goes with another. */
export type KeptAlso = Omit<KeepWrite, 'kind' | 'revision' | 'also' | 'audit'>;

/**
 * Erases closed records whose time has come, the earliest first. A record with operations in its lane, which may need
 * it, is tried again {@link IN_USE_AGAIN_MS} later.
 */
export interface PurgeKeptWrite {
  readonly kind: 'purgeKept';
  readonly nowMs: number;
  /** Maximum number of records to erase or put off. */
  readonly limit: number;
}

/** Delay of the purge of a record that operations in its lane may need. */
export const IN_USE_AGAIN_MS = 86_400_000;

export type KeepResult =
  /** The write is on disk; `revision` is the record's now, 0 for an erased one. */
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

export type KeptPageQuery = KeptChoice & {
  readonly room: KeptRoom;
  readonly order: 'newest' | 'oldest';
  /** The `seq` to go on from: records before it (`newest`) or after it (`oldest`). */
  readonly fromSeq: number;
  readonly limit: number;
};

/** Records of a page: only open ones, or only those about a person; left out, all. */
type KeptChoice =
  | { readonly isOpen?: true | undefined; readonly subject?: undefined }
  | { readonly isOpen?: undefined; readonly subject: string };

export interface KeptPage {
  readonly rows: readonly (Kept | (UnreadableKept & { readonly seq: number }))[];
  /** The `fromSeq` of the next page; `null` after the last. */
  readonly nextSeq: number | null;
}

/** Numbers of kept records. */
export interface KeptCounts {
  readonly entity: number;
  readonly conflict: number;
  /** Conflicts that are open. */
  readonly openConflicts: number;
}

export interface KeptStore {
  /** The record under a key; `null` for none. */
  kept(query: KeptKey): Promise<Kept | UnreadableKept | null>;
  /** The records of a room in the order in which they first came, either way. */
  keptPage(query: KeptPageQuery): Promise<KeptPage>;
  keptCounts(): Promise<KeptCounts>;
}

/** The lane of what is written: see {@link KeepWrite.lane}. */
export function laneOfKept({ room, key, lane }: KeptAlso): string | null {
  return lane ?? (room === 'entity' ? key : null);
}

/** The present record, as far as a write depends on it; `null` for none. */
export type KeptBefore =
  | Pick<Kept, 'text' | 'revision' | 'isOpen' | 'keepUntilMs'>
  | UnreadableKept
  | null;

/**
 * The answer to a write, in every store; `write` if it is to be performed.
 *
 * @param isOfSubject whether the present record is about whom it will be about
 */
export function answerToKeep(
  before: KeptBefore,
  write: KeepWrite,
  isOfSubject: boolean,
): KeepResult | 'write' {
  const { text, revision } = write;
  const found = before === null || 'unreadable' in before ? 0 : before.revision;
  // A condition that is met is written, the same or not: its revision is the next.
  const mayBeRepeat = text === null || revision === undefined || found === revision + 1;
  if (mayBeRepeat && isAsWanted(before, write, isOfSubject))
    return { kind: 'kept', revision: found };
  if (revision === undefined || revision === found) return 'write';
  return { kind: 'keptOtherwise', revision: found };
}

function isAsWanted(before: KeptBefore, write: KeepWrite, isOfSubject: boolean): boolean {
  if (before === null) return write.text === null;
  if ('unreadable' in before || !isOfSubject) return false;
  const { text, isOpen = false, keepUntilMs = null } = write;
  return before.text === text && before.isOpen === isOpen && before.keepUntilMs === keepUntilMs;
}
