/**
 * What is kept of a conflict about a record of the app: both sides, what the rules made of them, what a person is
 * asked, and what people have decided. It is sealed, for it holds what the record holds; nothing of it gets into a
 * context, a fact or a message (CF-6).
 *
 * @module
 */

import type { AuditEntry, ReviewItem } from '../merge/rules/ruling.ts';
import { CONFLICT_REASONS, type ConflictReason, type Entity } from '../vocabulary/record.ts';
import type { Json } from '../vocabulary/shape.ts';
import type { Person } from '../vocabulary/subject.ts';

/** How far it is: a person is asked, all is decided, or it could not be merged. */
export const CONFLICT_STATES = ['awaitingReview', 'resolved', 'quarantined'] as const;
export type ConflictRecordState = (typeof CONFLICT_STATES)[number];

/** What one side has made of the record. */
export interface ConflictSide {
  /** The device, or the upstream. */
  readonly who: string;
  /** When it was last edited, by the clock of its own; `null` where that is not known. */
  readonly atMs: number | null;
  /** The edit is this store's own. */
  readonly isOurs: boolean;
  readonly value: Json;
}

/**
 * What a person takes in answer to one question: the alternative of this number, from 1, as they are listed; 0 for
 * what stands already; or a value of their own.
 */
export type ConflictChoice = { readonly take: number } | { readonly value: Json };

/** One decision of a person, with what the record was before and after. */
export interface ConflictDecided {
  readonly kind: 'resolved' | 'undone';
  readonly by: Person;
  readonly atMs: number;
  /** By the id of the question; empty where a whole record was given, and for what is undone. */
  readonly choices: Readonly<Record<string, ConflictChoice>>;
  readonly before: Json;
  readonly after: Json;
  /** Nothing is left to do: it goes out with an operation, or nothing of it has to. */
  readonly isCarriedOut: boolean;
  /** The operation that carries it to the upstream; `null` where none does. */
  readonly operationId: string | null;
  /** The random part of the key under which it goes out: no two decisions ever share one (OP-8). */
  readonly nonce: string;
  /** Why it is never carried out: a code of holdfast, or how its operation ended. The question is open again. */
  readonly refusedFor?: string;
}

export interface ConflictRecord {
  readonly id: string;
  readonly state: ConflictRecordState;
  readonly reason: ConflictReason;
  /** The operation waits for the decision. */
  readonly isHeld: boolean;
  /** The type of the requests that edit the record. */
  readonly type: string;
  readonly subject: string;
  readonly entity: Entity;
  /** The edit that met it; `null` where a change from elsewhere did. */
  readonly operationId: string | null;
  readonly openedAtMs: number;
  /** What both sides began with, as far as that is known. */
  readonly base: Json | null;
  /** The version of the other side at the upstream; `null` where it has none. */
  readonly version: string | null;
  readonly sides: readonly ConflictSide[];
  /** Both sides put together: in use until somebody decides. */
  readonly value: Json;
  readonly items: readonly ReviewItem[];
  readonly audit: readonly AuditEntry[];
  /** The same on every device that has merged the same; empty where nothing could be merged. */
  readonly mergeId: string;
  /** In order. */
  readonly decisions: readonly ConflictDecided[];
  /** Those of {@link items}, as they were before the last edit joined, those that are of edits before it. */
  readonly earlier?: readonly ReviewItem[];
  /** Edits that wait behind the one that is held, whose words are among the alternatives: a decision is for them, too. */
  readonly behind?: readonly string[];
  /** Another device asks, and its question came with the record; left out for what is asked here. */
  readonly carried?: CarriedFrom;
}

/** The store whose question came with a record. */
export interface CarriedFrom {
  /** The device that asks, which has both sides. */
  readonly by: string;
  /** The devices whose words somebody is asked about. */
  readonly from: readonly string[];
}

/** Whether a person is to look at it, or what they have decided is still to be carried out. */
export function isOpen(record: ConflictRecord): boolean {
  return record.state !== 'resolved' || isToBeCarriedOut(record);
}

/** Whether what was decided last is kept, and still to be carried out. */
export function isToBeCarriedOut({
  state,
  decisions,
}: Pick<ConflictRecord, 'state' | 'decisions'>): boolean {
  return state === 'resolved' && decisions.at(-1)?.isCarriedOut === false;
}

/** What stands after all that was decided. */
export function standingValue({ state, value, decisions }: ConflictRecord): Json {
  const last = decisions.at(-1);
  // That there is no such record may be what was decided.
  return state === 'resolved' && last !== undefined ? last.after : value;
}

export function encodeConflict(record: ConflictRecord): string {
  return JSON.stringify(record);
}

/** `null` for what is no record of a conflict; a field that a later version has added is carried. */
export function decodeConflict(text: string): ConflictRecord | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  return isRecord(read) ? read : null;
}

type Fields = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string';
const isNumber: Test = (value) => typeof value === 'number' && Number.isFinite(value);
const isFlag: Test = (value) => typeof value === 'boolean';
const isJson: Test = (value) => value !== undefined;
const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const listOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const withFields =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isFields(value) && Object.entries(tests).every(([name, test]) => test(value[name]));
const oneOf =
  (words: readonly string[]): Test =>
  (value) =>
    words.some((word) => word === value);
const isChoice: Test = (value) =>
  isFields(value) && (isNumber(value['take']) || value['value'] !== undefined);

const isAlternative = withFields({
  value: isJson,
  actor: orNull(isText),
  atMs: orNull(isNumber),
});

const RECORD = withFields({
  id: isText,
  state: oneOf(CONFLICT_STATES),
  reason: oneOf(CONFLICT_REASONS),
  isHeld: isFlag,
  type: isText,
  subject: isText,
  entity: withFields({ type: isText, id: isText }),
  operationId: orNull(isText),
  openedAtMs: isNumber,
  base: isJson,
  version: orNull(isText),
  sides: listOf(withFields({ who: isText, atMs: orNull(isNumber), isOurs: isFlag, value: isJson })),
  value: isJson,
  items: listOf(
    withFields({
      id: isText,
      path: isText,
      rule: isText,
      reason: isText,
      alternatives: listOf(isAlternative),
    }),
  ),
  audit: listOf(
    withFields({
      path: isText,
      rule: isText,
      reason: isText,
      kept: isJson,
      lost: listOf(isAlternative),
    }),
  ),
  mergeId: isText,
  decisions: listOf(
    withFields({
      kind: oneOf(['resolved', 'undone']),
      by: withFields({ id: isText }),
      atMs: isNumber,
      choices: (value) => isFields(value) && Object.values(value).every(isChoice),
      before: isJson,
      after: isJson,
      isCarriedOut: isFlag,
      operationId: orNull(isText),
      nonce: isText,
    }),
  ),
});

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is ConflictRecord {
  return RECORD(value);
}

/**
 * The id of the conflict that an edit is in. It has one: what it meets in a later round, or again after a crash, is
 * the same conflict, so that nobody is asked twice.
 */
export function conflictIdOf({ id }: { readonly id: string }): string {
  return `${id}-c1`;
}

/** The last group of a UUID has 12 digits, and may be a `c` and eleven others: no number of a conflict is as long. */
const NUMBERED = /-c\d{1,10}$/;

/** The id of the edit that a conflict is of; an id of another form as it is. */
export function editIdOf(conflictId: string): string {
  return conflictId.replace(NUMBERED, '');
}

/** The id of another conflict of the same edit, for while a decision about the first is being carried out. */
export function nextConflictId(conflictId: string): string {
  return conflictId.replace(/\d+$/, (number) => String(Number(number) + 1));
}
