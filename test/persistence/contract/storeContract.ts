/**
 * What every store must do, by the facets of its port. Each store's test file runs this suite over it.
 *
 * @module
 */

import { afterEach, beforeEach, describe } from 'vitest';
import { disarmFaultPoints } from '../../../persistence/port/faultPoints.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { testAcceptance } from './acceptance.ts';
import { testAnchor } from './anchor.ts';
import { testAudit } from './audit.ts';
import { testBeside } from './beside.ts';
import { testClaims } from './claims.ts';
import type { Contract } from './contract.ts';
import { testCrisisModes } from './crisisModes.ts';
import { testCrisisPlans } from './crisisPlans.ts';
import { testDeadLetters } from './deadLetters.ts';
import { testKept } from './kept.ts';
import { testLaneRanks } from './laneRanks.ts';
import { testLanes } from './lanes.ts';
import { testLife } from './life.ts';
import { testNewPayloads } from './newPayloads.ts';
import { testQuarantine } from './quarantine.ts';
import { testQueue } from './queue.ts';
import { testRepeats } from './repeats.ts';
import { testSearch } from './search.ts';
import { testTexts } from './texts.ts';
import { testUpkeep } from './upkeep.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Another store over the same data; the first was closed. */
  reopen(): Promise<Store>;
  /** Removes what the store left behind. */
  dispose(): Promise<void>;
}

export interface ContractOptions {
  /** False where the store works in a thread of its own, in which this thread can plant no fault. */
  readonly faultsReachIt: boolean;
}

export function storeContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  { faultsReachIt }: ContractOptions,
): void {
  describe(`the store contract, kept by ${name}`, () => {
    let made: StoreUnderTest;
    let store: Store;
    let open: Store[] = [];

    beforeEach(async () => {
      made = await make();
      store = made.store;
      open = [store];
      await store.open();
    });
    afterEach(async () => {
      disarmFaultPoints();
      for (const each of open) await each.close();
      await made.dispose();
    });

    async function reopened(): Promise<Store> {
      await store.close();
      const again = await made.reopen();
      open.push(again);
      return again;
    }

    const contract: Contract = { store: () => store, reopened, faultsReachIt };
    describe('records', () => {
      testAcceptance(contract);
      testRepeats(contract);
      testTexts(contract);
      testNewPayloads(contract);
      testLanes(contract);
      testLaneRanks(contract);
    });
    describe('crisis plans', () => {
      testCrisisPlans(contract);
    });
    describe('crisis modes', () => {
      testCrisisModes(contract);
    });
    describe('kept records', () => {
      testKept(contract);
    });
    describe('beside the writer', () => {
      testBeside(contract);
    });
    describe('queue', () => {
      testQueue(contract);
      testClaims(contract);
    });
    describe('dead letters', () => {
      testDeadLetters(contract);
    });
    describe('search', () => {
      testSearch(contract);
    });
    describe('quarantine', () => {
      testQuarantine(contract);
    });
    describe('upkeep', () => {
      testUpkeep(contract);
    });
    describe('opening and closing', () => {
      testLife(contract);
      testAnchor(contract);
      testAudit(contract);
    });
  });
}
