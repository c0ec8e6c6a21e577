/**
 * What a request of a type whose handler has `conflicts` must meet beside the rules for all: it is an edit of
 * the record of an entity, and is merged with what others made of that (CF-1, CF-7).
 *
 * @module
 */

import type { Confirmation, EditBase, Tombstone } from '../../vocabulary/record.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { checkedChanges } from './jsonPatch.ts';
import { invalidField as invalid } from './requestBody.ts';

/** How many removals a request may have. */
export const REMOVALS_MAX = 256;
const POINTER_LENGTH_MAX = 1_024;
const BY_LENGTH_MAX = 256;
const REASON_LENGTH_MAX = 1_000;
const EDIT_LENGTH_MAX = 256;
/** Characters of a version, at most: what most servers allow a header, and far more than any validator has. */
export const VERSION_LENGTH_MAX = 1_024;

/** RFC 6901; that of the whole record, which is empty, removes no item of it. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;

const REMOVAL_FIELDS = {
  path: 0,
  confirmed: 0,
  by: 0,
  at: 0,
  reason: 0,
} as const satisfies Record<keyof Tombstone, 0>;
const BASE_FIELDS = { version: 0, value: 0, edit: 0 } as const satisfies Record<keyof EditBase, 0>;

const CONFIRM_FIELDS = { path: 0, by: 0, reason: 0 } as const satisfies Record<
  keyof Confirmation,
  0
>;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks what an edit is made of. Card data is looked for where the body is made.
 *
 * @param isEdit `null` where the handlers are not known
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the field
 */
export function checkEdit(
  given: {
    readonly entity?: unknown;
    readonly base?: unknown;
    readonly removals?: unknown;
    readonly changes?: unknown;
    readonly payload?: unknown;
    readonly confirm?: unknown;
  },
  isEdit: boolean | null,
  isDeclared: (entityType: string) => boolean = () => false,
): void {
  const { entity, base, removals, confirm } = given;
  if (isEdit === true) {
    if (entity === undefined) {
      throw invalid(
        'entity',
        'is missing: the handler of this type has conflicts, so a request has to say which record it changes, { type, id }',
      );
    }
    if (base !== undefined) checkBase(base);
    if (given.changes === undefined) checkPayload(given, isDeclared);
  }
  if (confirm !== undefined) {
    if (isEdit === false) {
      throw invalid(
        'confirm',
        'is only for types whose handler has conflicts: nothing else would look at it',
      );
    }
    checkConfirm(confirm);
  }
  if (given.changes !== undefined) checkPatch(given, isEdit);
  if (removals === undefined) return;
  if (isEdit === false) {
    throw invalid(
      'removals',
      'are only for types whose handler has conflicts: nothing else would look at them',
    );
  }
  checkRemovals(removals);
}

/** An edit is the record as its user left it. Where the record is an object, so is that. */
function checkPayload(
  given: { readonly entity?: unknown; readonly base?: unknown; readonly payload?: unknown },
  isDeclared: (entityType: string) => boolean,
): void {
  const { payload } = given;
  if (fieldsOf(payload) !== null) return;
  const { type } = fieldsOf(given.entity) ?? {};
  const isOfObject =
    (typeof type === 'string' && isDeclared(type)) ||
    fieldsOf(fieldsOf(given.base)?.['value']) !== null;
  requireThat(
    payload !== undefined && payload !== null && !isOfObject,
    'payload',
    'must be the record, an object: an edit takes none away. Where it is to go, remove it by an operation of your own; what is to go of it, name in removals',
  );
}

function checkConfirm(confirm: unknown): void {
  requireThat(Array.isArray(confirm), 'confirm', 'must be a list of { path, by, reason }');
  requireThat(confirm.length <= REMOVALS_MAX, 'confirm', `must be at most ${REMOVALS_MAX}`);
  for (const [index, one] of confirm.entries()) {
    const field = `confirm[${index}]`;
    const fields = fieldsOf(one);
    requireThat(
      fields !== null && onlyKnown(fields, CONFIRM_FIELDS),
      field,
      'must be an object with path and by, and reason where there is one',
    );
    const { path, by, reason } = fields;
    requireThat(
      path === '' || (isText(path, POINTER_LENGTH_MAX) && POINTER.test(path)),
      `${field}.path`,
      `must be a JSON Pointer of at most ${POINTER_LENGTH_MAX} characters, such as /consents/research; empty for the whole record`,
    );
    requireThat(
      by !== '' && isText(by, BY_LENGTH_MAX),
      `${field}.by`,
      `must say who has confirmed it, in at most ${BY_LENGTH_MAX} characters`,
    );
    requireThat(
      reason === undefined || isText(reason, REASON_LENGTH_MAX),
      `${field}.reason`,
      `must be a text of at most ${REASON_LENGTH_MAX} characters`,
    );
  }
}

function checkPatch(
  given: { readonly base?: unknown; readonly changes?: unknown; readonly payload?: unknown },
  isEdit: boolean | null,
): void {
  if (isEdit === false) {
    throw invalid('changes', 'are only for types whose handler has conflicts: give a payload');
  }
  requireThat(given.payload === undefined, 'payload', 'is given beside changes: give one of them');
  const hasValue = fieldsOf(given.base)?.['value'] !== undefined;
  requireThat(
    hasValue,
    'base',
    'has to have the value that the changes are made of: give the base that came with it from entities.get()',
  );
  for (const [at, change] of checkedChanges(given.changes).entries()) {
    if (change.op !== 'remove' && change.op !== 'move') continue;
    const { by, at: atMs, reason } = change;
    checkRemoval({ path: '/x', by, at: atMs, reason }, `changes[${at}]`);
  }
}

function checkBase(base: unknown): void {
  const what =
    'must be the validator of the version that the change was made on, a text such as \'"v7"\', or { version, value } as entities.get() gives it';
  if (typeof base === 'string') {
    requireThat(isVersion(base), 'base', what);
    return;
  }
  const fields = fieldsOf(base);
  requireThat(fields !== null && onlyKnown(fields, BASE_FIELDS), 'base', what);
  const { version, value, edit } = fields;
  requireThat(
    version === null || (typeof version === 'string' && isVersion(version)),
    'base.version',
    `must be a text of 1 to ${VERSION_LENGTH_MAX} characters, or null`,
  );
  requireThat(value !== undefined, 'base.value', 'is missing');
  requireThat(
    edit === undefined || (edit !== '' && isText(edit, EDIT_LENGTH_MAX)),
    'base.edit',
    'must be the id of the edit that the value shows, as sync() or entities.get() gives it',
  );
}

function checkRemovals(removals: unknown): void {
  requireThat(
    Array.isArray(removals),
    'removals',
    'must be a list of { path, confirmed, by, at, reason }',
  );
  requireThat(removals.length <= REMOVALS_MAX, 'removals', `must be at most ${REMOVALS_MAX}`);
  for (const [index, removal] of removals.entries()) {
    checkRemoval(fieldsOf(removal), `removals[${index}]`);
  }
}

function checkRemoval(fields: Fields | null, field: string): void {
  requireThat(
    fields !== null && onlyKnown(fields, REMOVAL_FIELDS),
    field,
    `must be an object with path, and of ${Object.keys(REMOVAL_FIELDS).slice(1).join(', ')} what is known`,
  );
  const { path, confirmed, by, at, reason } = fields;
  requireThat(
    isText(path, POINTER_LENGTH_MAX) && POINTER.test(path),
    `${field}.path`,
    `must be a JSON Pointer of at most ${POINTER_LENGTH_MAX} characters, such as /contacts/c2`,
  );
  requireThat(
    confirmed === undefined || typeof confirmed === 'boolean',
    `${field}.confirmed`,
    'must be true or false',
  );
  requireThat(
    by === undefined || isText(by, BY_LENGTH_MAX),
    `${field}.by`,
    `must be a text of at most ${BY_LENGTH_MAX} characters`,
  );
  requireThat(
    confirmed !== true || (by !== undefined && by !== ''),
    `${field}.by`,
    'is missing: a removal that is confirmed says who has confirmed it',
  );
  requireThat(
    at === undefined || (Number.isSafeInteger(at) && Number(at) >= 0),
    `${field}.at`,
    'must be a whole number of milliseconds since 1970',
  );
  requireThat(
    reason === undefined || isText(reason, REASON_LENGTH_MAX),
    `${field}.reason`,
    `must be a text of at most ${REASON_LENGTH_MAX} characters`,
  );
}

/** Whether a text may be the validator of a version. */
function isVersion(text: string): boolean {
  return text !== '' && text.length <= VERSION_LENGTH_MAX;
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax;
}

function fieldsOf(value: unknown): Fields | null {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : null;
}

/** A field that is misspelt would be lost without a word. */
function onlyKnown(fields: Fields, known: Readonly<Record<string, 0>>): boolean {
  return Object.keys(fields).every((name) => Object.hasOwn(known, name));
}

function requireThat(holds: boolean, field: string, problem: string): asserts holds {
  if (!holds) throw invalid(field, problem);
}

/** What an edit says that it was made on. */
export interface Base {
  /** `undefined` where the app gave none. */
  readonly version: string | null | undefined;
  readonly value: Json | null;
  /** The edit that the value shows; `null` where it shows none that waited. */
  readonly edit: string | null;
}

/** What the app says that it made the edit of. */
export function baseOf(base: Json | undefined): Base {
  if (typeof base === 'string') return { version: base, value: null, edit: null };
  const { version, value, edit } = fieldsOf(base) ?? {};
  return {
    version: typeof version === 'string' || version === null ? version : undefined,
    value: (value as Json | undefined) ?? null,
    edit: typeof edit === 'string' ? edit : null,
  };
}
