/**
 * The audit: what is recorded with the writes, in which order, and about whom (AU-1, AU-2).
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type AuditEntry, parseEntry } from '../../../persistence/audit/auditEntry.ts';
import { openCheckpoint } from '../../../persistence/audit/checkpoint.ts';
import { AuditVerifier } from '../../../persistence/audit/verifyAudit.ts';
import type { AuditNote } from '../../../persistence/port/audit.ts';
import type { Store, Write } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, deadLetter, idOf, replay, settlement } from './writes.ts';

let noted = 0;

/** A note with an id of its own. */
function note(more: Partial<AuditNote> = {}): AuditNote {
  noted += 1;
  return { id: idOf(1_000_000 + noted), atMs: noted, act: 'crisis.noted', ...more };
}

async function textsOf(store: Store): Promise<readonly string[]> {
  return (await store.auditPage({ fromSeq: 0, limit: 1_000 })).entries;
}

async function entriesOf(store: Store): Promise<readonly AuditEntry[]> {
  return (await textsOf(store)).map(parseEntry);
}

/** What a verifier makes of the log, and whether it is the one that the checkpoint speaks of. */
async function faultsOf(store: Store): Promise<readonly unknown[]> {
  const { checkpoint, publicKey } = await store.auditCheckpoint();
  const verifier = new AuditVerifier({ checkpoints: [openCheckpoint(checkpoint, publicKey)] });
  for (const text of await textsOf(store)) verifier.add(text);
  return verifier.end().faults;
}

export function testAudit(contract: Contract): void {
  test('AU-1 AU-2 entries are numbered and chained, over a start, and anybody can check them', async () => {
    const store = contract.store();
    await store.commit([{ kind: 'audit', note: note({ code: 'first' }) }]);
    await store.commit([
      { kind: 'audit', note: note({ code: 'second' }) },
      { kind: 'audit', note: note({ code: 'third' }) },
    ]);
    const again = await contract.reopened();
    await again.open();
    await again.commit([{ kind: 'audit', note: note({ code: 'fourth', n: { calls: 2 } }) }]);
    const entries = await entriesOf(again);
    expect(entries.map(({ seq, code }) => [seq, code])).toEqual([
      [0, 'first'],
      [1, 'second'],
      [2, 'third'],
      [3, 'fourth'],
    ]);
    expect(await faultsOf(again)).toEqual([]);
    const page = await again.auditPage({ fromSeq: 1, limit: 2 });
    expect(page).toMatchObject({ nextSeq: 3, size: 4 });
    expect(page.entries.map((text) => parseEntry(text).seq)).toEqual([1, 2]);
    expect(await again.auditPage({ fromSeq: 3, limit: 2 })).toMatchObject({ nextSeq: null });
  });

  test('AU-1 a person is a handle, the same in every entry, and nobody else is', async () => {
    const store = contract.store();
    await store.commit([
      { kind: 'audit', note: note({ by: 'dr. jones', subject: 'user-1' }) },
      { kind: 'audit', note: note({ by: 'user-1' }) },
    ]);
    const [first, second] = await entriesOf(store);
    expect(first?.by).toMatch(/^[0-9a-f]{32}$/);
    expect(first?.subject).toBe(second?.by);
    expect(first?.by).not.toBe(second?.by);
    expect(await store.auditHandle({ person: 'user-1' })).toBe(first?.subject);
    expect(await store.auditHandle({ person: 'user-2' })).toBeNull();
    expect((await textsOf(store)).join('')).not.toMatch(/jones|user/);
    const again = await contract.reopened();
    await again.open();
    expect(await again.auditHandle({ person: 'dr. jones' })).toBe(first?.by);
  });

  test('PS-6 AU-1 a repeat records nothing, in the same process and after a start', async () => {
    const store = contract.store();
    const once = note();
    const write: Write = { ...accept(1), audit: note({ act: 'crisis.accepted' }) };
    await store.commit([{ kind: 'audit', note: once }, write]);
    await store.commit([{ kind: 'audit', note: once }, write]);
    const again = await contract.reopened();
    await again.open();
    await again.commit([{ kind: 'audit', note: once }, write]);
    expect(await entriesOf(again)).toHaveLength(2);
  });

  test('AU-1 what takes no effect is not recorded', async () => {
    const store = contract.store();
    await store.commit([accept(1, { idempotencyKey: 'key' })]);
    const keep = { kind: 'keep', room: 'entity', key: 'entity', lane: null, text: 'x' } as const;
    const results = await store.commit([
      { ...accept(2, { idempotencyKey: 'key' }), audit: note() },
      { ...keep, revision: 7, audit: note() },
      { kind: 'purge', seq: 9, id: idOf(9), revision: 1, audit: note() },
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['duplicate', 'keptOtherwise', 'missing']);
    expect(await entriesOf(store)).toEqual([]);
    await store.commit([{ ...keep, revision: 0, audit: note({ act: 'conflict.resolved' }) }]);
    expect(await entriesOf(store)).toMatchObject([{ act: 'conflict.resolved' }]);
  });

  test('AU-1 OP-5 what two persons order at once is done once, and recorded once', async () => {
    const store = contract.store();
    const lane = 'account/1';
    await store.commit([accept(1, { lane }), accept(2, { lane })]);
    await store.commit([1, 2].map((seq) => deadLetter(seq)));
    const replayed = (): Write => ({ ...replay(1), audit: note({ act: 'operation.replayed' }) });
    const purged = (): Write => ({
      ...{ kind: 'purge', seq: 2, id: idOf(2), revision: 2 },
      audit: note({ act: 'operation.purged' }),
    });
    for (const write of [replayed(), replayed(), purged(), purged()]) await store.commit([write]);
    expect((await entriesOf(store)).map(({ act }) => act)).toEqual([
      'operation.replayed',
      'operation.purged',
    ]);
  });

  test('AU-1 a commit that is refused records nothing, and the next entry follows the one before', async () => {
    const store = contract.store();
    await store.commit([accept(1), { kind: 'audit', note: note({ code: 'before' }) }]);
    const refused = store.commit([
      { kind: 'audit', note: note({ code: 'refused', by: 'nobody' }) },
      // It makes revision 9 of a row at revision 1.
      { ...settlement(1), revision: 9 },
    ]);
    await expect(refused).rejects.toMatchObject({ code: 'HF_INTERNAL' });
    await store.commit([{ kind: 'audit', note: note({ code: 'after' }) }]);
    expect((await entriesOf(store)).map(({ code }) => code)).toEqual(['before', 'after']);
    expect(await store.auditHandle({ person: 'nobody' })).toBeNull();
    expect(await faultsOf(store)).toEqual([]);
  });

  test('AU-1 OP-2 a purge at the end of the time to keep is one entry: how many, which, and the root of a tree of their ids', async () => {
    const store = contract.store();
    await store.commit([1, 2, 3].map((seq) => accept(seq)));
    await store.commit([settlement(1, { dueAtMs: 5 }), settlement(3, { dueAtMs: 5 })]);
    await store.commit([{ kind: 'purgeSettled', nowMs: 4, limit: 9 }]);
    expect(await entriesOf(store)).toEqual([]);
    await store.commit([{ kind: 'purgeSettled', nowMs: 6, limit: 9 }]);
    await store.commit([{ kind: 'purgeSettled', nowMs: 6, limit: 9 }]);
    const leaf = (text: string): Buffer => createHash('sha256').update(`\0${text}`).digest();
    const root = createHash('sha256')
      .update(Buffer.concat([Buffer.from([1]), leaf(idOf(1)), leaf(idOf(3))]))
      .digest('hex');
    expect(await entriesOf(store)).toMatchObject([
      { act: 'retention.purged', at: 6, n: { count: 2, from: 1, to: 3 }, root },
    ]);
  });

  test('AU-1 no detail keeps a write from being done: what no entry can hold is left out', async () => {
    const store = contract.store();
    const results = await store.commit([
      {
        ...accept(1),
        audit: note({ upstream: 'Überweisungen & mehr', step: '', n: { 'a b': 1.5 } }),
      },
      { ...accept(2), audit: note({ operationId: 'no uuid', code: 'two words' }) },
      { ...accept(3), audit: note({ upstream: 'x'.repeat(500), n: {} }) },
      deadLetter(2),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'updated',
    ]);
    expect(await entriesOf(store)).toHaveLength(3);
    expect(await faultsOf(store)).toEqual([]);
  });

  test('UX-2 a page that nobody can mean is refused', async () => {
    for (const query of [
      { fromSeq: -1, limit: 1 },
      { fromSeq: 0.5, limit: 1 },
      { fromSeq: 0, limit: 0 },
      { fromSeq: 0, limit: 1_001 },
    ]) {
      await expect(contract.store().auditPage(query)).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
      });
    }
  });
}
