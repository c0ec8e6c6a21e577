/**
 * When crises are delivered: at once, again when their retry is due, and all of them the moment that
 * their upstream is back (CR-4). They ask no flow control (CB-3).
 *
 * @module
 */

import { isSuspect } from '../../machines/operation/demand.ts';
import { operationDue } from '../../machines/operation/due.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { isBackingOff } from '../../machines/operation/waitReason.ts';
import { SLOT_HELD_MS_MAX } from '../../machines/policy/crisis/crisisSlotShares.ts';
import type { CallReport } from '../../machines/policy/flow/callReport.ts';
import type { RateLimits } from '../../machines/policy/flow/rateLimits.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { clampDueTime } from '../../machines/vocabulary/dueTime.ts';
import type { CrisisSlots } from '../flow/crisisSlots.ts';
import type { FlowControl } from '../flow/flowControl.ts';
import { Overhangs } from '../operation/overhangs.ts';
import type { Resident } from '../operation/resident.ts';
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
  /** When it was sent, by the steady clock; `null` while it waits for its slot. */
  sentAtMs: number | null;
}

export class CrisisTurns {
  readonly #parts: CrisisTurnsParts;
  /** Whose slot each delivery holds, and how it is given back. */
  readonly #slots = new Map<Resident, Delivery>();
  /** Those that take long: they have given their slot to others, as many as there are slots. */
  readonly #hanging = new Overhangs();
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

  /** Delivers it as soon as a slot for crises is free. */
  begin(
    resident: Resident,
    { flow, crisis }: { readonly flow: FlowControl; readonly crisis: CrisisSlots },
    run: () => () => void,
  ): () => void {
    let stop = (): void => undefined;
    const { entity, subject, tier, attempt } = resident.actor.getSnapshot().context;
    const { rates, steady, timers } = this.#parts;
    const nothing = (): void => undefined;
    const delivery: Delivery = { flow, leave: nothing, cancelTimer: nothing, sentAtMs: null };
    this.#slots.set(resident, delivery);
    const asker = { subject, entity: entityKey(entity), isFirst: attempt === 1 };
    const { leave } = crisis.enter(asker, () => {
      delivery.sentAtMs = steady.now();
      rates(flow.upstream)?.count({ subject, tier }, delivery.sentAtMs);
      delivery.cancelTimer = timers.after(SLOT_HELD_MS_MAX, () => {
        this.#hanging.enter(flow.upstream, crisis.slotsMax, delivery, () => {
          delivery.leave();
        });
      });
      stop = run();
    });
    delivery.leave = leave;
    // It may have ended within.
    if (this.#slots.get(resident) !== delivery) leave();
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

  /** Lets one that waits go on: now, or when its retry is due. */
  resume(resident: Resident): void {
    const { clock, timers } = this.#parts;
    const { state } = resident;
    const snapshot = resident.actor.getSnapshot();
    const due = operationDue(snapshot);
    // A suspect has its turn apart from the others.
    if (resident.handler === null || state === null || due === null || isSuspect(state)) return;
    const { wakeAtMs, delayMs } = snapshot.context;
    const rouse = (): void => {
      if (this.#backingOff.get(resident) === rouse) this.#backingOff.delete(resident);
      // The operation may have been tried since, and wait again: that wait has a timer of its own.
      const isSameWait = resident.actor.getSnapshot().context.wakeAtMs === wakeAtMs;
      if (resident.state !== state || !isSameWait || this.#isStopped) return;
      resident.actor.send({ type: 'turn.granted', atMs: clock.now() });
    };
    if (!isBackingOff(state)) {
      rouse();
      return;
    }
    this.#backingOff.set(resident, rouse);
    // Where it began before a restart, it is no longer than it was, however the clock was set since.
    const nowMs = clock.now();
    timers.after(clampDueTime(due.atMs, nowMs, delayMs ?? 0) - nowMs, rouse);
  }

  #leave(resident: Resident): Delivery | undefined {
    const delivery = this.#slots.get(resident);
    if (delivery === undefined) return undefined;
    this.#slots.delete(resident);
    delivery.cancelTimer();
    this.#hanging.leave(delivery.flow.upstream, delivery);
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
    for (const [resident, rouse] of [...this.#backingOff]) {
      if (resident.handler?.upstream === flow.upstream) rouse();
    }
  }
}
