/**
 * Management calls about one person: everything that the store has about them, for their eyes (AC-3).
 *
 * @module
 */

import { SUBJECT_RECORD_KINDS, type SubjectPage, type SubjectPlace } from '../../actors/port.ts';
import { RESOURCE_KINDS } from '../../machines/policy/crisis/crisisResources.ts';
import { checkFields, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { isAlso } from '../../machines/vocabulary/subject.ts';
import { parseEntry } from '../../persistence/audit/auditEntry.ts';
import { documentOf, type ExportedRecord } from '../views/subjectDocument.ts';
import { audit } from './audit.ts';
import { type Caller, SUBJECT, storeCall } from './managementCall.ts';

export interface ExportOptions {
  /** Whether `•••` stands in place of what names other people. Default false. */
  readonly maskOthers?: boolean | undefined;
}

/** Everything about one person. */
export interface Subjects {
  /**
   * Goes through everything that the store has about a person: operations with their payloads and what upstreams
   * answered, records of the app and conflicts about them, crisis plan, crisis mode, and entries of the audit. Records
   * are found by index and read a page at a time; entries of the audit are all looked through. The audit records each page.
   *
   * Names of devices, and people in payloads of your app, are not among `others`: only your app knows them. What is
   * purged, was never sent here, or lies in a backup is not in it.
   *
   * @param subject the person, by the id that requests have as `subject`
   *
   * @example
   * for await (const { kind, value } of runtime.subjects.export('user-42')) console.log(kind, JSON.stringify(value));
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_CLOSED`.
   */
  export(subject: string, options?: ExportOptions): AsyncIterable<ExportedRecord>;
  /**
   * The same as a document for that person to read: parts of an HTML page that loads nothing from elsewhere.
   *
   * @example
   * for await (const part of runtime.subjects.document('user-42')) process.stdout.write(part);
   *
   * @throws HoldfastError (rejects) as {@link export}.
   */
  document(subject: string, options?: ExportOptions): AsyncIterable<string>;
}

const EXPORT_RULES = { maskOthers: 'boolean' } as const satisfies OptionRules<ExportOptions>;

export function subjects(caller: Caller, now: () => number): Subjects {
  const records: Subjects['export'] = (subject, options = {}) => {
    checkFields(options, EXPORT_RULES, '');
    return recordsAbout(caller, subject, options.maskOthers === true);
  };
  return {
    export: records,
    document: (subject, options) => documentOf(subject, now(), records(subject, options)),
  };
}

async function* recordsAbout(
  caller: Caller,
  subject: string,
  isMasked: boolean,
): AsyncGenerator<ExportedRecord> {
  const exported = (
    kind: ExportedRecord['kind'],
    value: JsonObject,
    isTheirs: (id: string) => boolean,
  ): Omit<ExportedRecord, 'isUnreadable'> => {
    const others = PEOPLE[kind].flatMap((path) => [...named(value, path.split('/'), isTheirs)]);
    const shown = isMasked ? (masked(value, new Set(others)) as JsonObject) : value;
    return { kind, value: shown, others };
  };
  const operations = new Set<unknown>();
  for (let from: SubjectPlace | null = FIRST; from !== null; ) {
    const page: SubjectPage = await caller.call(exportSubject, { subject, ...from });
    for (const { kind, value, isUnreadable } of page.records) {
      if (kind === 'operation') operations.add(value['id']);
      yield { ...exported(kind, value, (id) => isAlso({ id }, subject)), isUnreadable };
    }
    from = page.next;
  }
  const log = audit(caller);
  const handle = await log.handleOf(subject);
  const isTheirs = (id: string): boolean => id === handle;
  for await (const text of log.entries()) {
    const entry = parseEntry(text);
    const people = [entry.subject, entry.by].filter((one) => one !== undefined);
    if (!people.some(isTheirs) && !operations.has(entry.operation)) continue;
    const value = entry as unknown as JsonObject;
    yield { ...exported('auditEntry', value, isTheirs), isUnreadable: false };
  }
}

const FIRST: SubjectPlace = { kind: SUBJECT_RECORD_KINDS[0], after: 0 };

export const exportSubject = storeCall<{ readonly subject: string } & SubjectPlace, SubjectPage>({
  name: 'subject.export',
  summary: 'A page of everything about one person, payloads included.',
  capability: 'export',
  params: {
    subject: { required: SUBJECT },
    kind: { required: { oneOf: SUBJECT_RECORD_KINDS } },
    after: { required: 'sequence' },
  },
  override: null,
  run: ({ records }, { subject, ...from }) => records.subjects.page(subject, from),
});

/** Where records name people; `*` for each item of a list. The audit has handles in place of names. */
const PEOPLE: Readonly<Record<ExportedRecord['kind'], readonly string[]>> = {
  operation: ['escalation/takenOn/by/id', 'escalation/decisions/*/by/id'],
  entity: [],
  conflict: ['decisions/*/by/id'],
  crisisPlan: ['name', 'phone', 'text', 'url', 'note'].map((field) => `resources/*/${field}`),
  crisisMode: ['on/by/id', 'on/persons/*'],
  auditEntry: ['by'],
};

/** Kinds of resources of a plan that are no person. */
const NOBODY: ReadonlySet<unknown> = new Set(RESOURCE_KINDS.filter((kind) => kind !== 'contact'));

/** Pointers to the texts that a path leads to, without what is the person's own. */
function* named(
  value: Json | undefined,
  [step, ...rest]: readonly string[],
  isTheirs: (id: string) => boolean,
  pointer = '',
): Generator<string> {
  if (step === undefined) {
    if (typeof value === 'string' && !isTheirs(value)) yield pointer;
  } else if (Array.isArray(value) && step === '*') {
    for (const [index, item] of value.entries()) {
      const isNobody = isJsonObject(item) && NOBODY.has(item['kind']);
      if (!isNobody) yield* named(item, rest, isTheirs, `${pointer}/${index}`);
    }
  } else if (isJsonObject(value) && Object.hasOwn(value, step)) {
    yield* named(value[step], rest, isTheirs, `${pointer}/${step}`);
  }
}

const MASK = '•••';

function masked(value: Json, others: ReadonlySet<string>, pointer = ''): Json {
  if (others.has(pointer)) return MASK;
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => masked(item, others, `${pointer}/${index}`));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, masked(one, others, `${pointer}/${name}`)]),
  );
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
