/**
 * An entry of the audit log and its one text (AU-2): canonical JSON on one line. docs/audit-format.md is the
 * description for verifiers in other languages.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** Version of the format. */
export const AUDIT_VERSION = 1;

/** How an act ended: done, refused, failed; or only asked for, which another person has to confirm. */
export const AUDIT_OUTS = ['done', 'refused', 'failed', 'asked'] as const;
export type AuditOut = (typeof AUDIT_OUTS)[number];

/** Which way somebody came. */
export const AUDIT_VIAS = ['app', 'socket', 'inspector', 'commandLine', 'client'] as const;
export type AuditVia = (typeof AUDIT_VIAS)[number];

/** The predecessor of the first entry: 64 zeros. */
export const NO_ENTRY_BEFORE: string = '0'.repeat(64);

/** One entry. Its fields hold codes, names, numbers and handles: no text that a person wrote. */
export interface AuditEntry {
  /** Name of the act: `breaker.trip`. */
  readonly act: string;
  /** When, by the wall clock: milliseconds since 1970. */
  readonly at: number;
  /** Handle of who did it, 32 hex digits. */
  readonly by?: string | undefined;
  /** Name of the management call. */
  readonly call?: string | undefined;
  /** Code of an error or a reason. */
  readonly code?: string | undefined;
  /** UUID of the entry, so that a repeated write makes no second one. */
  readonly id: string;
  /** Id of the store, 32 hex digits. */
  readonly log: string;
  /** Numbers by name; nothing where it is empty. */
  readonly n?: Readonly<Record<string, number>> | undefined;
  /** UUID of the operation. */
  readonly operation?: string | undefined;
  readonly out?: AuditOut | undefined;
  /** Leaf hash of the entry before, 64 hex digits; {@link NO_ENTRY_BEFORE} in the first entry. */
  readonly prev: string;
  /** Root of the tree of the ids of what was purged, 64 hex digits. */
  readonly root?: string | undefined;
  /** Number of the entry, from 0 without a gap. */
  readonly seq: number;
  /** Name of the step of the escalation chain. */
  readonly step?: string | undefined;
  /** Handle of the person whom it concerns, 32 hex digits. */
  readonly subject?: string | undefined;
  readonly upstream?: string | undefined;
  readonly v: typeof AUDIT_VERSION;
  readonly via?: AuditVia | undefined;
}

interface FieldRule {
  readonly name: keyof AuditEntry;
  readonly isRequired: boolean;
  /** Expected form, for a message. */
  readonly rule: string;
  readonly matches: (value: unknown) => boolean;
}

function text(
  name: keyof AuditEntry,
  pattern: RegExp,
  rule: string,
  isRequired = false,
): FieldRule {
  const matches = (value: unknown): boolean => typeof value === 'string' && pattern.test(value);
  return { name, isRequired, rule, matches };
}

function oneOf(name: keyof AuditEntry, values: readonly string[]): FieldRule {
  const matches = (value: unknown): boolean => values.some((one) => one === value);
  return { name, isRequired: false, rule: `one of ${values.join(', ')}`, matches };
}

function count(name: keyof AuditEntry): FieldRule {
  return { name, isRequired: true, rule: 'a whole number from 0', matches: isCount };
}

const HANDLE = /^[0-9a-f]{32}$/;
const HASH = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ACT = /^[a-z][A-Za-z]*(?:\.[A-Za-z]+)+$/;
const CALL = /^[a-z][A-Za-z]*(?:\.[A-Za-z]+)*$/;
const CODE = /^[A-Za-z][A-Za-z0-9_]*$/;
const NAME = /^[A-Za-z0-9_.:-]{1,100}$/;
const NUMBER_NAME = /^[a-z][A-Za-z0-9]*$/;

/** The fields in the order of their names by code unit, which is their order in the text. */
const FIELDS: readonly FieldRule[] = [
  text('act', ACT, 'the name of an act', true),
  count('at'),
  text('by', HANDLE, '32 hex digits'),
  text('call', CALL, 'the name of a management call'),
  text('code', CODE, 'a code'),
  text('id', UUID, 'a UUID in lower case', true),
  text('log', HANDLE, '32 hex digits', true),
  { name: 'n', isRequired: false, rule: 'integers by name, one at least', matches: areNumbers },
  text('operation', UUID, 'a UUID in lower case'),
  oneOf('out', AUDIT_OUTS),
  text('prev', HASH, '64 hex digits', true),
  text('root', HASH, '64 hex digits'),
  count('seq'),
  text('step', NAME, 'the name of a step'),
  text('subject', HANDLE, '32 hex digits'),
  text('upstream', NAME, 'the name of an upstream'),
  { name: 'v', isRequired: true, rule: `${AUDIT_VERSION}`, matches: (v) => v === AUDIT_VERSION },
  oneOf('via', AUDIT_VIAS),
];
const NAMES: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0) && (value as number) >= 0;
}

function areNumbers(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const numbers = Object.entries(value);
  return numbers.length > 0 && numbers.every(isNamedInteger);
}

function isNamedInteger([name, value]: readonly [string, unknown]): boolean {
  return NUMBER_NAME.test(name) && Number.isSafeInteger(value) && !Object.is(value, -0);
}

/**
 * The canonical text of an entry, one line without its end. Fields that are `undefined` are left out, and so is an
 * empty `n`.
 *
 * @throws HoldfastError `HF_INTERNAL` for what no entry may hold; the message repeats no value.
 */
export function entryText(entry: AuditEntry): string {
  const { n, ...rest } = entry;
  const given = n !== undefined && Object.keys(n).length === 0 ? rest : entry;
  const fault = faultOf(given);
  if (fault !== null)
    throw new HoldfastError('HF_INTERNAL', `No audit entry can be made: ${fault}.`);
  return textOf(given);
}

/**
 * Reads the text of an entry.
 *
 * @throws HoldfastError `HF_RECORD_MALFORMED` for anything but the canonical text of an entry; the message says what
 * is wrong, and repeats nothing of it.
 */
export function parseEntry(given: string): AuditEntry {
  const value = objectIn(given);
  if (value === null) throw malformed('it is no JSON object');
  const fault = faultOf(value);
  if (fault !== null) throw malformed(fault);
  const entry = value as AuditEntry;
  if (textOf(entry) !== given) throw malformed('it is not written canonically');
  return entry;
}

function malformed(why: string): HoldfastError {
  // Damaged logs have many of them.
  return new HoldfastError('HF_RECORD_MALFORMED', `Not an entry of an audit log: ${why}.`, {
    withStack: false,
  });
}

function objectIn(given: string): object | null {
  try {
    const value: unknown = JSON.parse(given);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Fault of the fields, without their values; `null` for none. */
function faultOf(entry: object): string | null {
  const fields = entry as Readonly<Record<string, unknown>>;
  if (Object.keys(fields).some((name) => !NAMES.has(name))) return 'it has an unknown field';
  for (const { name, isRequired, rule, matches } of FIELDS) {
    const value = fields[name];
    if (value === undefined ? isRequired : !matches(value)) return `${name} must be ${rule}`;
  }
  return null;
}

/** The text of an entry whose fields were checked: their values need no escapes. */
function textOf(entry: AuditEntry): string {
  const parts: string[] = [];
  for (const { name } of FIELDS) {
    const value = entry[name];
    if (value === undefined) continue;
    parts.push(
      `"${name}":${typeof value === 'object' ? numbersText(value) : JSON.stringify(value)}`,
    );
  }
  return `{${parts.join(',')}}`;
}

function numbersText(numbers: Readonly<Record<string, number>>): string {
  // The order of code units, which no locale changes.
  const names = Object.keys(numbers).toSorted();
  return `{${names.map((name) => `"${name}":${numbers[name]}`).join(',')}}`;
}
