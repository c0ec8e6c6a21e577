/**
 * Drives the degradation level's chart in tests.
 *
 * @module
 */

import { degradationMachine } from '../../../machines/degradation/degradationMachine.ts';
import type { Level } from '../../../machines/policy/service/degradationLevel.ts';
import {
  checkDegradationPolicy,
  type DegradationPolicy,
  type LevelCause,
} from '../../../machines/policy/service/degradationPolicy.ts';
import { ChartHarness } from './chartHarness.ts';

/** A degradation level that is told what is measured. */
export class DegradationHarness extends ChartHarness<typeof degradationMachine> {
  constructor(machine = degradationMachine) {
    const policy = checkDegradationPolicy(undefined, 'degradation');
    const input = { scope: 'global', policy };
    super();
    this.run({ chart: degradationMachine, machine, input, dueOf: () => null });
  }

  get level(): Level {
    return this.snapshot.value;
  }

  measure(wanted: Level, causes: readonly LevelCause[] = []): void {
    this.send({ type: 'signals.measured', wanted, causes, atMs: this.nowMs });
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0, policy?: DegradationPolicy): void {
    this.startAnotherProcess(downMs);
    this.send({ type: 'process.restarted', atMs: this.nowMs, policy });
  }
}
