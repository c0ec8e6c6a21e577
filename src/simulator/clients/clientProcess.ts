/**
 * A process on a device that uses another process's store: `connect()`, over the simulated socket.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Client } from '../../client.ts';
import { assembleClient } from '../../connect.ts';
import type { Owner } from '../../createRuntime.ts';
import { type Life, mortalClock, newLife } from '../../virtual/life.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';
import { type Door, upgradeBy } from './door.ts';
import type { WireEnd, WireProcess } from './wire.ts';

/** Time beyond the wait for an owner that a call may take, for its wish and a look at the result. */
const LATE_MS = 10_000;

/** Surroundings of a process on a device. */
export interface ProcessParts {
  readonly seed: number;
  readonly clock: Clock;
  /** Longest delay of a message over a connection, in milliseconds. */
  readonly delayMaxMs: () => number;
  /** Finds the control socket of the device's owner. */
  readonly door: () => Door | null;
}

export interface ClientParts extends ProcessParts {
  readonly name: string;
  readonly ownerWithinMs: number;
  readonly isOwned: () => boolean;
  /** Makes an owner in this process; `null` where it may not own the store. */
  readonly createOwner: ((life: Life, onError: (error: unknown) => void) => Owner) | null;
  readonly onError: (error: unknown) => void;
  /** Hears of a call that waits longer than it may. */
  readonly onLate: (what: string) => void;
}

/** Life, chance and connections of a process, until it dies. */
export interface Vessel extends WireProcess {
  readonly life: Life;
  readonly random: SeededRandom;
  /** Kills it as SIGKILL does. */
  readonly kill: () => void;
}

export function newVessel(
  { seed, clock, delayMaxMs }: Omit<ProcessParts, 'door'>,
  life = newLife(),
): Vessel {
  const delays = seededRandom(seed);
  const ends = new Set<WireEnd>();
  return {
    ...{ life, ends, clock: mortalClock(clock, life), random: seededRandom(seed + 1) },
    delayMs: () => delays.next() * delayMaxMs(),
    cut: () => (delays.chance(0.1) ? delays.next() : 0),
    kill: () => {
      life.end();
      for (const end of [...ends]) end.die();
    },
  };
}

export class ClientProcess {
  readonly name: string;
  readonly vessel: Vessel;
  readonly client: Client;
  readonly mayOwn: boolean;
  /** Longest wait of its calls for an owner. */
  readonly ownerWithinMs: number;
  /** Descriptions of the calls under way, by number. */
  readonly calls = new Map<number, string>();
  /** Ids of operations whose outcome it awaits. */
  readonly awaited = new Set<string>();
  /** Operations that it watches to the end, by id; true once it has heard the end. */
  readonly watched = new Map<string, boolean>();
  readonly #parts: ClientParts;
  #calls = 0;

  constructor(parts: ClientParts) {
    const { name, ownerWithinMs, isOwned, createOwner, onError } = parts;
    this.#parts = parts;
    this.name = name;
    this.ownerWithinMs = ownerWithinMs;
    this.mayOwn = createOwner !== null;
    this.vessel = newVessel(parts);
    const { clock, random, life } = this.vessel;
    this.client = assembleClient(
      { store: 'the store', ownerWithinMs, clock, random, onError },
      {
        upgrade: upgradeBy(this.vessel, parts.door),
        isOwned,
        createOwner: createOwner === null ? null : (told) => createOwner(life, told),
        crisisSocket: null,
      },
    );
  }

  /** True while it owns the store. */
  get isOwner(): boolean {
    return this.client.runtime !== null;
  }

  /** Makes a call that waits a bounded time. A dead process hears nothing. */
  call<T>(
    what: string,
    begin: (client: Client) => Promise<T>,
    heard: Partial<Heard<T>> = {},
  ): void {
    const { ownerWithinMs, onLate } = this.#parts;
    const cancel = this.vessel.clock.schedule(ownerWithinMs + LATE_MS, () => {
      onLate(`${what} for ${ownerWithinMs + LATE_MS} ms`);
    });
    this.unbounded(what, begin, {
      came: (result) => {
        cancel();
        heard.came?.(result);
      },
      failed: (error) => {
        cancel();
        heard.failed?.(error);
      },
    });
  }

  /** Makes a call that waits as long as it takes, but ends once all is well. */
  unbounded<T>(
    what: string,
    begin: (client: Client) => Promise<T>,
    heard: Partial<Heard<T>> = {},
  ): void {
    this.#calls += 1;
    const call = this.#calls;
    this.calls.set(call, what);
    this.follow(begin(this.client), {
      came: (result) => {
        this.calls.delete(call);
        heard.came?.(result);
      },
      failed: (error) => {
        this.calls.delete(call);
        heard.failed?.(error);
      },
    });
  }

  /** Hears the result of `work`, as long as the process lives. */
  follow<T>(work: Promise<T>, { came, failed }: Heard<T>): void {
    const { life } = this.vessel;
    work.then(
      (result) => {
        life.whenAwake(() => {
          came(result);
        });
      },
      (error: unknown) => {
        life.whenAwake(() => {
          failed(error);
        });
      },
    );
  }
}

export interface Heard<T> {
  readonly came: (result: T) => void;
  readonly failed: (error: unknown) => void;
}
