import { createActor } from 'xstate';
import type {
  StorageState,
  StorageTrouble,
} from '../../../machines/policy/service/storageTrouble.ts';
import {
  type StorageHealthContext,
  type StorageHealthEvent,
  storageHealthDue,
  storageHealthMachine,
  storageStateOf,
} from '../../../machines/storage/storageHealthMachine.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

/** Storage health with a clock that the test moves, and a count of the probes it orders. */
export class StorageHealthHarness {
  nowMs = 1_000_000;
  probes = 0;
  readonly #actor;

  constructor(machine = storageHealthMachine) {
    const counting = machine.provide({
      actions: {
        orderProbe: () => {
          this.probes += 1;
        },
      },
    });
    this.#actor = createActor(counting, {
      inspect: coverTransitions(storageHealthMachine),
    }).start();
  }

  get state(): StorageState {
    return storageStateOf(this.#actor.getSnapshot());
  }

  get context(): StorageHealthContext {
    return this.#actor.getSnapshot().context;
  }

  get due() {
    return storageHealthDue(this.#actor.getSnapshot());
  }

  send(event: StorageHealthEvent): void {
    this.#actor.send(event);
  }

  /** A fact about a write posted in the present generation, or in another. */
  overdue(generation = this.context.generation): void {
    this.send({ type: 'write.overdue', generation, atMs: this.nowMs });
  }

  commit(generation = this.context.generation, tookMs = 1): void {
    this.send({ type: 'write.committed', generation, tookMs, atMs: this.nowMs });
  }

  fail(trouble: StorageTrouble, generation = this.context.generation): void {
    this.send({ type: 'write.failed', trouble, generation, atMs: this.nowMs });
  }

  /** Lets time pass, sending what comes due at its instant. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    let wakeUps = 0;
    for (let due = this.due; due !== null && due.atMs <= endMs; due = this.due) {
      if (++wakeUps > 1_000) throw new Error('a due time that stays due keeps the timer spinning');
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.send({ type: due.type, atMs: this.nowMs });
    }
    this.nowMs = endMs;
  }
}
