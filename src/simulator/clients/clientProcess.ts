/**
 * A process on a device that uses the store which another process owns: `connect()`, over the simulated socket.
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

/** Time that a call may take beyond its wait for an owner: for its wish, and a look at what became of it. */
const LATE_MS = 10_000;

/** Ground of a process of a device. */
export interface ProcessParts {
  readonly seed: number;
  readonly clock: Clock;
  /** How long what comes over a connection takes at the most, in milliseconds. */
  readonly delayMaxMs: () => number;
  /** The control socket of the device's owner. */
  readonly door: () => Door | null;
}

export interface ClientParts extends ProcessParts {
  readonly name: string;
  readonly ownerWithinMs: number;
  readonly isOwned: () => boolean;
  /** Makes an owner in this process; `null` where it may not own the store. */
  readonly createOwner: ((life: Life, onError: (error: unknown) => void) => Owner) | null;
  readonly onError: (error: unknown) => void;
  /** Called for a call that waits for longer than it may. */
  readonly onLate: (what: string) => void;
}

/** The processor and the connections of a process, until it dies. */
export interface Vessel extends WireProcess {
  readonly life: Life;
  readonly random: SeededRandom;
  /** SIGKILL. */
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
  /** How long its calls wait for an owner. */
  readonly ownerWithinMs: number;
  /** Calls that have not ended, by a number, with what each is. */
  readonly calls = new Map<number, string>();
  /** Ids of operations whose outcome it waits for. */
  readonly awaited = new Set<string>();
  /** Whether it was told of the end of each operation that it watches to the end, by id. */
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

  /** Whether it owns the store. */
  get isOwner(): boolean {
    return this.client.runtime !== null;
  }

  /** Makes a call that waits a bounded time. A dead process is told of nothing. */
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

  /** Makes a call that waits for as long as it takes, but ends once all is well. */
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

  /** Hears what becomes of `work`, for as long as the process lives. */
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
