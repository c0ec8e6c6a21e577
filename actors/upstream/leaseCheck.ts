/**
 * Knows which operation holds each permit of an upstream, and gives a permit back whose holder will not: one that is
 * gone, or has none of its own any more. That is a defect, and is told; but an upstream must not lose a
 * slot for good by it (OP-6). It wakes up only while permits are out.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { giveBack, type Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../platform/timerService.ts';

/** Between two looks; a permit that seems lost twice in a row is. */
const CHECK_EVERY_MS = 5_000;

export interface LeaseCheckParts {
  readonly timers: TimerService;
  readonly onError: (error: unknown) => void;
}

export class LeaseCheck {
  readonly #line: { pump(): void };
  readonly #parts: LeaseCheckParts;
  readonly #holders = new Map<Permit, Resident>();
  #suspected = new Set<Permit>();
  #isArmed = false;
  #isStopped = false;

  constructor(line: { pump(): void }, parts: LeaseCheckParts) {
    this.#line = line;
    this.#parts = parts;
  }

  /** How many calls are under way, or about to begin, whose permits are held. */
  get held(): number {
    let held = 0;
    for (const [permit, holder] of this.#holders) if (isHeld(permit, holder)) held += 1;
    return held;
  }

  /** The operation has this permit from now on. */
  took(permit: Permit, holder: Resident): void {
    this.#holders.set(permit, holder);
    if (!this.#isArmed) this.#arm();
  }

  /** Notes that a permit was given back. */
  returned(permit: Permit): void {
    this.#holders.delete(permit);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #arm(): void {
    this.#isArmed = true;
    this.#parts.timers.after(CHECK_EVERY_MS, () => {
      this.#isArmed = false;
      if (this.#isStopped) return;
      this.#check();
      if (this.#holders.size > 0) this.#arm();
    });
  }

  #check(): void {
    const seen = this.#suspected;
    this.#suspected = new Set();
    for (const [permit, holder] of this.#holders) {
      if (isHeld(permit, holder)) continue;
      if (seen.has(permit)) this.#giveBack(permit, holder);
      else this.#suspected.add(permit);
    }
  }

  #giveBack(permit: Permit, holder: Resident): void {
    this.#holders.delete(permit);
    if (holder.permit === permit) holder.permit = null;
    giveBack(permit);
    this.#parts.onError(
      new HoldfastError(
        'HF_INTERNAL',
        `Operation ${holder.id} kept a slot of ${permit.flow.upstream} and did not run. The slot was given back. Please report this defect.`,
      ),
    );
    // A slot is free that nobody knew of.
    this.#line.pump();
  }
}

function isHeld(permit: Permit, holder: Resident): boolean {
  const { chart, state } = holder;
  if (holder.permit !== permit || !holder.isInMemory) return false;
  return state === null || chart.isBusy(state, true);
}
