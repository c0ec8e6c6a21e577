/**
 * The crisis plans of subjects.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type {
  CrisisPlanPage,
  CrisisPlanWrite,
  KeptCrisisPlan,
} from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { accept, commitOne, settlement } from './writes.ts';

/** A write for a subject, which keeps a plan unless its test says otherwise. */
function keep(subject: string, change: Partial<CrisisPlanWrite> = {}): CrisisPlanWrite {
  return { kind: 'crisisPlan', subject, plan: `plan of ${subject} ☃`, ...change };
}

export function testCrisisPlans(contract: Contract): void {
  test('CR-3 a plan is found by its subject, and by no other', async () => {
    const store = contract.store();
    const kept = { subject: 'user-1', plan: 'plan of user-1 ☃', isPinned: false };
    expect(await commitOne(store, keep('user-1'))).toEqual({ kind: 'crisisPlanKept', kept });
    expect(await store.crisisPlan('user-1')).toEqual(kept);
    expect(await store.crisisPlan('user-2')).toBeNull();
  });

  test('CR-3 a plan takes the place of the one before; a repeat changes nothing', async () => {
    const store = contract.store();
    await store.commit([keep('user-1', { isPinned: true }), keep('user-1', { plan: 'another' })]);
    const kept = { subject: 'user-1', plan: 'another', isPinned: true };
    expect(await commitOne(store, keep('user-1', { plan: 'another' }))).toMatchObject({ kept });
    expect(await store.crisisPlan('user-1')).toEqual(kept);
  });

  test('CR-3 a pin and a plan are kept apart, in whichever order they come', async () => {
    const store = contract.store();
    const pin = keep('user-1', { plan: undefined, isPinned: true });
    expect(await commitOne(store, pin)).toMatchObject({ kept: { plan: null, isPinned: true } });
    await store.commit([keep('user-1')]);
    expect(await store.crisisPlan('user-1')).toMatchObject({
      plan: 'plan of user-1 ☃',
      isPinned: true,
    });
    await store.commit([keep('user-1', { plan: undefined, isPinned: false })]);
    expect(await store.crisisPlan('user-1')).toMatchObject({
      plan: 'plan of user-1 ☃',
      isPinned: false,
    });
  });

  test('CR-3 all that is kept comes page by page, pinned or not', async () => {
    const store = contract.store();
    const subjects = Array.from({ length: 10 }, (_, at) => `user-${at}`);
    await store.commit(subjects.map((subject, at) => keep(subject, { isPinned: at % 3 === 0 })));
    await store.commit([keep('user-4', { plan: null })]);
    const found: KeptCrisisPlan[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page: CrisisPlanPage = await store.crisisPlanPage({ after, limit: 4 });
      found.push(...page.kept);
      expect(page.unreadable).toBe(0);
      after = page.next;
    }
    const plans = subjects.filter((subject) => subject !== 'user-4');
    expect(found.map(({ subject }) => subject).toSorted()).toEqual(plans);
    expect(found).toContainEqual({ subject: 'user-3', plan: 'plan of user-3 ☃', isPinned: true });
  });

  test('SE-5 of a subject without plan and pin nothing is kept', async () => {
    const store = contract.store();
    await store.commit([keep('user-1', { isPinned: true }), keep('user-2')]);
    const erase = keep('user-1', { plan: null, isPinned: false });
    for (let time = 1; time <= 2; time += 1) {
      expect(await commitOne(store, erase)).toEqual({ kind: 'crisisPlanKept', kept: null });
    }
    await store.commit([keep('user-2', { plan: null })]);
    expect(await store.crisisPlan('user-1')).toBeNull();
    expect(await store.crisisPlan('user-2')).toBeNull();
    const { crisisPlans } = await (await contract.reopened()).open();
    expect(crisisPlans).toEqual({ pinned: [], unreadable: [], isEmpty: true });
  });

  test('CR-3 what is kept of pinned subjects is given back when the store opens, and outlives operations', async () => {
    const store = contract.store();
    await store.commit([
      accept(1, { subject: 'user-1' }),
      keep('user-1', { isPinned: true }),
      keep('user-2'),
      keep('user-3', { plan: undefined, isPinned: true }),
    ]);
    await store.commit([settlement(1, { dueAtMs: 1 })]);
    await store.commit([{ kind: 'purgeSettled', nowMs: 2, limit: 10 }]);
    const again = await contract.reopened();
    const { crisisPlans } = await again.open();
    expect(crisisPlans).toMatchObject({ unreadable: [], isEmpty: false });
    expect(crisisPlans.pinned.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))).toEqual([
      { subject: 'user-1', plan: 'plan of user-1 ☃', isPinned: true },
      { subject: 'user-3', plan: null, isPinned: true },
    ]);
    expect(await again.crisisPlan('user-2')).toMatchObject({ plan: 'plan of user-2 ☃' });
  });

  test('CR-3 a store in which no plan is pinned says whether there are any', async () => {
    const store = contract.store();
    await store.commit([keep('user-1')]);
    const { crisisPlans } = await (await contract.reopened()).open();
    expect(crisisPlans).toEqual({ pinned: [], unreadable: [], isEmpty: false });
  });
}
