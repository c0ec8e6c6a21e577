/**
 * Seals and opens the sealed columns, and defines what each seal binds: every plain column of the row, so that a row
 * edited, swapped or moved in the file can't be opened any more; and for an operation its payload, so that one without
 * its payload, or with an earlier one, can't be opened either (docs/decisions/0055).
 *
 * @module
 */

import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { subjectForm } from '../../../machines/vocabulary/subject.ts';
import type { AssociatedField } from '../../sealing/associated.ts';
import { encodeAssociated, viewAssociated } from '../../sealing/associated.ts';
import { commitmentOf } from '../../sealing/envelope.ts';
import type { Sealer } from '../../sealing/recordSealer.ts';

/** The columns of an operation other than its state; tags are keyed fingerprints. */
export interface OperationColumns {
  readonly seq: number;
  /** The 16 bytes of the UUID. */
  readonly id: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly standing: number;
  readonly due_at: number | null;
  readonly expires_at: number | null;
  readonly urgency: number;
  readonly waits_for: number;
  readonly route: Uint8Array;
  readonly subject: Uint8Array | null;
  readonly lane: Uint8Array | null;
  readonly idempotency: Uint8Array | null;
}

/** An operation on disk, with its payload's envelope unless that is erased or left out. */
export interface OperationRow extends OperationColumns {
  readonly state: Uint8Array;
  readonly payload: Uint8Array | null;
  /** The `key_id` of the payload's own row; `null` without one. */
  readonly payload_key_id: number | null;
}

/** A component on disk. */
export interface ComponentRow {
  readonly tag: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly state: Uint8Array;
}

/** The crisis mode of a subject, or of everybody, on disk; the subject is a keyed fingerprint. */
export interface CrisisModeRow {
  readonly subject: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly state: Uint8Array;
}

/** The crisis plan of a subject on disk; the subject is a keyed fingerprint. */
export interface CrisisPlanRow {
  readonly subject: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  /** 1 if pinned, else 0. */
  readonly pinned: number;
  readonly state: Uint8Array;
}

/** A kept record on disk; its key is a keyed fingerprint. */
export interface KeptRow {
  readonly seq: number;
  /** A room of KEPT_ROOM_CODES (schemaV1.ts). */
  readonly room: number;
  readonly key: Uint8Array;
  /** A keyed fingerprint; `null` where the person is not known. */
  readonly subject: Uint8Array | null;
  readonly revision: number;
  readonly key_id: number;
  /** 1 if open, else 0. */
  readonly is_open: number;
  readonly keep_until: number | null;
  readonly state: Uint8Array;
}

/** The opened content of a kept record. */
export interface SealedKept {
  readonly key: string;
  readonly text: string;
  /** The lane whose operations may need it; `null` for none. */
  readonly lane: string | null;
}

/** The opened content of an operation's row. */
export interface OpenedRow {
  readonly state: string;
  readonly payload: string | null;
}

/** The payload of a state: sealed with it, as the commitment of an envelope of its own, or none. */
export type KeptPayload = string | Uint8Array | null;

export interface RowSeals {
  readonly keyId: number;
  /** 32 hex digits. */
  readonly storeId: string;
  /** 16 bytes that nobody can guess. */
  newHandle(): Uint8Array;
  /** Fingerprints in place of names in plain columns; those of routes are remembered. */
  routeTag(name: string): Uint8Array;
  subjectTag(subject: string): Uint8Array;
  laneTag(name: string): Uint8Array;
  tagTag(tag: string): Uint8Array;
  idempotencyTag(key: string): Uint8Array;
  componentTag(name: string): Uint8Array;
  /** @param subject `null` for everybody */
  crisisModeTag(subject: string | null): Uint8Array;
  crisisPlanTag(subject: string): Uint8Array;
  /** The fingerprint of a record's key, of its own kind in each room. */
  keptTag(room: string, key: string): Uint8Array;
  /** The fingerprint of the person whom a record is about, the same in each room. */
  keptSubjectTag(subject: string): Uint8Array;
  /** Seals a state, under a key that the states of one batch share; a payload as text only if {@link goesInside} allows it. */
  sealState(columns: OperationColumns, state: string, payload: KeptPayload): Uint8Array;
  /**
   * Opens the state of a row and seals it for other columns; its payload stays.
   *
   * @throws HoldfastError as {@link Sealer.open} does.
   */
  resealState(row: OperationRow, columns: OperationColumns): Uint8Array;
  sealPayload(columns: Pick<OperationColumns, 'seq' | 'id'>, payload: string): Uint8Array;
  sealComponent(row: Omit<ComponentRow, 'state'>, name: string, state: string): Uint8Array;
  sealCrisisMode(
    row: Omit<CrisisModeRow, 'state'>,
    subject: string | null,
    state: string,
  ): Uint8Array;
  sealCrisisPlan(
    row: Omit<CrisisPlanRow, 'state'>,
    subject: string,
    plan: string | null,
  ): Uint8Array;
  sealKept(row: Omit<KeptRow, 'state'>, sealed: SealedKept): Uint8Array;
  sealMark(text: string): Uint8Array;
  /** The fingerprint of a person whom entries of the audit are about. */
  auditPersonTag(person: string): Uint8Array;
  sealAudit(seq: number, entry: string): Uint8Array;
  sealAuditPerson(tag: Uint8Array, handle: string): Uint8Array;
  /** 32 bytes, the secret part of the key by which checkpoints of the audit are signed. */
  auditSeed(): Uint8Array;
  /** Seals a node of the set of records; see recordSet.ts. */
  sealNode(node: number, bytes: Uint8Array): Uint8Array;
  /** Ends the batch of states: the next are sealed under another key. To be called after each transaction. */
  endBatch(): void;
  /**
   * @throws HoldfastError as {@link Sealer.open} does; so do those below. `HF_RECORD_TAMPERED` also where
   * the payload is not the one that belongs to the state.
   */
  openRow(row: OperationRow): OpenedRow;
  /** For a row whose payload was not read: gives it only where it was sealed with the state. */
  openState(row: OperationRow): OpenedRow;
  openComponent(row: ComponentRow): { readonly name: string; readonly state: string };
  openCrisisMode(row: CrisisModeRow): { readonly subject: string | null; readonly state: string };
  openCrisisPlan(row: CrisisPlanRow): { readonly subject: string; readonly plan: string | null };
  openKept(row: KeptRow): SealedKept;
  openMark(seal: Uint8Array): string;
  openAudit(seq: number, keyId: number, seal: Uint8Array): string;
  openAuditPerson(tag: Uint8Array, keyId: number, seal: Uint8Array): string;
  openNode(node: number, envelope: Uint8Array): Uint8Array;
  /** A fingerprint of what has no seal, for the set of records. */
  textTag(space: string, text: string): Uint8Array;
}

/** Routes are of registered types; were they not, forgetting them all now and then is harmless. */
const ROUTES_REMEMBERED_MAX = 16_384;
const HANDLE_BYTES = 16;
const TEXT_SCRATCH_BYTES = 16_384;
/** Length limit in UTF-16 units. Most such pairs take no more room than the padded state alone. */
const INSIDE_UNITS_MAX = 1_024;
/**
 * Begins what is not a bare state, up to a space: the length of the state, which the payload follows, or
 * APART and the commitment of the payload's envelope.
 */
const FRAME = '\0';
const APART = 'p';
const UTF8_BYTES_PER_UNIT_MAX = 3;

/** @param storeId 32 hex digits, bound into every seal. */
export function createRowSeals(sealer: Sealer, storeId: string): RowSeals {
  const utf8 = new TextEncoder();
  const routes = new Map<string, Uint8Array>();
  const mark = encodeAssociated(['meta', 'mark', storeId]);

  // Zero between uses, so that no text stays behind.
  const scratch = Buffer.alloc(TEXT_SCRATCH_BYTES);
  const seal = (
    text: string,
    fields: readonly AssociatedField[],
    how: 'seal' | 'sealInBatch' = 'seal',
  ): Uint8Array => {
    const associated = viewAssociated(fields);
    if (text.length * UTF8_BYTES_PER_UNIT_MAX > scratch.length) {
      return sealer[how](utf8.encode(text), associated);
    }
    const length = scratch.write(text, 'utf8');
    try {
      return sealer[how](scratch.subarray(0, length), associated);
    } finally {
      scratch.fill(0, 0, length);
    }
  };
  const open = (envelope: Uint8Array, fields: readonly AssociatedField[]): string =>
    textOf(sealer.open(envelope, viewAssociated(fields)));

  const stateFields = (row: OperationColumns): AssociatedField[] => [
    'operation',
    'state',
    storeId,
    row.seq,
    row.id,
    row.revision,
    row.key_id,
    row.standing,
    row.due_at,
    row.expires_at,
    row.urgency,
    row.waits_for,
    row.route,
    row.subject,
    row.lane,
    row.idempotency,
  ];
  const payloadFields = (
    row: Pick<OperationColumns, 'seq' | 'id'>,
    keyId: number | null,
  ): AssociatedField[] => ['payload', 'envelope', storeId, row.seq, row.id, keyId];
  const componentFields = (row: Omit<ComponentRow, 'state'>): AssociatedField[] => [
    'component',
    'state',
    storeId,
    row.tag,
    row.revision,
    row.key_id,
  ];

  const crisisModeFields = (row: Omit<CrisisModeRow, 'state'>): AssociatedField[] => [
    'crisis_mode',
    'state',
    storeId,
    row.subject,
    row.revision,
    row.key_id,
  ];

  const crisisPlanFields = (row: Omit<CrisisPlanRow, 'state'>): AssociatedField[] => [
    'crisis_plan',
    'state',
    storeId,
    row.subject,
    row.revision,
    row.key_id,
    row.pinned,
  ];

  const keptFields = (row: Omit<KeptRow, 'state'>): AssociatedField[] => [
    'kept',
    'state',
    storeId,
    row.seq,
    row.room,
    row.key,
    row.subject,
    row.revision,
    row.key_id,
    row.is_open,
    row.keep_until,
  ];

  const nodeFields = (node: number): AssociatedField[] => [
    'integrity',
    'node',
    storeId,
    node,
    sealer.keyId,
  ];

  const auditFields = (seq: number, keyId: number): AssociatedField[] => [
    'audit',
    'entry',
    storeId,
    seq,
    keyId,
  ];

  const auditPersonFields = (tag: Uint8Array, keyId: number): AssociatedField[] => [
    'audit_person',
    'handle',
    storeId,
    tag,
    keyId,
  ];

  const openState = (row: OperationRow): PartedState => parted(open(row.state, stateFields(row)));

  return {
    keyId: sealer.keyId,
    storeId,
    newHandle: () => sealer.randomBytes(HANDLE_BYTES),
    routeTag(name) {
      let tag = routes.get(name);
      if (tag === undefined) {
        if (routes.size >= ROUTES_REMEMBERED_MAX) routes.clear();
        tag = sealer.blindIndex('operation.route', name);
        routes.set(name, tag);
      }
      return tag;
    },
    subjectTag: (subject) => sealer.blindIndex('operation.subject', subjectForm(subject)),
    tagTag: (tag) => sealer.blindIndex('operation.tag', tag),
    laneTag: (name) => sealer.blindIndex('operation.lane', name),
    idempotencyTag: (key) => sealer.blindIndex('operation.idempotency', key),
    componentTag: (name) => sealer.blindIndex('component.tag', name),
    crisisModeTag: (subject) =>
      subject === null
        ? sealer.blindIndex('crisisMode.everybody', '')
        : sealer.blindIndex('crisisMode.subject', subjectForm(subject)),
    crisisPlanTag: (subject) => sealer.blindIndex('crisisPlan.subject', subject),
    textTag: (space, text) => sealer.blindIndex(`integrity.${space}`, text),
    keptTag: (room, key) => sealer.blindIndex(`kept.${room}`, key),
    keptSubjectTag: (subject) => sealer.blindIndex('kept.subject', subjectForm(subject)),
    sealState: (columns, state, payload) =>
      seal(joined(state, payload), stateFields(columns), 'sealInBatch'),
    resealState: (row, columns) =>
      seal(open(row.state, stateFields(row)), stateFields(columns), 'sealInBatch'),
    sealPayload: (columns, payload) => seal(payload, payloadFields(columns, sealer.keyId)),
    sealComponent: (row, name, state) => seal(JSON.stringify([name, state]), componentFields(row)),
    sealCrisisMode: (row, subject, state) =>
      seal(JSON.stringify([subject, state]), crisisModeFields(row)),
    sealCrisisPlan: (row, subject, plan) =>
      seal(JSON.stringify([subject, plan]), crisisPlanFields(row)),
    sealKept: (row, { key, text, lane }) =>
      seal(JSON.stringify([key, text, lane]), keptFields(row)),
    auditPersonTag: (person) => sealer.blindIndex('audit.person', subjectForm(person)),
    sealAudit: (seq, entry) => seal(entry, auditFields(seq, sealer.keyId), 'sealInBatch'),
    sealAuditPerson: (tag, handle) =>
      seal(handle, auditPersonFields(tag, sealer.keyId), 'sealInBatch'),
    auditSeed: () =>
      Buffer.concat([
        sealer.blindIndex('audit.signing', 'first half'),
        sealer.blindIndex('audit.signing', 'second half'),
      ]),
    sealMark: (text) => sealer.sealInBatch(utf8.encode(text), mark),
    sealNode: (node, bytes) => sealer.sealInBatch(bytes, viewAssociated(nodeFields(node))),
    openRow(row) {
      const { state, payload, commitment } = openState(row);
      if (commitment !== commitmentTextOf(row.payload)) throw notItsPayload();
      if (row.payload === null) return { state, payload };
      return { state, payload: open(row.payload, payloadFields(row, row.payload_key_id)) };
    },
    openState,
    openComponent(row) {
      const [name, state] = JSON.parse(open(row.state, componentFields(row))) as [string, string];
      return { name, state };
    },
    openCrisisMode(row) {
      const opened = open(row.state, crisisModeFields(row));
      const [subject, state] = JSON.parse(opened) as [string | null, string];
      return { subject, state };
    },
    openCrisisPlan(row) {
      const opened = open(row.state, crisisPlanFields(row));
      const [subject, plan] = JSON.parse(opened) as [string, string | null];
      return { subject, plan };
    },
    openKept(row) {
      const [key, text, lane = null] = JSON.parse(open(row.state, keptFields(row))) as [
        string,
        string,
        (string | null)?,
      ];
      return { key, text, lane };
    },
    endBatch: () => {
      sealer.endBatch();
    },
    openAudit: (seq, keyId, envelope) => open(envelope, auditFields(seq, keyId)),
    openAuditPerson: (tag, keyId, envelope) => open(envelope, auditPersonFields(tag, keyId)),
    openMark: (envelope) => textOf(sealer.open(envelope, mark)),
    openNode: (node, envelope) => sealer.open(envelope, viewAssociated(nodeFields(node))).slice(),
  };
}

/**
 * True if a payload is sealed with the state of its operation, which saves a seal, a row and its erasure
 * (docs/decisions/0046).
 */
export function goesInside(payload: string | null): payload is string {
  return payload !== null && payload.length <= INSIDE_UNITS_MAX;
}

/** Joins state and payload in one text. A state that looks like such a text is marked by an empty frame. */
function joined(state: string, payload: KeptPayload): string {
  if (typeof payload === 'string') return `${FRAME}${state.length} ${state}${payload}`;
  if (payload !== null) return `${FRAME}${APART}${base64(payload)} ${state}`;
  return state.startsWith(FRAME) ? `${FRAME} ${state}` : state;
}

interface PartedState extends OpenedRow {
  /** The commitment of the payload's own envelope, in base64; `null` if it has none. */
  readonly commitment: string | null;
}

function parted(text: string): PartedState {
  if (!text.startsWith(FRAME)) return { state: text, payload: null, commitment: null };
  const stateAt = text.indexOf(' ') + 1;
  const frame = text.slice(FRAME.length, stateAt - 1);
  const rest = text.slice(stateAt);
  if (frame === '') return { state: rest, payload: null, commitment: null };
  if (frame.startsWith(APART)) {
    return { state: rest, payload: null, commitment: frame.slice(APART.length) };
  }
  const length = Number(frame);
  return { state: rest.slice(0, length), payload: rest.slice(length), commitment: null };
}

function commitmentTextOf(envelope: Uint8Array | null): string | null {
  return envelope === null ? null : base64(commitmentOf(envelope));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function notItsPayload(): HoldfastError {
  return new HoldfastError(
    'HF_RECORD_TAMPERED',
    'The payload of the record is not the one it was sealed with, or is gone.',
  );
}

/** The text of opened bytes, which the seal has proved to be ours. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** The 16 bytes of a UUID. */
export function bytesOfId(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** The UUID of 16 bytes, in its usual form. */
export function idOfBytes(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
