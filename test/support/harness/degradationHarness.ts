/**
 * Drives the degradation level's chart in tests.
 *
 * @module
 */

import {
  degradationDue,
  degradationMachine,
} from '../../../machines/degradation/degradationMachine.ts';
import type { Level } from '../../../machines/policy/service/degradationLevel.ts';
import {
  checkDegradationPolicy,
  type DegradationPolicy,
  type LevelCause,
} from '../../../machines/policy/service/degradationPolicy.ts';
import { ChartHarness } from './chartHarness.ts';

/** A degradation level that is told what is measured. */
export class DegradationHarness extends ChartHarness<typeof degradationMachine> {
  readonly policy: DegradationPolicy;

  constructor(options: Partial<DegradationPolicy> = {}, machine = degradationMachine) {
    const policy = checkDegradationPolicy({ recoverAfterMs: 1_000, ...options }, 'degradation');
    const input = { scope: 'global', policy };
    super();
    this.run({ chart: degradationMachine, machine, input, dueOf: degradationDue });
    this.policy = policy;
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
