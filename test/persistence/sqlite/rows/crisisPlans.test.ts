/** The crisis plans in the file: what is bound into their seals, and what becomes of a broken one. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CrisisPlanWrite, Store } from '../../../../persistence/port/store.ts';
import { inThreadStore, temporaryFolder } from '../../contract/storeUnderTest.ts';
import { commitOne } from '../../contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let store: Store;

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  store = inThreadStore(folder);
  await store.open();
  await store.commit([keep('user-1', { isPinned: true }), keep('user-2')]);
});
afterEach(async () => {
  await store.close();
  await remove();
});

function keep(subject: string, change: Partial<CrisisPlanWrite> = {}): CrisisPlanWrite {
  return { kind: 'crisisPlan', subject, plan: `secret of ${subject}`, ...change };
}

/** Changes the file behind the store's back. */
async function tamper(sql: string): Promise<ReturnType<Store['open']>> {
  await store.close();
  const db = new Database(join(folder, 'data.db'));
  db.exec(sql);
  db.close();
  store = inThreadStore(folder);
  return await store.open();
}

describe('SE-4 a plan that was changed in the file does not open', () => {
  test.each([
    ['its revision', 'revision = 9', 'HF_RECORD_TAMPERED'],
    ['a revision beyond counting', 'revision = 9007199254740993', 'HF_RECORD_TAMPERED'],
    ['its key', 'key_id = 7', 'HF_RECORD_TAMPERED'],
    ['its text', "state = x'00'", 'HF_RECORD_MALFORMED'],
    [
      'the text of another',
      'state = (SELECT state FROM crisis_plan AS other WHERE other.subject <> crisis_plan.subject)',
      'HF_RECORD_TAMPERED',
    ],
  ])('SE-4 %s', async (_, change, code) => {
    const { crisisPlans } = await tamper(`UPDATE crisis_plan SET ${change} WHERE pinned = 1`);
    expect(crisisPlans).toEqual({ pinned: [], unreadable: [code], isEmpty: false });
    expect(await store.crisisPlan('user-1')).toEqual({ unreadable: code });
    // Nobody else is harmed.
    expect(await store.crisisPlan('user-2')).toMatchObject({ plan: 'secret of user-2' });
  });

  test('SE-4 neither does one that was given another subject', async () => {
    const { crisisPlans } = await tamper(
      "UPDATE crisis_plan SET subject = x'00112233445566778899aabbccddeeff' WHERE pinned = 1",
    );
    expect(crisisPlans.unreadable).toEqual(['HF_RECORD_TAMPERED']);
    expect(await store.crisisPlan('user-1')).toEqual({ unreadable: 'HF_RECORD_MISSING' });
  });

  test('SE-4 a pin that was added in the file pins nobody', async () => {
    const { crisisPlans } = await tamper('UPDATE crisis_plan SET pinned = 1 - pinned');
    expect(crisisPlans).toMatchObject({ pinned: [], unreadable: ['HF_RECORD_TAMPERED'] });
    expect(await store.crisisPlan('user-1')).toEqual({ unreadable: 'HF_RECORD_TAMPERED' });
  });
});

describe('PS-3 a plan that can not be opened stands in nobody’s way', () => {
  beforeEach(async () => {
    await tamper('UPDATE crisis_plan SET revision = 9 WHERE pinned = 1');
  });

  test('PS-3 the next plan of its subject takes its place', async () => {
    const kept = { subject: 'user-1', plan: 'new', isPinned: true };
    const put = keep('user-1', { plan: 'new' });
    expect(await commitOne(store, put)).toEqual({ kind: 'crisisPlanKept', kept });
    expect(await store.crisisPlan('user-1')).toEqual(kept);
  });

  test('PS-3 it is not sealed anew unread: a pin alone is refused', async () => {
    const pin = keep('user-1', { plan: undefined, isPinned: false });
    expect(await commitOne(store, pin)).toEqual({
      kind: 'crisisPlanUnreadable',
      code: 'HF_RECORD_TAMPERED',
    });
  });

  test('SE-5 it can be erased', async () => {
    const erase = keep('user-1', { plan: null, isPinned: false });
    expect(await commitOne(store, erase)).toEqual({ kind: 'crisisPlanKept', kept: null });
    expect(await store.crisisPlan('user-1')).toBeNull();
  });
});

test('SE-5 SE-1 neither plan nor subject is in the clear in any file, nor after it was erased', async () => {
  const found = (): string[] =>
    readdirSync(folder).filter((name) => {
      const bytes = readFileSync(join(folder, name));
      return bytes.includes('secret') || bytes.includes('user-1');
    });
  expect(found()).toEqual([]);
  await store.commit([keep('user-1', { plan: null, isPinned: false })]);
  expect(await store.clearErased()).toBe(true);
  await store.close();
  expect(found()).toEqual([]);
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  expect(db.prepare('SELECT count(*) FROM crisis_plan').pluck().get()).toBe(1);
  db.close();
});

test('SE-5 the fingerprint of a subject here can not be matched with that of its operations', async () => {
  await store.commit([
    {
      kind: 'accept',
      seq: store.nextSeq(),
      id: '00000000-0000-4000-8000-000000000001',
      urgency: 4,
      standing: 'held',
      dueAtMs: null,
      route: 'payments',
      subject: 'user-1',
      lane: null,
      idempotencyKey: null,
      expiresAtMs: null,
      state: '{}',
      payload: '{}',
    },
  ]);
  await store.close();
  const db = new Database(join(folder, 'data.db'), { readonly: true });
  const matched = 'SELECT count(*) FROM operation JOIN crisis_plan USING (subject)';
  expect(db.prepare(matched).pluck().get()).toBe(0);
  expect(db.prepare('SELECT count(*) FROM operation WHERE subject IS NOT NULL').pluck().get()).toBe(
    1,
  );
  db.close();
});
