/**
 * Drives the storage health's chart in tests.
 *
 * @module
 */

import {
  OVERDUE_AFTER_MS,
  type StorageState,
  type StorageTrouble,
} from '../../../machines/policy/service/storageTrouble.ts';
import {
  storageHealthDue,
  storageHealthMachine,
  storageStateOf,
} from '../../../machines/storage/storageHealthMachine.ts';
import { ChartHarness } from './chartHarness.ts';

/** Storage health with a count of the probes that it orders. */
export class StorageHealthHarness extends ChartHarness<typeof storageHealthMachine> {
  probes = 0;

  constructor(machine = storageHealthMachine) {
    super();
    const counting = machine.provide({
      actions: {
        orderProbe: () => {
          this.probes += 1;
        },
      },
    });
    this.run({
      chart: storageHealthMachine,
      machine: counting,
      input: undefined,
      dueOf: storageHealthDue,
    });
  }

  get state(): StorageState {
    return storageStateOf(this.snapshot);
  }

  /** A fact about a write posted in the present generation, or in another. */
  overdue(generation = this.context.generation, silentMs = OVERDUE_AFTER_MS): void {
    this.send({ type: 'write.overdue', generation, silentMs, atMs: this.nowMs });
  }

  refuse(): void {
    this.send({ type: 'write.refused', atMs: this.nowMs });
  }

  commit(generation = this.context.generation, tookMs = 1): void {
    this.send({ type: 'write.committed', generation, tookMs, atMs: this.nowMs });
  }

  fail(trouble: StorageTrouble, generation = this.context.generation): void {
    this.send({ type: 'write.failed', trouble, generation, atMs: this.nowMs });
  }
}
