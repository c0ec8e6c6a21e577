/**
 * Drives the chart of crisis mode in tests.
 *
 * @module
 */

import {
  crisisModeDue,
  crisisModeMachine,
} from '../../../machines/crisisMode/crisisModeMachine.ts';
import type { ModeOn } from '../../../machines/policy/crisis/crisisMode.ts';
import { ChartHarness } from './chartHarness.ts';

/** Crisis mode of one scope; people are named by their ids. */
export class CrisisModeHarness extends ChartHarness<typeof crisisModeMachine> {
  /** @param machine may hold a planted bug */
  constructor(machine = crisisModeMachine) {
    super();
    this.run({
      chart: crisisModeMachine,
      machine,
      input: { scope: 'subject' },
      dueOf: crisisModeDue,
    });
  }

  get state(): string {
    return this.snapshot.value;
  }

  /** What is in force; fails where it is off. */
  get on(): ModeOn {
    const { on } = this.context;
    if (on === null) throw new Error('It is off.');
    return on;
  }

  enter(id: string, forMs: number, reason: string | null = null): void {
    this.send({ type: 'person.entered', by: { id }, reason, forMs, atMs: this.nowMs });
  }

  leave(id: string, isSubject = false): void {
    this.send({ type: 'person.left', by: { id }, isSubject, atMs: this.nowMs });
  }

  opened(shiftedMs: number, earlier: ModeOn | null): void {
    this.nowMs += shiftedMs;
    this.send({ type: 'store.opened', shiftedMs, earlier });
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0): void {
    this.startAnotherProcess(downMs);
    this.send({ type: 'process.restarted', atMs: this.nowMs });
    this.wait(0);
  }
}
