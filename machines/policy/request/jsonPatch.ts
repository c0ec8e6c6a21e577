/**
 * Edits as JSON Patch (RFC 6902): operations on the value that an edit was made of, in place of the whole record. What a
 * `remove` takes out counts as a removal, which says who confirmed it where the rules of the entity ask for that (CF-7).
 *
 * No message names a step of a path or a value, which may be health data (SE-5): operations are counted.
 *
 * @module
 */

import type { HoldfastError } from '../../vocabulary/errors.ts';
import type { Tombstone } from '../../vocabulary/record.ts';
import { JSON_DEPTH_MAX, type Json } from '../../vocabulary/shape.ts';
import { invalidField } from './requestBody.ts';

/** What a person has confirmed of an operation that takes something out. */
interface Confirmed {
  readonly by?: string | undefined;
  readonly at?: number | undefined;
  readonly reason?: string | undefined;
}

/**
 * One operation of a JSON Patch (RFC 6902). Its paths are JSON Pointers into the value of `base`, an item of a list by
 * its index, as the operations before have left it. `by`, `at` and `reason` are those of a removal; with `by` it counts
 * as confirmed.
 */
export type JsonPatchOperation =
  | {
      readonly op: 'add' | 'replace' | 'test';
      readonly path: string;
      readonly value: Json | object;
    }
  | ({ readonly op: 'remove'; readonly path: string } & Confirmed)
  | ({ readonly op: 'move'; readonly from: string; readonly path: string } & Confirmed)
  | { readonly op: 'copy'; readonly from: string; readonly path: string };

/** The paths that are taken out where one record becomes another, and whether only a person's word takes them out. */
export type TakenOut = (
  before: Json,
  after: Json,
) => { readonly paths: readonly string[]; readonly needsBy: boolean };

/** What a patch makes of a record. */
export interface Patched {
  readonly value: Json;
  readonly removals: readonly Tombstone[];
}

/** How many operations a patch may have. */
const CHANGES_MAX = 1_024;
const POINTER_LENGTH_MAX = 1_024;
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const INDEX = /^(?:0|[1-9]\d{0,8})$/;
const OPS = ['add', 'copy', 'move', 'remove', 'replace', 'test'];

/** So many items beside one are enough for it not to be the last. */
const OTHERS_MAX = 2;

type Steps = readonly string[];
type Holder = Json[] | Record<string, Json>;

/**
 * What the operations make of a value, which is left as it is.
 *
 * @param takenOut by the rules of the entity
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the operation: one that is none, whose path is not there, or whose
 * test does not hold. Nothing of the others is done then.
 */
export function patched(base: Json, changes: unknown, takenOut: TakenOut): Patched {
  const document = new PatchedDocument(base);
  const removals: Tombstone[] = [];
  for (const [at, change] of checkedChanges(changes).entries()) {
    const field = `changes[${at}]`;
    const isGoing = change.op === 'remove' || change.op === 'move';
    const from = stepsOf(change.op === 'move' ? change.from : change.path);
    const outline = isGoing ? document.outlineOf(from) : null;
    document.apply(change, field);
    const isInPlace =
      change.op === 'move' &&
      from.slice(0, -1).join('/') === stepsOf(change.path).slice(0, -1).join('/');
    if (outline === null || !isGoing || (isInPlace && outline.isItem)) continue;
    const { paths, needsBy } = takenOut(outline.before, outline.after);
    const { by, at: atMs, reason } = change;
    if (needsBy && by === undefined) throw missingBy(field);
    for (const path of paths) {
      removals.push({
        path,
        ...(by === undefined ? {} : { confirmed: true, by }),
        ...(atMs === undefined ? {} : { at: atMs }),
        ...(reason === undefined ? {} : { reason }),
      });
    }
  }
  return { value: document.value, removals };
}

/** @throws HoldfastError `HF_REQUEST_INVALID` for what is no list of operations */
export function checkedChanges(changes: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(changes)) {
    throw invalidField(
      'changes',
      'must be a list of operations of JSON Patch, { op, path, value }',
    );
  }
  if (changes.length > CHANGES_MAX) throw invalidField('changes', `must be at most ${CHANGES_MAX}`);
  for (const [at, change] of changes.entries()) {
    const field = `changes[${at}]`;
    if (typeof change !== 'object' || change === null) {
      throw invalidField(field, 'must be an object with op and path');
    }
    const { op, path, from, value } = change as Readonly<Record<string, unknown>>;
    if (!OPS.includes(String(op)))
      throw invalidField(`${field}.op`, `must be one of ${OPS.join(', ')}`);
    checkPointer(path, `${field}.path`);
    if (op === 'move' || op === 'copy') checkPointer(from, `${field}.from`);
    if ((op === 'add' || op === 'replace' || op === 'test') && value === undefined) {
      throw invalidField(`${field}.value`, 'is missing');
    }
    if (path === '' && op === 'remove') {
      throw invalidField(`${field}.path`, 'is the whole record, which no edit removes');
    }
  }
  return changes as readonly JsonPatchOperation[];
}

function checkPointer(path: unknown, field: string): void {
  const isPointer =
    typeof path === 'string' && path.length <= POINTER_LENGTH_MAX && POINTER.test(path);
  if (isPointer && path.split('/').length <= JSON_DEPTH_MAX) return;
  throw invalidField(
    field,
    `must be a JSON Pointer of at most ${POINTER_LENGTH_MAX} characters, such as /contacts/0/name`,
  );
}

/** A value under change. What it was made of is never touched: what changes is copied first, once. */
class PatchedDocument {
  #value: Json;
  readonly #own = new WeakSet<object>();

  constructor(value: Json) {
    this.#value = value;
  }

  get value(): Json {
    return this.#value;
  }

  apply(change: JsonPatchOperation, field: string): void {
    const steps = stepsOf(change.path);
    switch (change.op) {
      case 'add':
        this.#add(steps, change.value as Json, field);
        break;
      case 'remove':
        this.#remove(steps, `${field}.path`);
        break;
      case 'replace':
        this.#replace(steps, change.value as Json, field);
        break;
      case 'copy': {
        const copied = this.#read(stepsOf(change.from), `${field}.from`);
        // A copy of its own: what is done to one of them is not done to the other.
        this.#add(steps, JSON.parse(JSON.stringify(copied)) as Json, field);
        break;
      }
      case 'move': {
        const from = stepsOf(change.from);
        const moved = this.#read(from, `${field}.from`);
        if (change.path === change.from) break;
        if (change.path.startsWith(`${change.from}/`)) {
          throw invalidField(`${field}.path`, 'is within what is moved');
        }
        this.#remove(from, `${field}.from`);
        this.#add(steps, moved, field);
        break;
      }
      case 'test':
        if (!isEqual(this.#read(steps, `${field}.path`), change.value)) {
          throw invalidField(field, 'is a test that does not hold: another value is there');
        }
        break;
      default:
        change satisfies never;
    }
  }

  /**
   * The record with nothing in it but what leads to a place, before and after that is taken out: enough for its rules
   * to say how the place is named, whatever else the record holds. `null` where nothing is there.
   */
  outlineOf(
    steps: Steps,
  ): { readonly before: Json; readonly after: Json; readonly isItem: boolean } | null {
    const outline = (value: Json | undefined, at: number, isGone: boolean): Json | undefined => {
      const step = steps[at];
      if (step === undefined) return isGone ? undefined : value;
      if (Array.isArray(value)) {
        const item = outline(value[Number(step)], at + 1, isGone);
        const isLast = at === steps.length - 1;
        // The last item of a list may have rules of its own.
        const others = isLast ? value.filter((_, index) => index !== Number(step)) : [];
        return [...(item === undefined ? [] : [item]), ...others.slice(0, OTHERS_MAX)];
      }
      if (typeof value !== 'object' || value === null) return value;
      const fields = value as Readonly<Record<string, Json>>;
      const inner = Object.hasOwn(fields, step) ? outline(fields[step], at + 1, isGone) : undefined;
      // An item is known by its fields.
      const isItem = at > 0 && INDEX.test(steps[at - 1] ?? '');
      const { [step]: _, ...others } = isItem ? fields : {};
      return { ...others, ...(inner === undefined ? {} : { [step]: inner }) };
    };
    const before = outline(this.#value, 0, false);
    const after = outline(this.#value, 0, true);
    if (before === undefined || after === undefined) return null;
    const holder = this.#holderOf(steps, null);
    return { before, after, isItem: Array.isArray(holder) };
  }

  #read(steps: Steps, field: string): Json {
    if (steps.length === 0) return this.#value;
    const holder = this.#holderOf(steps, field);
    const key = keyIn(holder, steps, field);
    return (holder as Record<string | number, Json>)[key] as Json;
  }

  #add(steps: Steps, value: Json, field: string): void {
    const last = steps.at(-1);
    if (last === undefined) {
      this.#value = value;
      return;
    }
    const holder = this.#ownHolderOf(steps, `${field}.path`);
    if (!Array.isArray(holder)) {
      setField(holder, last, value);
      return;
    }
    const at = last === '-' ? holder.length : INDEX.test(last) ? Number(last) : Number.NaN;
    if (!(at <= holder.length)) throw notThere(`${field}.path`);
    holder.splice(at, 0, value);
  }

  #remove(steps: Steps, field: string): void {
    const holder = this.#ownHolderOf(steps, field);
    const key = keyIn(holder, steps, field);
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete holder[key];
  }

  #replace(steps: Steps, value: Json, field: string): void {
    if (steps.length === 0) {
      this.#value = value;
      return;
    }
    const holder = this.#ownHolderOf(steps, `${field}.path`);
    const key = keyIn(holder, steps, `${field}.path`);
    if (Array.isArray(holder)) holder[Number(key)] = value;
    else setField(holder, String(key), value);
  }

  /** What holds the place; `field` names what is wrong where nothing does, or is `null` where that is none. */
  #holderOf(steps: Steps, field: string | null): Json | undefined {
    let value: Json | undefined = this.#value;
    for (let at = 0; at < steps.length - 1; at += 1) {
      const key: string | number | undefined = isHolder(value)
        ? keyOr(value, steps[at] ?? '')
        : undefined;
      if (key === undefined) {
        if (field === null) return undefined;
        throw notThere(field);
      }
      value = (value as Record<string | number, Json>)[key];
    }
    if (!isHolder(value) && field !== null) throw notThere(field);
    return value;
  }

  /** The same, copied with all that leads to it, so that it may be changed. */
  #ownHolderOf(steps: Steps, field: string): Holder {
    if (steps.length === 0) throw notThere(field);
    this.#holderOf(steps, field);
    let holder = this.#owned(this.#value as Holder);
    this.#value = holder;
    for (const step of steps.slice(0, -1)) {
      const key = keyOr(holder, step) ?? step;
      const inner = this.#owned((holder as Record<string | number, Json>)[key] as Holder);
      if (Array.isArray(holder)) holder[Number(key)] = inner;
      else setField(holder, String(key), inner);
      holder = inner;
    }
    return holder;
  }

  #owned(holder: Holder): Holder {
    if (this.#own.has(holder)) return holder;
    const copy = Array.isArray(holder) ? [...holder] : { ...holder };
    this.#own.add(copy);
    return copy;
  }
}

function stepsOf(pointer: string): Steps {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isHolder(value: Json | undefined): value is Json & object {
  return typeof value === 'object' && value !== null;
}

/** The key of a step in what holds it; `undefined` where it is not there. */
function keyOr(holder: object, step: string): string | number | undefined {
  if (Array.isArray(holder)) {
    return INDEX.test(step) && Number(step) < holder.length ? Number(step) : undefined;
  }
  const isThere =
    Object.hasOwn(holder, step) && (holder as Record<string, unknown>)[step] !== undefined;
  return isThere ? step : undefined;
}

function keyIn(holder: Json | undefined, steps: Steps, field: string): string | number {
  const key = isHolder(holder) ? keyOr(holder, steps.at(-1) ?? '') : undefined;
  if (key === undefined) throw notThere(field);
  return key;
}

/** Also a field by the name of `__proto__` is only a field. */
function setField(holder: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(holder, name, {
    ...{ value, writable: true, enumerable: true, configurable: true },
  });
}

function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [names, others] = [fieldsOf(one), fieldsOf(other)];
  return (
    names.length === others.length &&
    names.every(
      (name) =>
        Object.hasOwn(other, name) &&
        isEqual((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
    )
  );
}

function fieldsOf(value: object): readonly string[] {
  return Object.keys(value).filter(
    (name) => (value as Record<string, unknown>)[name] !== undefined,
  );
}

function notThere(field: string): HoldfastError {
  return invalidField(
    field,
    'leads to nothing in the value of base, as the operations before it have left that. Make the changes of what entities.get() gave with that base',
  );
}

function missingBy(field: string): HoldfastError {
  return invalidField(
    `${field}.by`,
    'is missing: the rules of this entity take out nothing there without a person. Ask them, and give the id of who has confirmed it',
  );
}
