/**
 * A flow control that answers late, refuses or fails.
 *
 * @module
 */

import { vi } from 'vitest';
import { Dispatcher } from '../../../actors/dispatch/dispatcher.ts';
import type { Asker, CallVerdict, FlowControl, Permit } from '../../../actors/flow/flowControl.ts';
import type { CallReport } from '../../../machines/policy/flow/callReport.ts';
import type { TypedCall } from '../../../machines/policy/flow/typeTrials.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Intake } from '../../../machines/vocabulary/waitCause.ts';

/** What comes of one question, and when. */
export interface Late {
  readonly afterMs: number;
  readonly refuses?: boolean;
  readonly fails?: boolean;
}

interface LatePermit extends Permit {
  readonly inner: Permit;
}

/** A flow control that answers nothing at once, as one that several processes share would. */
export class LateFlow implements FlowControl {
  /** Permits that were given and are not back. */
  readonly out = new Set<Permit>();
  /** Permits that came back twice. */
  readonly twice: Permit[] = [];
  /** Questions that are not answered yet. */
  asked = 0;
  readonly #inner: FlowControl;
  readonly #clock: Clock;
  readonly #late: (asker: Asker) => Late;
  readonly #listeners: (() => void)[] = [];

  constructor(inner: FlowControl, clock: Clock, late: (asker: Asker) => Late) {
    this.#inner = inner;
    this.#clock = clock;
    this.#late = late;
  }

  get upstream() {
    return this.#inner.upstream;
  }
  get urgencyBound() {
    return this.#inner.urgencyBound;
  }
  get inFlight() {
    return this.#inner.inFlight;
  }
  get free() {
    return this.#inner.free;
  }
  get trickle() {
    return this.#inner.trickle;
  }
  get slotsMax() {
    return this.#inner.slotsMax;
  }
  get timeoutMsMax() {
    return this.#inner.timeoutMsMax;
  }
  get probesFailed() {
    return this.#inner.probesFailed;
  }

  get isDown() {
    return this.#inner.isDown;
  }
  get types() {
    return this.#inner.types;
  }
  subjectDueAtMs(subject: string) {
    return this.#inner.subjectDueAtMs(subject);
  }
  held(permit: LatePermit, call: TypedCall): void {
    permit.inner.flow.held(permit.inner, call);
  }
  get isDoubted() {
    return this.#inner.isDoubted;
  }
  get isSwitchedOff() {
    return this.#inner.isSwitchedOff;
  }
  get upMs() {
    return this.#inner.upMs;
  }
  beside(): readonly string[] {
    return [];
  }

  mayRun(asker: Asker) {
    return this.#inner.mayRun(asker);
  }
  wasOutage(atMs: number) {
    return this.#inner.wasOutage(atMs);
  }
  setIntake(intake: Intake): void {
    this.#inner.setIntake(intake);
  }
  tryEnter(): null {
    return null;
  }

  async enter(asker: Asker): Promise<Permit | null> {
    const { afterMs, refuses, fails } = this.#late(asker);
    this.asked += 1;
    await new Promise<void>((resolve) => {
      this.#clock.schedule(afterMs, resolve);
    });
    this.asked -= 1;
    if (fails === true) throw new Error('The flow control can not be reached.');
    const inner = refuses === true ? null : this.#inner.tryEnter(asker);
    if (inner === null) {
      // It changes: whoever was refused asks again.
      this.#clock.schedule(50, () => {
        this.change();
      });
      return null;
    }
    const permit: LatePermit = {
      flow: this,
      timeoutMs: inner.timeoutMs,
      beganAtMs: inner.beganAtMs,
      inner,
    };
    this.out.add(permit);
    return permit;
  }

  began(permit: LatePermit): boolean {
    return permit.inner.flow.began(permit.inner);
  }
  tell(permit: LatePermit, report: CallReport): CallVerdict {
    return permit.inner.flow.tell(permit.inner, report);
  }
  leave(permit: LatePermit, report: CallReport): CallVerdict {
    if (!this.out.delete(permit)) this.twice.push(permit);
    return permit.inner.flow.leave(permit.inner, report);
  }
  recordCrisis(report: CallReport, lastedMs?: number): void {
    this.#inner.recordCrisis(report, lastedMs);
  }
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
    this.#inner.onChange(listener);
  }
  change(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Has all runtimes that are made from now on, until mocks are restored, answered by late flow controls. */
export function answerLate(clock: Clock, late: (asker: Asker) => Late): readonly LateFlow[] {
  const flows: LateFlow[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { addFlow } = Dispatcher.prototype;
  vi.spyOn(Dispatcher.prototype, 'addFlow').mockImplementation(function addLate(
    this: Dispatcher,
    flow,
    crisisSlotsMax,
  ) {
    const instead = new LateFlow(flow, clock, late);
    flows.push(instead);
    addFlow.call(this, instead, crisisSlotsMax);
  });
  return flows;
}
