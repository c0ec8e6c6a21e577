/**
 * When crises are delivered: at once, again when their retry is due, and all of them the moment that
 * their upstream is back (CR-4). They ask no flow control (CB-3), and go out where their line fails.
 *
 * @module
 */

import type { CrisisEvent } from '../../machines/crisis/crisisMachine.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import { SLOT_HELD_MS_MAX } from '../../machines/policy/crisis/crisisSlotShares.ts';
import type { CallReport } from '../../machines/policy/flow/callReport.ts';
import { type Clock, clampDueTime } from '../../machines/vocabulary/clock.ts';
import type { Resident } from '../operation/resident.ts';
import { Slices } from '../platform/slices.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { UpstreamScheduler } from '../upstream/upstreamScheduler.ts';

export interface CrisisTurnsParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly onError: (error: unknown) => void;
}

/** The slot of one delivery. */
interface Delivery {
  readonly upstream: Upstream;
  leave: () => void;
  /** Called where the delivery takes long: see {@link SlotHold.hang}. */
  hang: () => void;
  /** Ends the measuring of how long the slot is held. */
  cancelTimer: () => void;
  /** False while it waits for it. */
  hasSlot: boolean;
  /** When it was sent, by the steady clock; `null` while it waits for its slot. */
  sentAtMs: number | null;
}

export class CrisisTurns {
  readonly #parts: CrisisTurnsParts;
  /** Slots that deliveries hold, and how each is given back. */
  readonly #slots = new Map<Resident, Delivery>();
  /** Crises that back off, and what lets each try again. */
  readonly #backingOff = new Map<Resident, () => void>();
  /** Upstreams that were down when last looked at. */
  readonly #down = new Set<UpstreamScheduler>();
  #isStopped = false;

  constructor(parts: CrisisTurnsParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#isStopped = true;
    this.#backingOff.clear();
  }

  /** Asks for a slot for crises, and tells when it has one, or no handler; returns what ends the asking. */
  awaitPlace(
    resident: Resident,
    upstream: Upstream | undefined,
    report: (event: CrisisEvent) => void,
  ): () => void {
    const { entity, subject, attempt } = resident.actor.getSnapshot().context;
    const { clock, timers } = this.#parts;
    const nothing = (): void => undefined;
    if (resident.handler === null || upstream === undefined) {
      const type = resident.handler === null ? 'handler.missing' : 'place.granted';
      report({ type, atMs: clock.now() });
      return nothing;
    }
    const delivery: Delivery = {
      upstream,
      leave: nothing,
      hang: nothing,
      cancelTimer: nothing,
      hasSlot: false,
      sentAtMs: null,
    };
    this.#slots.set(resident, delivery);
    const asker = { subject, entity: entityKey(entity), isFirst: attempt === 1 };
    const begin = (): void => {
      if (delivery.hasSlot) return;
      delivery.hasSlot = true;
      delivery.cancelTimer = timers.after(SLOT_HELD_MS_MAX, () => {
        this.#unstopped(delivery.hang);
      });
      report({ type: 'place.granted', atMs: clock.now() });
    };
    const isInLine = this.#unstopped(() => {
      Object.assign(delivery, upstream.line.enterCrisis(asker, begin));
    });
    if (!isInLine) begin();
    return () => {
      if (!delivery.hasSlot) this.#leave(resident);
    };
  }

  /** Delivers it on the slot that it has. */
  begin(resident: Resident, run: () => () => void): () => void {
    const delivery = this.#slots.get(resident);
    if (delivery !== undefined) {
      this.#unstopped(() => {
        this.#sent(resident, delivery);
      });
    }
    const stop = run();
    return () => {
      stop();
      this.#leave(resident);
    };
  }

  #sent(resident: Resident, delivery: Delivery): void {
    const { upstream, sentAtMs } = delivery;
    delivery.sentAtMs = this.#parts.steady.now();
    if (sentAtMs === null) upstream.crisesInFlight += 1;
    const { subject, tier } = resident.actor.getSnapshot().context;
    upstream.flow.rates?.count({ subject, tier }, delivery.sentAtMs);
  }

  /** Ends a delivery; its upstream hears how, where it held a slot. */
  ended(resident: Resident, report: CallReport): void {
    const delivery = this.#leave(resident);
    if (delivery === undefined) return;
    const { upstream, sentAtMs } = delivery;
    const nowMs = this.#parts.steady.now();
    this.#unstopped(() => {
      upstream.flow.recordCrisis(report, sentAtMs === null ? 0 : nowMs - sentAtMs);
    });
  }

  /** False where it throws, which is told of: no defect of a line keeps a crisis in, or its end from being told. */
  #unstopped(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      this.#parts.onError(error);
      return false;
    }
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
    if (delivery.sentAtMs !== null) delivery.upstream.crisesInFlight -= 1;
    delivery.cancelTimer();
    this.#unstopped(delivery.leave);
    return delivery;
  }

  /** The flow control has changed: where its upstream is back, every crisis for it tries again at once. */
  reconsider(flow: UpstreamScheduler): void {
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
