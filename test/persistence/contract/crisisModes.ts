/**
 * What is kept of crisis mode: a record for each person, and one for everybody.
 *
 * @module
 */

import { expect, test } from 'vitest';
import type { CrisisModeWrite } from '../../../persistence/port/store.ts';
import type { Contract } from './contract.ts';
import { commitOne } from './writes.ts';

/** A write that keeps a text for a person, or erases it. */
export function mode(subject: string | null, state: string | null): CrisisModeWrite {
  return { kind: 'crisisMode', subject, state };
}

export function testCrisisModes(contract: Contract): void {
  const atOpen = async () => {
    const { crisisModes } = await (await contract.reopened()).open();
    const kept = crisisModes.kept.map(({ subject, state }) => [subject, state]);
    return { ...crisisModes, kept: new Map(kept as [string | null, string][]) };
  };

  test('CR-6 those of people and that of everybody are given back when the store opens', async () => {
    const store = contract.store();
    expect(await commitOne(store, mode('user-1', 'on ☃'))).toEqual({ kind: 'crisisModesKept' });
    await store.commit([mode(null, 'everybody'), mode('user-2', 'on'), mode('user-1', 'later')]);
    const kept = new Map([
      ['user-1', 'later'],
      [null, 'everybody'],
      ['user-2', 'on'],
    ]);
    expect(await atOpen()).toEqual({ kept, isInDoubt: false });
  });

  test('CR-6 what is erased is not there, was it ever or not, and leaves no doubt', async () => {
    const store = contract.store();
    await store.commit([mode('user-1', 'on'), mode(null, 'on'), mode('user-2', 'on')]);
    await store.commit([mode('user-1', null), mode(null, null), mode('nobody', null)]);
    await store.commit([mode('user-1', null)]);
    expect(await atOpen()).toEqual({ kept: new Map([['user-2', 'on']]), isInDoubt: false });
  });

  test('CR-6 all of them are replaced by others', async () => {
    const store = contract.store();
    await store.commit([mode('user-1', 'on'), mode('user-2', 'on')]);
    const all = [
      { subject: 'user-2', state: 'later' },
      { subject: null, state: 'everybody' },
    ];
    await store.commit([{ kind: 'crisisModes', all }, mode('user-3', 'on')]);
    const kept = new Map([
      ['user-2', 'later'],
      [null, 'everybody'],
      ['user-3', 'on'],
    ]);
    expect(await atOpen()).toEqual({ kept, isInDoubt: false });
  });

  test('CR-6 control: a store in which it was never on is in no doubt', async () => {
    await contract.store().commit([{ kind: 'component', name: 'level', state: 'normal' }]);
    expect(await atOpen()).toEqual({ kept: new Map(), isInDoubt: false });
  });
}
