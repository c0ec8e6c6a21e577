/**
 * Gives an operation its turn, with a permit that is reserved for it: what its own chart, its history and
 * the rate of its subject and tier say to that is asked here, and a permit that it can not use goes back
 * at once.
 *
 * @module
 */

import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import { turnVerdict } from '../../machines/operation/turn.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { isEditBy } from '../operation/acceptance.ts';
import { giveBack, type Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import type { Suspects } from './suspects.ts';
import { judgeTurn, type TurnJudgeParts, takeRate } from './turnJudge.ts';

export interface TurnsParts extends TurnJudgeParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now' | 'latest' | 'toWall'>;
  readonly suspects: Pick<Suspects, 'has' | 'add' | 'delete'>;
  readonly onError: (error: unknown) => void;
}

/** Part that keeps account of permits. */
interface Holder {
  /** The operation has this permit, for a call that has not begun. */
  held(resident: Resident, permit: Permit): void;
}

export class Turns {
  readonly #holder: Holder;
  readonly #parts: TurnsParts;

  constructor(holder: Holder, parts: TurnsParts) {
    this.#holder = holder;
    this.#parts = parts;
  }

  /** Gives it its turn. Whatever comes of that, the permit is its own from here on, or is given back. */
  grant(resident: Resident, permit: Permit): void {
    const { onError } = this.#parts;
    try {
      this.#grant(resident, permit);
    } catch (error) {
      if (resident.permit !== permit) giveBack(permit);
      onError(error);
    }
  }

  #grant(resident: Resident, permit: Permit): void {
    const { clock, steady, suspects } = this.#parts;
    const atMs = clock.now();
    const { context } = resident.actor.getSnapshot();
    const verdict = turnVerdict(context, resident.handler, atMs, steady.latest());
    if (verdict === 'alone' && !suspects.has(resident)) {
      // It was stopped, or had no handler, before it was cleared: it still runs alone.
      giveBack(permit);
      suspects.add(resident);
      return;
    }
    if (verdict !== 'turn.granted' && verdict !== 'alone') {
      this.#refuse(resident, permit, { type: verdict, atMs });
      return;
    }
    const { ends, wasOutage } = judgeTurn(this.#parts, context, permit.flow);
    if (ends === null) this.#take(resident, permit, context, wasOutage);
    else this.#refuse(resident, permit, { type: ends, atMs });
  }

  #take(
    resident: Resident,
    permit: Permit,
    context: SyncOperationContext,
    wasOutage: boolean,
  ): void {
    const { clock, steady, suspects } = this.#parts;
    const atMs = clock.now();
    // By what its handler is now: it may have been accepted before there was one.
    const isEdit = isEditBy(resident.handler, context);
    const turn = { type: 'turn.granted', atMs, wasOutage, isEdit } as const;
    if (!resident.isInMemory || !resident.actor.getSnapshot().can(turn)) {
      // An operation that can not take its turn holds no slot.
      suspects.delete(resident);
      giveBack(permit);
      return;
    }
    const reservation = takeRate(steady, context, resident.urgency, permit.flow);
    if (reservation !== null) {
      const retryAtMs = steady.toWall(reservation.dueAtMs);
      this.#refuse(resident, permit, { type: 'rate.limited', atMs, retryAtMs, reservation });
      return;
    }
    resident.permit = permit;
    this.#holder.held(resident, permit);
    resident.actor.send(turn);
  }

  #refuse(
    resident: Resident,
    permit: Permit,
    event: Parameters<Resident['actor']['send']>[0],
  ): void {
    // Where it was the one that runs alone, the others may start.
    this.#parts.suspects.delete(resident);
    giveBack(permit);
    resident.actor.send(event);
  }
}
