/**
 * Seals and opens what the rows keep, and says what each seal binds: every plain column of the row,
 * so that a row edited, swapped or moved in the file can't be opened any more.
 *
 * @module
 */

import type { AssociatedField } from '../sealing/associated.ts';
import { encodeAssociated, viewAssociated } from '../sealing/associated.ts';
import type { Sealer } from '../sealing/sealer.ts';

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
  readonly route: Uint8Array;
  readonly lane: Uint8Array | null;
  readonly idempotency: Uint8Array | null;
}

/** An operation as it lies on disk, with its payload's envelope unless that is erased or left out. */
export interface OperationRow extends OperationColumns {
  readonly state: Uint8Array;
  readonly payload: Uint8Array | null;
}

/** A component as it lies on disk. */
export interface ComponentRow {
  readonly tag: Uint8Array;
  readonly revision: number;
  readonly key_id: number;
  readonly state: Uint8Array;
}

/** What an operation's row opens to. */
export interface OpenedRow {
  readonly state: string;
  readonly payload: string | null;
}

export interface RowSeals {
  readonly keyId: number;
  /** The fingerprints that stand for names in plain columns; those of routes are remembered. */
  routeTag(name: string): Uint8Array;
  laneTag(name: string): Uint8Array;
  idempotencyTag(key: string): Uint8Array;
  componentTag(name: string): Uint8Array;
  /** `payload` only where {@link goesInside} says that it goes with the state; otherwise `null`. */
  sealState(columns: OperationColumns, state: string, payload: string | null): Uint8Array;
  sealPayload(columns: Pick<OperationColumns, 'seq' | 'id'>, payload: string): Uint8Array;
  sealComponent(row: Omit<ComponentRow, 'state'>, name: string, state: string): Uint8Array;
  sealMark(): Uint8Array;
  /** @throws HoldfastError as {@link Sealer.open} does; so do those below. */
  openRow(row: OperationRow): OpenedRow;
  /** Gives the payload only where it was sealed with the state. */
  openState(row: OperationRow): OpenedRow;
  openComponent(row: ComponentRow): { readonly name: string; readonly state: string };
  /** Opens what {@link sealMark} sealed: tells another key from a damaged store. */
  openMark(seal: Uint8Array): void;
}

/** Routes are configured names; were they not, forgetting them all now and then is harmless. */
const ROUTES_REMEMBERED_MAX = 1_024;
const MARK = 'holdfast store';
const TEXT_SCRATCH_BYTES = 16_384;
/** In UTF-16 units. Most such pairs take the room that the state alone would, which is padded. */
const INSIDE_UNITS_MAX = 1_024;
/** Begins what is not a bare state: the state's length and a space follow, the state, the payload. */
const FRAME = '\0';
const UTF8_BYTES_PER_UNIT_MAX = 3;

/** @param storeId 32 hex digits, bound into every seal. */
export function createRowSeals(sealer: Sealer, storeId: string): RowSeals {
  const utf8 = new TextEncoder();
  const routes = new Map<string, Uint8Array>();
  const mark = encodeAssociated(['meta', 'seal', storeId]);

  // Zero between uses, so that no text stays behind.
  const scratch = Buffer.alloc(TEXT_SCRATCH_BYTES);
  const seal = (text: string, fields: readonly AssociatedField[]): Uint8Array => {
    const associated = viewAssociated(fields);
    if (text.length * UTF8_BYTES_PER_UNIT_MAX > scratch.length) {
      return sealer.seal(utf8.encode(text), associated);
    }
    const length = scratch.write(text, 'utf8');
    try {
      return sealer.seal(scratch.subarray(0, length), associated);
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
    row.route,
    row.lane,
    row.idempotency,
  ];
  const payloadFields = (row: Pick<OperationColumns, 'seq' | 'id'>): AssociatedField[] => [
    'payload',
    'envelope',
    storeId,
    row.seq,
    row.id,
  ];
  const componentFields = (row: Omit<ComponentRow, 'state'>): AssociatedField[] => [
    'component',
    'state',
    storeId,
    row.tag,
    row.revision,
    row.key_id,
  ];

  const openState = (row: OperationRow): OpenedRow => parted(open(row.state, stateFields(row)));

  return {
    keyId: sealer.keyId,
    routeTag(name) {
      let tag = routes.get(name);
      if (tag === undefined) {
        if (routes.size >= ROUTES_REMEMBERED_MAX) routes.clear();
        tag = sealer.blindIndex('operation.route', name);
        routes.set(name, tag);
      }
      return tag;
    },
    laneTag: (name) => sealer.blindIndex('operation.lane', name),
    idempotencyTag: (key) => sealer.blindIndex('operation.idempotency', key),
    componentTag: (name) => sealer.blindIndex('component.tag', name),
    sealState: (columns, state, payload) => seal(joined(state, payload), stateFields(columns)),
    sealPayload: (columns, payload) => seal(payload, payloadFields(columns)),
    sealComponent: (row, name, state) => seal(JSON.stringify([name, state]), componentFields(row)),
    sealMark: () => sealer.seal(utf8.encode(MARK), mark),
    openRow(row) {
      const { state, payload } = openState(row);
      if (payload !== null || row.payload === null) return { state, payload };
      return { state, payload: open(row.payload, payloadFields(row)) };
    },
    openState,
    openComponent(row) {
      const [name, state] = JSON.parse(open(row.state, componentFields(row))) as [string, string];
      return { name, state };
    },
    openMark(envelope) {
      sealer.open(envelope, mark);
    },
  };
}

/**
 * Whether a payload is sealed with the state of its operation, and not by itself: that spares a seal,
 * a row and its erasure (docs/decisions/0046).
 */
export function goesInside(payload: string | null): payload is string {
  return payload !== null && payload.length <= INSIDE_UNITS_MAX;
}

/** One text for both. A state that looks like such a text itself is marked by a missing length. */
function joined(state: string, payload: string | null): string {
  if (payload !== null) return `${FRAME}${state.length} ${state}${payload}`;
  return state.startsWith(FRAME) ? `${FRAME} ${state}` : state;
}

function parted(text: string): OpenedRow {
  if (!text.startsWith(FRAME)) return { state: text, payload: null };
  const stateAt = text.indexOf(' ') + 1;
  const length = text.slice(FRAME.length, stateAt - 1);
  if (length === '') return { state: text.slice(stateAt), payload: null };
  const payloadAt = stateAt + Number(length);
  return { state: text.slice(stateAt, payloadAt), payload: text.slice(payloadAt) };
}

/** The seal has proved that these are the bytes of a text we encoded. */
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
