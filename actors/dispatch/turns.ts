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
import { giveBack, type Permit } from '../flow/flowControl.ts';
import { isEditBy } from '../operation/acceptance.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import { judgeTurn, type RateParts, type TurnJudgeParts, takeRate } from './turnJudge.ts';

export interface TurnsParts extends TurnJudgeParts, RateParts {
  readonly clock: Clock;
  readonly steady: Pick<SteadyClock, 'now' | 'latest' | 'toWall'>;
  /** Whether it has its turn apart from the others. */
  readonly isSuspect: (resident: Resident) => boolean;
  /** It must run alone, and nobody knew: it waits for that. */
  readonly addSuspect: (resident: Resident) => void;
  /** It has its permit, and takes its turn. */
  readonly onHeld: (resident: Resident, permit: Permit) => void;
  /** It does not take its turn: where it was the one that runs alone, the others may start. */
  readonly onRefused: (resident: Resident) => void;
  readonly onError: (error: unknown) => void;
}

export class Turns {
  readonly #parts: TurnsParts;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  /** Gives it its turn. Whatever comes of that, the permit is its own from here on, or is given back. */
  readonly grant = (resident: Resident, permit: Permit): void => {
    const { onError } = this.#parts;
    try {
      this.#grant(resident, permit);
    } catch (error) {
      if (resident.permit !== permit) giveBack(permit);
      onError(error);
    }
  };

  #grant(resident: Resident, permit: Permit): void {
    const { clock, steady, isSuspect, addSuspect } = this.#parts;
    const atMs = clock.now();
    const { context } = resident.actor.getSnapshot();
    const verdict = turnVerdict(context, resident.handler, atMs, steady.latest());
    if (verdict === 'alone' && !isSuspect(resident)) {
      // It was stopped, or had no handler, before it was cleared: it still runs alone.
      giveBack(permit);
      addSuspect(resident);
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
    const { clock, steady, onHeld, onRefused } = this.#parts;
    const atMs = clock.now();
    // By what its handler is now: it may have been accepted before there was one.
    const isEdit = isEditBy(resident.handler, context);
    const turn = { type: 'turn.granted', atMs, wasOutage, isEdit } as const;
    if (!resident.isInMemory || !resident.actor.getSnapshot().can(turn)) {
      // An operation that can not take its turn holds no slot.
      onRefused(resident);
      giveBack(permit);
      return;
    }
    const reservation = takeRate(this.#parts, context, resident.urgency, permit.flow);
    if (reservation !== null) {
      const retryAtMs = steady.toWall(reservation.dueAtMs);
      this.#refuse(resident, permit, { type: 'rate.limited', atMs, retryAtMs, reservation });
      return;
    }
    resident.permit = permit;
    onHeld(resident, permit);
    resident.actor.send(turn);
  }

  #refuse(
    resident: Resident,
    permit: Permit,
    event: Parameters<Resident['actor']['send']>[0],
  ): void {
    this.#parts.onRefused(resident);
    giveBack(permit);
    resident.actor.send(event);
  }
}
