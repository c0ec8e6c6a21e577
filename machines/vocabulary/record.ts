/**
 * What travels with the record of an entity, between a store and an upstream that keeps it (CF-1, CF-6).
 *
 * @module
 */

import type { Json, JsonObject } from './shape.ts';

/** Changes seen, by device id; `srv` is the server. A device that is missing counts 0. */
export type VersionVector = Readonly<Record<string, number>>;

/** A moment: wall time in milliseconds, and a counter for what falls into the same one. */
export interface HybridStamp {
  readonly ms: number;
  readonly c: number;
}

/** That somebody removed an item of a list, or a value, and that it is not just missing. */
export interface Tombstone {
  /** A JSON Pointer at any depth: `/collection/id`, where an item is named by its identity, or `/field`. */
  readonly path: string;
  /** Whether the person was asked and said yes. */
  readonly confirmed?: boolean;
  readonly by?: string;
  /** When, in milliseconds since 1970. */
  readonly at?: number;
  readonly reason?: string;
}

/** That the person who edits a record means what a rule would ask about. */
export interface Confirmation {
  /** A JSON Pointer: questions about this place and what is below it are answered with what the edit says. */
  readonly path: string;
  /** The person who has confirmed it. */
  readonly by: string;
  readonly reason?: string;
}

/** The maker of a version of a record, and the instant. */
export interface Maker {
  /** The device, or the upstream. */
  readonly actor: string;
  /** The instant; it only orders what is concurrent. */
  readonly hlc: HybridStamp;
}

/** What a store says of a record beside its value, so that others can tell what is newer and what is removed. */
export interface RecordMeta extends Maker {
  /** What of each device, and of the server, the value has seen. */
  readonly vv: VersionVector;
  readonly tombstones?: readonly Tombstone[];
  /** The last sign of each device, in milliseconds since 1970: what all have seen need not be kept for ever. */
  readonly heard?: Readonly<Record<string, number>>;
  /** The random part of the last body of each device: with its count it proves that this body has arrived. */
  readonly bodies?: Readonly<Record<string, string>>;
  /**
   * Removals that are carried no more, since there is no room for them, by what of each device one has to have seen to
   * know them: a store that has seen less may still have such an item.
   */
  readonly forgotten?: VersionVector;
  /** Questions about the record that are open. */
  readonly asks?: readonly CarriedQuestion[];
  /** The version of the entity's rules that made it; left out for 1. */
  readonly rules?: number;
}

/**
 * {@link RecordMeta} as it travels: short, bounded in bytes, and only holdfast reads it. Keep it with the record as it
 * came, and give it back where the record is read.
 */
export type CarriedMeta = JsonObject;

/** An open question about a record, as its metadata carries it: without a word of what the record holds. */
export interface CarriedQuestion {
  /** The id of the conflict: the same on every device. */
  readonly id: string;
  /** What is asked about: pointers, an item by its id, or by a hash where that could be words. */
  readonly paths: readonly string[];
  /** The device that asks. */
  readonly by: string;
  /** The count of the body of {@link by} that brought it: who has seen that body and lists it no more has closed it. */
  readonly count: number;
  /** The type of the requests that edit the record, there. */
  readonly type: string;
  /** The devices whose words somebody is asked about. */
  readonly from: readonly string[];
}

/** A record as its upstream holds it. */
export interface Current<Value = Json> {
  /** Validator, such as an entity tag, exactly as the upstream gave it; `null` where it has given none. */
  readonly version: string | null;
  readonly value: Value;
  /** What another store said of it; left out where the upstream does not carry that. */
  readonly meta?: RecordMeta | undefined;
  /** The moment that an authority speaks of, in milliseconds since 1970. */
  readonly asOfMs?: number | undefined;
  /** True: the upstream itself answers for it. Never take this from a device. */
  readonly isVerified?: boolean | undefined;
}

/** The version of a record that a change was made on: what `entities.get()` gives as `base`. */
export interface EditBase<Value = Json> {
  /** Validator; `null` where the upstream has given none. */
  readonly version: string | null;
  readonly value: Value;
  /** The id of the waiting edit that {@link value} shows: an edit on this base is its successor. */
  readonly edit?: string;
}

/** What the upstream has to hold for an edit to be taken: this version, or no record at all. */
export type EditCondition = { readonly version: string } | { readonly absent: true };

/** The thing an operation changes. Operations of one entity form a lane and run in order (OP-4). */
export interface Entity {
  readonly type: string;
  readonly id: string;
}

/**
 * Why there is a conflict about a record.
 * - `conflict`: the upstream held another version than the one that the edit was made on.
 * - `predecessor`: something was known already when the edit had its turn: an earlier edit was merged or given up, others
 *   were heard of, or the rules ask about the edit alone.
 * - `outcomeUnknown`: an attempt may have been applied, and the upstream holds something else now.
 * - `rounds`: the record changed at the upstream each time before the merged one arrived.
 * - `silent`: this store has heard nothing of the upstream for longer than removals are remembered.
 * - `elsewhere`: another device asks, and its question came with the record.
 * - `mergeFailed`: the rules of the entity threw, or gave what is no record.
 * - `unreadable`: what the upstream holds can't be read as a record.
 */
export const CONFLICT_REASONS = [
  'conflict',
  'predecessor',
  'outcomeUnknown',
  'rounds',
  'silent',
  'elsewhere',
  'mergeFailed',
  'unreadable',
] as const;

export type ConflictReason = (typeof CONFLICT_REASONS)[number];
