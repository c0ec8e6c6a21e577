/**
 * When crises are delivered: at once, again when their retry is due, and all of them the moment that
 * their upstream is back (CR-4). They ask no flow control (CB-3).
 *
 * @module
 */

import type { CrisisEvent } from '../../machines/crisis/crisisMachine.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { SLOT_HELD_MS_MAX } from '../../machines/policy/crisis/crisisSlotShares.ts';
import type { CallReport } from '../../machines/policy/flow/callReport.ts';
import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import { type Clock, clampDueTime } from '../../machines/vocabulary/clock.ts';
import type { CrisisSlots } from '../flow/crisisSlots.ts';
import type { FlowControl } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import { Slices } from '../time/slices.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';

export interface CrisisTurnsParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly rates: (upstream: string) => RateLimits | null;
}

/** The slot of one delivery. */
interface Delivery {
  readonly flow: FlowControl;
  leave: () => void;
  /** Its time to hold the slot is measured no longer. */
  cancelTimer: () => void;
  /** False while it waits for it. */
  hasSlot: boolean;
  /** When it was sent, by the steady clock; `null` while it waits for its slot. */
  sentAtMs: number | null;
}

export class CrisisTurns {
  readonly #parts: CrisisTurnsParts;
  /** Whose slot each delivery holds, and how it is given back. */
  readonly #slots = new Map<Resident, Delivery>();
  /** Those that back off, and what lets each try again. */
  readonly #backingOff = new Map<Resident, () => void>();
  /** Upstreams that were down when last looked at. */
  readonly #down = new Set<FlowControl>();
  #isStopped = false;

  constructor(parts: CrisisTurnsParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#isStopped = true;
    this.#backingOff.clear();
  }

  /** How many deliveries to this upstream are in flight. */
  inFlight(upstream: string): number {
    let count = 0;
    for (const { flow, sentAtMs } of this.#slots.values()) {
      if (sentAtMs !== null && flow.upstream === upstream) count += 1;
    }
    return count;
  }

  /** Asks for a slot for crises, and tells when it has one, or no handler; returns what ends the asking. */
  awaitPlace(
    resident: Resident,
    queue: { readonly flow: FlowControl; readonly crisis: CrisisSlots } | undefined,
    report: (event: CrisisEvent) => void,
  ): () => void {
    const { entity, subject, attempt } = resident.actor.getSnapshot().context;
    const { clock, timers } = this.#parts;
    const nothing = (): void => undefined;
    if (resident.handler === null || queue === undefined) {
      const type = resident.handler === null ? 'handler.missing' : 'place.granted';
      report({ type, atMs: clock.now() });
      return nothing;
    }
    const { flow, crisis } = queue;
    const delivery: Delivery = {
      flow,
      leave: nothing,
      cancelTimer: nothing,
      hasSlot: false,
      sentAtMs: null,
    };
    this.#slots.set(resident, delivery);
    const asker = { subject, entity: entityKey(entity), isFirst: attempt === 1 };
    const hold = crisis.enter(asker, () => {
      delivery.hasSlot = true;
      delivery.cancelTimer = timers.after(SLOT_HELD_MS_MAX, () => {
        hold.hang();
      });
      report({ type: 'place.granted', atMs: clock.now() });
    });
    delivery.leave = hold.leave;
    return () => {
      if (!delivery.hasSlot) this.#leave(resident);
    };
  }

  /** Delivers it on the slot that it has. */
  begin(resident: Resident, run: () => () => void): () => void {
    const delivery = this.#slots.get(resident);
    if (delivery !== undefined) {
      const { rates, steady } = this.#parts;
      delivery.sentAtMs = steady.now();
      const { subject, tier } = resident.actor.getSnapshot().context;
      rates(delivery.flow.upstream)?.count({ subject, tier }, delivery.sentAtMs);
    }
    const stop = run();
    return () => {
      stop();
      this.#leave(resident);
    };
  }

  /** Its delivery has ended; its upstream hears how, where it held a slot. */
  ended(resident: Resident, report: CallReport): void {
    const delivery = this.#leave(resident);
    if (delivery === undefined) return;
    const { flow, sentAtMs } = delivery;
    const nowMs = this.#parts.steady.now();
    flow.recordCrisis(report, sentAtMs === null ? 0 : nowMs - sentAtMs);
  }

  /** Lets one that waits for its time go on when that has come. */
  resume(resident: Resident): void {
    const { clock, steady, timers } = this.#parts;
    const { chart, state } = resident;
    const { context } = resident.actor.getSnapshot();
    if (state === null) return;
    const dueAtMs = chart.retryAtMs(state, context);
    if (dueAtMs === null) return;
    const rouse = (): void => {
      if (this.#backingOff.get(resident) === rouse) this.#backingOff.delete(resident);
      // The operation may have been tried since, and wait again: that wait has a timer of its own.
      const isSameWait = resident.actor.getSnapshot().context.wakeAtMs === dueAtMs;
      if (resident.state !== state || !isSameWait || this.#isStopped) return;
      const type = resident.handler === null ? 'handler.missing' : 'retry.due';
      resident.actor.send({ type, atMs: clock.now() });
    };
    // Where it began before a restart, it is no longer than it was, however the clock was set since.
    const nowMs = clock.now();
    const waitMs = clampDueTime(dueAtMs, nowMs, context.delayMs ?? 0) - nowMs;
    resident.dueAtMs = steady.now() + waitMs;
    if (waitMs <= 0) {
      rouse();
      return;
    }
    // One that is spaced out, since it may be what ends the process, is not sent earlier.
    if (!chart.isSuspected(state, context)) this.#backingOff.set(resident, rouse);
    timers.after(waitMs, rouse);
  }

  #leave(resident: Resident): Delivery | undefined {
    const delivery = this.#slots.get(resident);
    if (delivery === undefined) return undefined;
    this.#slots.delete(resident);
    delivery.cancelTimer();
    delivery.leave();
    return delivery;
  }

  /** The flow control has changed: where its upstream is back, every crisis for it tries again at once. */
  reconsider(flow: FlowControl): void {
    if (flow.wasOutage(this.#parts.steady.now())) {
      this.#down.add(flow);
      return;
    }
    if (!this.#down.delete(flow)) return;
    const { wakes } = Slices.of(this.#parts.clock);
    for (const [resident, rouse] of this.#backingOff) {
      if (resident.handler?.upstream === flow.upstream) wakes.do(rouse);
    }
  }
}
