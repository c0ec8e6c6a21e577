/**
 * A client's link to the owner of the store. An ask goes to the present owner, and to the next one where that ends
 * before it has answered, so that a change of owner is only a pause.
 *
 * @module
 */

import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError, isThenable } from '../../machines/vocabulary/errors.ts';
import { type Asked, type AskName, type Asks, LineEnded, type OwnerPort } from './lineProtocol.ts';
import { ofNewOwner } from './ownerDesk.ts';

/** An owner, in this process or at the other end of a line. */
export interface Seat extends OwnerPort {
  /** Resolves once it no longer owns the store, or can't be reached. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/**
 * Looks for an owner once, and may become it. Resolves with the owner or `null`; rejects where it is known why there
 * is none.
 */
export type FindSeat = () => Promise<Seat | null>;

/** How long an ask waits for its answer. */
export type Patience =
  /** A bounded time in all. */
  | 'bounded'
  /** A bounded time while nobody owns the store, and as long as an owner takes. */
  | 'boundedWithoutOwner'
  /** Until the answer comes, over any number of owners. */
  | 'endless';

export interface HowToAsk<Told> {
  readonly patience: Patience;
  /** False for an ask that must not be repeated. Default true. */
  readonly isRepeatable?: boolean;
  readonly told?: ((value: Told) => void) | undefined;
}

export interface OwnerLinkParts {
  readonly store: string;
  readonly find: FindSeat;
  /** Ends a search that is under way; resolves once nothing is left of it. */
  readonly giveUp: () => Promise<void>;
  readonly ownerWithinMs: number;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Called with the reason for having no owner, unless it is only that there is none, and with what listeners throw.
   */
  readonly onError: (error: unknown) => void;
}

interface Open {
  readonly name: AskName;
  /** The parameters; `isRepeat` once an owner was asked before. */
  readonly params: (isRepeat: boolean) => object;
  readonly patience: Patience;
  readonly isRepeatable: boolean;
  readonly told: (value: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: HoldfastError) => void;
  /** The ask at the present owner; `null` while it waits for one. */
  asked: Asked<unknown> | null;
  wasAsked: boolean;
  /** Whether an owner was asked before the present one, and ended before it had answered. */
  isRepeat: boolean;
  /** Whether it has waited for an owner. */
  hasWaited: boolean;
  cancelDeadline: () => void;
}

/** Asks for a request to be stored. */
const STORING: ReadonlySet<AskName> = new Set(['sync', 'syncMany']);

/** The pauses between two searches for an owner, in milliseconds: a takeover takes a few, a restart longer. */
const LOOK_MS_MIN = 20;
const LOOK_MS_MAX = 300;
/** The longest pause where the reason is known, and is not that there is none. */
const LOOK_AGAIN_MS_MAX = 5_000;

export class OwnerLink {
  readonly #parts: OwnerLinkParts;
  readonly #open = new Set<Open>();
  readonly #waiters = new Set<() => void>();
  #seat: Seat | null = null;
  /** Why the last search failed; `null` where there simply was no owner. */
  #trouble: HoldfastError | null = null;
  readonly #pauses = new Set<() => void>();
  #isClosed = false;
  #closing: Promise<void> | null = null;

  constructor(parts: OwnerLinkParts) {
    this.#parts = parts;
  }

  get seat(): Seat | null {
    return this.#seat;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  begin(): void {
    void this.#look();
  }

  /**
   * Asks the owner of the store, now or once there is one.
   *
   * @throws HoldfastError (rejects) `HF_OWNER_GONE`, `HF_CLOSED`; `HF_STORE_FOLDER` where another user may listen there.
   */
  ask<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'] | ((isRepeat: boolean) => Asks[Name]['params']),
    how: HowToAsk<Asks[Name]['told']>,
  ): Asked<Asks[Name]['result']> {
    const { patience, isRepeatable = true, told } = how;
    let open: Open | null = null;
    const answer = new Promise<Asks[Name]['result']>((resolve, reject) => {
      if (this.#isClosed) {
        reject(closed());
        return;
      }
      open = {
        ...{ name, patience, isRepeatable, asked: null, wasAsked: false },
        ...{ isRepeat: false, hasWaited: false },
        params: typeof params === 'function' ? params : () => params,
        told: (value) => {
          // An error of a listener ends neither the process nor the other frames.
          try {
            const returned: unknown = told?.(value as never);
            if (isThenable(returned)) returned.then(undefined, this.#parts.onError);
          } catch (error) {
            this.#parts.onError(error);
          }
        },
        resolve,
        reject,
        cancelDeadline: () => undefined,
      };
      this.#open.add(open);
      if (patience !== 'endless') this.#limit(open);
      this.#send(open);
    });
    return {
      answer,
      stop: () => {
        if (open !== null) this.#over(open);
      },
    };
  }

  /**
   * Resolves once somebody owns the store.
   *
   * @throws HoldfastError (rejects) `HF_OWNER_GONE`, `HF_CLOSED`.
   */
  async whenOwned(): Promise<void> {
    const { clock, ownerWithinMs } = this.#parts;
    if (this.#seat !== null) return;
    if (this.#isClosed) throw closed();
    await new Promise<void>((resolve) => {
      const tell = (): void => {
        cancel();
        this.#waiters.delete(tell);
        resolve();
      };
      const cancel = clock.schedule(ownerWithinMs, tell);
      this.#waiters.add(tell);
    });
    if (this.#isClosed) throw closed();
    if (this.#seat === null) throw this.#gone(false);
  }

  /** Waits `ms` milliseconds, or until the link is closed. */
  async pause(ms: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#pauses.delete(wake);
        resolve();
      };
      const cancel = this.#parts.clock.schedule(ms, wake);
      this.#pauses.add(wake);
    });
  }

  /** Closes the link for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    for (const wake of this.#pauses) wake();
    for (const open of this.#open) {
      this.#over(open);
      open.reject(closed(open.wasAsked));
    }
    this.#tellWaiters();
    const seat = this.#seat;
    this.#seat = null;
    await seat?.close();
    await this.#parts.giveUp();
  }

  /** Looks for an owner until there is one. */
  async #look(): Promise<void> {
    const { random } = this.#parts;
    for (let waitMs = LOOK_MS_MIN; !this.#isClosed; ) {
      const seat = await this.#find();
      if (seat !== null) {
        await this.#sit(seat);
        waitMs = LOOK_MS_MIN;
        continue;
      }
      // The pauses vary, so that several candidates do not all try at once.
      await this.pause(waitMs * (0.5 + random.next()));
      const mostMs = this.#trouble === null ? LOOK_MS_MAX : LOOK_AGAIN_MS_MAX;
      waitMs = Math.min(2 * waitMs, mostMs);
    }
  }

  async #find(): Promise<Seat | null> {
    try {
      const seat = await this.#parts.find();
      this.#trouble = null;
      return seat;
    } catch (error) {
      const trouble = isHoldfastError(error) ? error : null;
      const isNew = trouble === null || trouble.message !== this.#trouble?.message;
      if (isNew && !this.#isClosed) this.#parts.onError(error);
      this.#trouble = trouble;
      // Another user may listen there, which does not pass by itself: no ask waits for it.
      if (this.#hasForeigner()) for (const open of this.#open) this.#send(open);
      return null;
    }
  }

  /** Sends the waiting asks to an owner, and returns once it no longer owns the store. */
  async #sit(seat: Seat): Promise<void> {
    if (this.#isClosed) {
      await seat.close();
      return;
    }
    this.#seat = seat;
    for (const open of this.#open) {
      if (open.patience === 'boundedWithoutOwner') open.cancelDeadline();
      this.#send(open);
    }
    this.#tellWaiters();
    await seat.ended;
    if (this.#isClosed) return;
    this.#seat = null;
    for (const open of this.#open) {
      if (open.patience === 'boundedWithoutOwner') this.#limit(open);
    }
  }

  #hasForeigner(): boolean {
    return this.#trouble?.code === 'HF_STORE_FOLDER';
  }

  #tellWaiters(): void {
    for (const tell of this.#waiters) tell();
  }

  #limit(open: Open): void {
    const { clock, ownerWithinMs } = this.#parts;
    if (open.patience === 'boundedWithoutOwner' && this.#seat !== null) return;
    open.cancelDeadline();
    open.cancelDeadline = clock.schedule(ownerWithinMs, () => {
      this.#over(open);
      open.reject(this.#gone(open.wasAsked));
    });
  }

  #send(open: Open): void {
    const seat = this.#seat;
    if (seat === null) {
      open.hasWaited = true;
      if (!this.#hasForeigner() || open.wasAsked || open.patience === 'endless') return;
      this.#over(open);
      open.reject(this.#trouble as HoldfastError);
      return;
    }
    const asked = seat.ask(open.name, open.params(open.wasAsked), open.told);
    open.asked = asked;
    open.isRepeat = open.wasAsked;
    open.wasAsked = true;
    asked.answer.then(
      (result) => {
        if (!this.#over(open)) return;
        open.resolve(result);
      },
      (error: unknown) => {
        this.#failed(open, asked, error);
      },
    );
  }

  #failed(open: Open, asked: Asked<unknown>, error: unknown): void {
    if (open.asked !== asked || !this.#open.has(open)) return;
    if (isOwnersEnd(error)) {
      open.asked = null;
      open.hasWaited = true;
      if (open.isRepeatable) return;
      this.#over(open);
      open.reject(this.#gone(true, true));
      return;
    }
    this.#over(open);
    const told = open.hasWaited ? ofNewOwner(error) : error;
    open.reject((open.isRepeat && STORING.has(open.name) ? inDoubt(told) : told) as HoldfastError);
  }

  /** Ends an ask; false where it was over before. */
  #over(open: Open): boolean {
    if (!this.#open.delete(open)) return false;
    open.cancelDeadline();
    open.asked?.stop();
    return true;
  }

  #gone(mayBeStored: boolean, hasEnded = false): HoldfastError {
    const { store, ownerWithinMs } = this.#parts;
    const within = `within ${ownerWithinMs / 1_000} s`;
    const what = hasEnded
      ? `The owner of the store in ${store} has ended before it had answered`
      : this.#seat === null
        ? `Nobody owns the store in ${store}, and nobody came to own it ${within}`
        : `The owner of the store in ${store} has not answered ${within}: it is busy, stopped or its event loop is blocked`;
    const why = this.#trouble === null ? '' : ` (${this.#trouble.message})`;
    const fate = mayBeStored
      ? 'What was asked for may hold or not; ask again later, a request under the same idempotencyKey.'
      : 'Nothing was stored. Start a process that owns it, or ask again later.';
    return new HoldfastError('HF_OWNER_GONE', `${what}${why}. ${fate}`, {
      path: store,
      retry: 'later',
      mayBeStored,
      cause: this.#trouble ?? undefined,
      withStack: false,
    });
  }
}

/** Refusal of a request that an owner was asked for before: that one may have stored it. */
function inDoubt(refusal: unknown): unknown {
  if (!isHoldfastError(refusal) || refusal.mayBeStored || refusal.retry !== 'later') return refusal;
  return new HoldfastError(
    refusal.code,
    'The owner of the store was asked before, and its answer was lost with the connection: what was asked for then may be stored, though this time it was refused. Send it again later with the same idempotencyKey: if it is stored, that finds it.',
    { retry: 'later', mayBeStored: true, cause: refusal, withStack: false },
  );
}

/** Whether the error says that the owner is closing or was cut off, so that the next one is asked. */
function isOwnersEnd(error: unknown): boolean {
  return error instanceof LineEnded || (isHoldfastError(error) && error.code === 'HF_CLOSED');
}

function closed(mayBeStored = false): HoldfastError {
  return new HoldfastError(
    'HF_CLOSED',
    'The client is closed. What was accepted goes on at the owner of the store.',
    { retry: 'later', mayBeStored, withStack: false },
  );
}
