/**
 * Logs for tests of the audit format, made entry by entry.
 *
 * @module
 */

import {
  type AuditEntry,
  entryText,
  NO_ENTRY_BEFORE,
} from '../../../persistence/audit/auditEntry.ts';
import { AuditFrontier, leafHash } from '../../../persistence/audit/auditTree.ts';
import type { Checkpoint } from '../../../persistence/audit/checkpoint.ts';
import { type AuditVerdict, AuditVerifier } from '../../../persistence/audit/verifyAudit.ts';

export const LOG = '0123456789abcdef0123456789abcdef';
export const OTHER_LOG = 'fedcba9876543210fedcba9876543210';

const FIRST_AT_MS = 1_790_000_000_000;

/** Some of what real entries hold, by turns. */
const KINDS: readonly Partial<AuditEntry>[] = [
  { act: 'store.opened', out: 'done', n: { size: 0 } },
  { act: 'breaker.tripped', upstream: 'billing', code: 'HF_UPSTREAM_DOWN' },
  { act: 'call.made', call: 'deadLetter.replay', via: 'socket', out: 'refused' },
  { act: 'crisis.told', subject: 'ab'.repeat(16), n: { step: 2, calls: 1, zLast: -3 } },
  { act: 'conflict.decided', by: 'cd'.repeat(16), operation: uuidOf(7) },
];

export function uuidOf(number: number): string {
  return `01998a2c-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The texts of a log of `size` entries; `edits` changes fields of the entry with that number. */
export function logOf(
  size: number,
  edits: Readonly<Record<number, Partial<AuditEntry>>> = {},
): string[] {
  const texts: string[] = [];
  let prev = NO_ENTRY_BEFORE;
  for (let seq = 0; seq < size; seq += 1) {
    const entry: AuditEntry = {
      act: 'store.opened',
      ...KINDS[seq % KINDS.length],
      ...{ v: 1, log: LOG, seq, at: FIRST_AT_MS + seq * 1_000, id: uuidOf(seq), prev },
      ...edits[seq],
    };
    const text = entryText(entry);
    texts.push(text);
    prev = leafHash(text).toString('hex');
  }
  return texts;
}

/** The text with some fields changed, and nothing made to fit. */
export function edit(text: string | undefined, fields: Partial<AuditEntry>): string {
  return entryText({ ...(JSON.parse(text ?? '') as AuditEntry), ...fields });
}

export function checkpointOf(texts: readonly string[], storeId: string = LOG): Checkpoint {
  const tree = AuditFrontier.empty();
  for (const text of texts) tree.add(leafHash(text));
  return { storeId, size: tree.size, root: tree.root() };
}

export function verdictOn(
  texts: readonly string[],
  checkpoints: readonly Checkpoint[] = [],
): AuditVerdict {
  const verifier = new AuditVerifier({ checkpoints });
  for (const text of texts) verifier.add(text);
  return verifier.end();
}
