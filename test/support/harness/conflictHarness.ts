/**
 * Drives the chart of a conflict in tests.
 *
 * @module
 */

import { conflictDue, conflictMachine } from '../../../machines/conflict/conflictMachine.ts';
import type { ConflictInput, MergedFacts } from '../../../machines/conflict/conflictSetup.ts';
import type { SentStanding } from '../../../machines/conflict/sentEdit.ts';
import { ChartHarness } from './chartHarness.ts';

const DAY_MS = 86_400_000;

/** One conflict. What its fetch and its merge come to, the test says. */
export class ConflictHarness extends ChartHarness<typeof conflictMachine> {
  /** @param machine may hold a planted bug */
  constructor(input: Partial<ConflictInput> = {}, machine = conflictMachine) {
    super();
    this.run({
      chart: conflictMachine,
      machine,
      input: {
        conflictId: 'o1-c1',
        operationId: 'o1',
        reason: 'conflict',
        round: 0,
        roundsMax: 16,
        sentAsRead: 0,
        isOutcomeUnknown: false,
        isKeyInUse: false,
        isCurrentKnown: false,
        heardAtMs: this.nowMs - DAY_MS,
        silentMaxMs: 400 * DAY_MS,
        atMs: this.nowMs,
        fetchAtMs: this.nowMs + 25,
        ...input,
      },
      dueOf: conflictDue,
    });
  }

  get state(): string {
    return this.snapshot.value;
  }

  /** Waits for the fetch, and has it come to this. */
  fetched(standing: SentStanding, retryAfterMs = 50): this {
    if (this.state === 'detected') this.wait(Math.max(0, (this.due?.atMs ?? 0) - this.nowMs));
    const retryAtMs = this.nowMs + retryAfterMs;
    this.send({ type: 'current.fetched', standing, atMs: this.nowMs, retryAtMs });
    return this;
  }

  merged(facts: Partial<MergedFacts> = {}): this {
    this.send({
      type: 'edit.merged',
      ...{ questions: 0, isToWait: true, isNothingLeft: false, isSound: true },
      ...facts,
      atMs: this.nowMs,
    });
    return this;
  }

  now(
    type:
      | 'fetch.refused'
      | 'current.unreadable'
      | 'merge.failed'
      | 'rules.newer'
      | 'journal.committed'
      | 'person.decided'
      | 'retry.requested'
      | 'edit.left',
  ): this {
    this.send({ type, atMs: this.nowMs });
    return this;
  }

  again(type: 'fetch.failed' | 'record.changed', afterMs = 50): this {
    this.send({ type, atMs: this.nowMs, retryAtMs: this.nowMs + afterMs });
    return this;
  }
}
