/**
 * Everything that a store has about one person, found by index, a bounded page at a time (AC-3).
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import type {
  CrisisModesAtOpen,
  Kept,
  KeptRoom,
  Store,
  StoredOperation,
  StoreInfo,
  UnreadableKept,
} from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { CrisisModes } from '../crisis/crisisModes.ts';
import type { Resident } from '../operation/resident.ts';

/** Kinds of records, in the order in which they are read. */
export const SUBJECT_RECORD_KINDS = [
  'operation',
  'entity',
  'conflict',
  'crisisPlan',
  'crisisMode',
] as const;
export type SubjectRecordKind = (typeof SUBJECT_RECORD_KINDS)[number];

/** A record about a person. */
export interface SubjectRecord {
  readonly kind: SubjectRecordKind;
  /** Everything in it, as it is kept. */
  readonly value: JsonObject;
  /** True for a record that can't be opened: `value` has what is known of it. */
  readonly isUnreadable: boolean;
}

/** Where a page begins. */
export interface SubjectPlace {
  readonly kind: SubjectRecordKind;
  /** The number of the record before; 0 for the first of its kind. */
  readonly after: number;
}

export interface SubjectPage {
  readonly records: readonly SubjectRecord[];
  /** Where the next page begins; `null` after the last. */
  readonly next: SubjectPlace | null;
}

export interface SubjectAccess {
  /** The next records about a person. @throws HoldfastError (rejects) `HF_STORE_…`. */
  page(subject: string, from: SubjectPlace): Promise<SubjectPage>;
}

export interface SubjectSources {
  readonly store: Pick<Store, 'beside'>;
  /** Accepted work on a person that may not be in the database yet. */
  readonly unwritten: (subject: string) => readonly (SubjectRecord & { readonly id: string })[];
  /** The text of the crisis mode of a person, and whether nobody knows for whom it is on. */
  readonly crisisMode: (subject: string) => {
    readonly text: string | null;
    readonly isInDoubt: boolean;
  };
}

/** Records of a page, of which each is read with its payload. */
const PAGE_ROWS = 32;
/** Characters after which a page ends: a payload has up to 1 MiB. */
const PAGE_LENGTH = 1_048_576;

export function subjectAccess({ store, unwritten, crisisMode }: SubjectSources): SubjectAccess {
  const { beside } = store;
  const read: Readonly<
    Record<SubjectRecordKind, (subject: string, after: number) => Promise<Read>>
  > = {
    async operation(subject, after) {
      const query = { subject, order: 'oldest', fromSeq: after, limit: PAGE_ROWS } as const;
      const { rows, nextSeq } = await beside.search(query);
      const records: SubjectRecord[] = [];
      let length = 0;
      for (const { id, seq } of rows) {
        if (length >= PAGE_LENGTH) return { records, after: seq - 1 };
        const row = await beside.find(id);
        if (row === null) continue;
        length += row.state.length + (row.payload?.length ?? 0);
        records.push(operationRecord(row));
      }
      if (nextSeq !== null) return { records, after: nextSeq };
      for (const { id, ...record } of unwritten(subject)) {
        if ((await beside.find(id)) === null) records.push(record);
      }
      return { records, after: null };
    },
    entity: (subject, after) => kept('entity', subject, after),
    conflict: (subject, after) => kept('conflict', subject, after),
    async crisisPlan(subject) {
      const found = await beside.crisisPlan(subject);
      return { records: found === null ? [] : [planRecord(found)], after: null };
    },
    crisisMode(subject) {
      const { text, isInDoubt } = crisisMode(subject);
      const records = text === null ? [] : modeRecords(text);
      const doubt = unreadable('crisisMode', {});
      return Promise.resolve({ records: isInDoubt ? [...records, doubt] : records, after: null });
    },
  };
  const kept = async (room: KeptRoom, subject: string, fromSeq: number): Promise<Read> => {
    const query = { room, subject, order: 'oldest', fromSeq, limit: PAGE_ROWS } as const;
    const { rows, nextSeq } = await beside.keptPage(query);
    return { records: rows.map((row) => keptRecord(room, row)), after: nextSeq };
  };
  return {
    async page(subject, from) {
      const records: SubjectRecord[] = [];
      let next: SubjectPlace | null = from;
      // A person has few records: one page has those of all kinds.
      while (next !== null && records.length < PAGE_ROWS) {
        const { kind, after }: SubjectPlace = next;
        const found = await read[kind](subject, after);
        records.push(...found.records);
        next = found.after === null ? following(kind) : { kind, after: found.after };
        if (found.after !== null) break;
      }
      return { records, next };
    },
  };
}

/** The first place of the next kind; `null` after the last. */
function following(kind: SubjectRecordKind): SubjectPlace | null {
  const next = SUBJECT_RECORD_KINDS[SUBJECT_RECORD_KINDS.indexOf(kind) + 1];
  return next === undefined ? null : { kind: next, after: 0 };
}

interface Read {
  readonly records: readonly SubjectRecord[];
  /** The number of the last record that was read; `null` after the last of its kind. */
  readonly after: number | null;
}

function operationRecord(row: StoredOperation): SubjectRecord {
  const { id, standing, payload, state } = row;
  if (standing === 'quarantined') return unreadable('operation', { id });
  return readable('operation', { ...workIn(row, state), ...bodyOf(payload) });
}

function readable(kind: SubjectRecordKind, value: JsonObject): SubjectRecord {
  return { kind, value, isUnreadable: false };
}

function unreadable(kind: SubjectRecordKind, value: JsonObject): SubjectRecord {
  return { kind, value, isUnreadable: true };
}

/** The memory of a chart, and what the upstream said; the text itself, where a later version wrote it. */
function workIn(row: Parameters<typeof decodeWork>[0], text: string): JsonObject {
  try {
    const { snapshot, said } = decodeWork(row);
    return workOf(snapshot, said);
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    return objectIn(text);
  }
}

/** Makes JSON of it, in which a field that is undefined is none. */
function workOf(
  { value, context }: { readonly value: unknown; readonly context: object },
  said: object,
): JsonObject {
  return objectIn(JSON.stringify({ state: value, ...context, ...said }));
}

/** The body of a request, of which an edit has more than the payload; `payload: null` once it is erased. */
function bodyOf(body: string | null): JsonObject {
  return body === null ? { payload: null } : objectIn(body);
}

function keptRecord(
  kind: 'entity' | 'conflict',
  row: Kept | (UnreadableKept & { readonly seq: number }),
): SubjectRecord {
  if ('unreadable' in row) return unreadable(kind, { code: row.unreadable });
  // The mark of a merge that was begun is a number under a key that says so.
  const mark = row.key.startsWith('merging\0') ? { mergeBegun: row.key.split('\0')[1] ?? '' } : {};
  return readable(kind, { ...mark, ...objectIn(row.text) });
}

function planRecord(
  found: Exclude<Awaited<ReturnType<Store['beside']['crisisPlan']>>, null>,
): SubjectRecord {
  if ('unreadable' in found) return unreadable('crisisPlan', { code: found.unreadable });
  const { subject, plan, isPinned, isEarlier = false } = found;
  const kept = plan === null ? {} : objectIn(plan);
  return readable('crisisPlan', { subject, isPinned, isEarlier, ...kept });
}

function modeRecords(text: string): readonly SubjectRecord[] {
  const modes = JSON.parse(text) as readonly { readonly id: string; readonly state: string }[];
  return modes.map(({ id, state }) => {
    const { value = null, context = {}, ...rest } = objectIn(state);
    return readable('crisisMode', {
      id,
      ...rest,
      ...workOf({ value, context: Object(context) }, {}),
    });
  });
}

/** The object in a text; a text that is none as `text`, since nothing may be left out. */
function objectIn(text: string): JsonObject {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) {
      return read as JsonObject;
    }
  } catch {
    // It is shown as it is.
  }
  return { text };
}

/** Sources of a running engine. */
export function subjectSources(
  store: Pick<Store, 'beside'>,
  pool: { readonly residents: readonly Resident[] },
  modes: CrisisModes,
): SubjectSources {
  return {
    store,
    crisisMode: (subject) => ({ text: modes.textOf(subject), isInDoubt: false }),
    unwritten(subject) {
      const form = subjectForm(subject);
      return pool.residents
        .filter((one) => subjectForm(one.subject) === form)
        .map(({ id, actor, said, body }) => {
          const work = workOf(actor.getSnapshot(), said);
          return { id, ...readable('operation', { ...work, ...bodyOf(body) }) };
        });
    },
  };
}

/** The part of what the opening of a store gives that is read then alone. */
export type AtOpen = Pick<StoreInfo, 'crisisModes' | 'spilled' | 'outside'>;

export const NOTHING_AT_OPEN: AtOpen = {
  crisisModes: { kept: [], isInDoubt: false },
  spilled: [],
  outside: [],
};

/** Sources of a store at rest. */
export function subjectSourcesAtRest(
  store: Pick<Store, 'beside'>,
  { crisisModes, spilled, outside }: AtOpen,
): SubjectSources {
  return {
    store,
    crisisMode: (subject) => ({
      text: modeTextOf(crisisModes, subjectForm(subject)),
      isInDoubt: crisisModes.isInDoubt,
    }),
    unwritten(subject) {
      const isTheirs = (given: unknown): boolean =>
        typeof given === 'string' && subjectForm(given) === subjectForm(subject);
      return [
        ...spilled
          .filter((write) => isTheirs(write.subject))
          .map(({ id, state, standing, payload }) => ({
            id,
            ...readable('operation', {
              ...workIn({ state, standing }, state),
              ...bodyOf(payload),
            }),
          })),
        ...outside
          .map(({ id, request }) => ({ id, ...readable('operation', objectIn(request)) }))
          .filter(({ value }) => isTheirs(value['subject'])),
      ];
    },
  };
}

function modeTextOf({ kept }: CrisisModesAtOpen, form: string): string | null {
  return kept.find(({ subject }) => subject === form)?.state ?? null;
}
