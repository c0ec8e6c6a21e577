/**
 * How versions 1 and 2 sealed an operation: neither whom it concerns nor what it waits for was bound,
 * and nothing said whether a payload belongs to it, or which. Kept for migrations, and for looking
 * into a store that was not migrated yet.
 *
 * @module
 */

import type { AssociatedField } from '../../sealing/associated.ts';
import { encodeAssociated } from '../../sealing/associated.ts';
import type { Sealer } from '../../sealing/sealer.ts';

export interface OperationColumnsV2 {
  readonly seq: number;
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

export interface OperationRowV2 extends OperationColumnsV2 {
  readonly state: Uint8Array;
  /** Its payload's envelope, where that has a row of its own. */
  readonly payload: Uint8Array | null;
}

export interface OpenedRowV2 {
  readonly state: string;
  readonly payload: string | null;
}

export interface SealsV2 {
  readonly keyId: number;
  /** @throws HoldfastError as {@link Sealer.open}. */
  openRow(row: OperationRowV2): OpenedRowV2;
  /** Seals a state whose payload is not with it. */
  sealState(columns: OperationColumnsV2, state: string): Uint8Array;
  /** Opens the mark, which said nothing but that the key is right. */
  openMark(seal: Uint8Array): void;
}

const FRAME = '\0';

export function createSealsV2(sealer: Sealer, storeId: string): SealsV2 {
  const utf8 = new TextEncoder();
  const stateFields = (row: OperationColumnsV2): AssociatedField[] => [
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
  const open = (envelope: Uint8Array, fields: readonly AssociatedField[]): string =>
    Buffer.from(sealer.open(envelope, encodeAssociated(fields))).toString('utf8');
  return {
    keyId: sealer.keyId,
    openRow(row) {
      const opened = parted(open(row.state, stateFields(row)));
      if (opened.payload !== null || row.payload === null) return opened;
      const fields = ['payload', 'envelope', storeId, row.seq, row.id];
      return { state: opened.state, payload: open(row.payload, fields) };
    },
    sealState(columns, state) {
      const text = state.startsWith(FRAME) ? `${FRAME} ${state}` : state;
      return sealer.seal(utf8.encode(text), encodeAssociated(stateFields(columns)));
    },
    openMark(seal) {
      sealer.open(seal, encodeAssociated(['meta', 'seal', storeId]));
    },
  };
}

function parted(text: string): OpenedRowV2 {
  if (!text.startsWith(FRAME)) return { state: text, payload: null };
  const stateAt = text.indexOf(' ') + 1;
  const length = text.slice(FRAME.length, stateAt - 1);
  if (length === '') return { state: text.slice(stateAt), payload: null };
  const payloadAt = stateAt + Number(length);
  return { state: text.slice(stateAt, payloadAt), payload: text.slice(payloadAt) };
}
