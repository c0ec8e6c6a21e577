/**
 * The processes of a device beside the owner of its store: clients, some of which can take the store over, and pages
 * of the inspector.
 *
 * @module
 */

import type { Overview } from '../../../inspector/protocol.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Owner } from '../../createRuntime.ts';
import type { Life } from '../../virtual/life.ts';
import { ClientProcess } from '../clients/clientProcess.ts';
import type { Door } from '../clients/door.ts';
import { Page } from '../clients/page.ts';
import type { ClientSetup } from './plan.ts';

/** Default time from a client's death to its next start. */
const AGAIN_AFTER_MS = 5_000;

/** Device that the clients run on. */
export interface ClientHome {
  /** True while it is switched off. */
  readonly isOff: boolean;
  /** True while a living process has the store. */
  readonly isOwned: boolean;
  /** Socket of the present owner. */
  readonly door: Door;
  /** Longest delay of a message over a connection, in milliseconds. */
  readonly lineDelayMs: number;
  /** True if the device slept within the longest time of a client's call. */
  readonly hasSleptLately: boolean;
  /** Tells the judge that a client's call has not ended. */
  readonly tellUnheard: (client: string, what: string) => void;
  /** Receives what a page shows of the device. */
  readonly shown: (overview: Overview) => void;
  readonly candidate: (life: Life, onError: (error: unknown) => void) => Owner;
}

export interface DeviceClientsParts {
  readonly home: ClientHome;
  readonly setups: readonly ClientSetup[];
  readonly seed: number;
  readonly clock: Clock;
}

export class DeviceClients {
  /** Pages that are open. */
  readonly pages = new Set<Page>();
  readonly #parts: DeviceClientsParts;
  readonly #living = new Map<number, ClientProcess>();
  #hindrances = 0;
  #unhinderedSinceMs = 0;
  #starts = 0;

  constructor(parts: DeviceClientsParts) {
    this.#parts = parts;
  }

  /** Living clients. */
  get living(): readonly ClientProcess[] {
    return [...this.#living.values()];
  }

  /** True while a living client can take the store over. */
  get hasCandidate(): boolean {
    return this.living.some(({ mayOwn }) => mayOwn);
  }

  /** Starts every client that does not live. */
  startAll(): void {
    for (const at of this.#parts.setups.keys()) this.#start(at);
  }

  /** Picks a living client by a number; `null` where none lives. */
  at(number: number): ClientProcess | null {
    const { living } = this;
    return living[number % Math.max(1, living.length)] ?? null;
  }

  /** Marks the owner as hard to reach, until the returned function is called. */
  hinder(): () => void {
    this.#hindrances += 1;
    return () => {
      this.#hindrances -= 1;
      this.#unhinderedSinceMs = this.#parts.clock.monotonic();
    };
  }

  /** Time since which clients can reach the owner; `null` where they can't. */
  get reachableSinceMs(): number | null {
    const { door } = this.#parts.home;
    if (this.#hindrances > 0 || !door.isOpen) return null;
    return Math.max(this.#unhinderedSinceMs, door.openedAtMs);
  }

  /** Starts a client beside those of the set-up. */
  visitor(): ClientProcess {
    return this.#made('visitor', { mayOwn: false, ownerWithinMs: 15_000 });
  }

  /** Kills a client that does not own the store, and starts another in its place. */
  kill(client: ClientProcess, forMs: number): void {
    client.vessel.kill();
    this.bury(forMs);
  }

  /** Kills every client and page. */
  killAll(): void {
    for (const { vessel } of this.living) vessel.kill();
    this.#living.clear();
    for (const page of this.pages) this.closePage(page);
  }

  /** Removes dead clients, and starts each again later. */
  bury(afterMs = AGAIN_AFTER_MS): void {
    for (const [at, { vessel }] of this.#living) {
      if (!vessel.life.isDead()) continue;
      vessel.kill();
      this.#living.delete(at);
      this.#parts.clock.schedule(afterMs, () => {
        this.#start(at);
      });
    }
  }

  /**
   * Closes a client, with this deadline for work in flight where it owns the store, and starts another in its place.
   */
  async leave(client: ClientProcess, deadlineMs: number, forMs: number): Promise<void> {
    for (const [at, each] of this.#living) {
      if (each !== client) continue;
      this.#living.delete(at);
      this.#parts.clock.schedule(forMs, () => {
        this.#start(at);
      });
    }
    await client.client.close({ deadlineMs });
  }

  openPage(): Page {
    const page = new Page(this.#process(), this.#parts.home.shown);
    this.pages.add(page);
    return page;
  }

  closePage(page: Page): void {
    page.close();
    this.pages.delete(page);
  }

  /** Closes all clients and pages for good. */
  async close(): Promise<void> {
    for (const page of this.pages) this.closePage(page);
    const closing = this.living.map(async ({ client }) => {
      await client.close();
    });
    this.#living.clear();
    await Promise.all(closing);
  }

  #start(at: number): void {
    const setup = this.#parts.setups[at];
    if (setup === undefined || this.#living.has(at) || this.#parts.home.isOff) return;
    this.#living.set(at, this.#made(`client ${at}`, setup));
  }

  #made(name: string, { mayOwn, ownerWithinMs }: ClientSetup): ClientProcess {
    const { home } = this.#parts;
    return new ClientProcess({
      ...{ name, ownerWithinMs, ...this.#process() },
      isOwned: () => home.isOwned,
      createOwner: mayOwn ? (life, onError) => home.candidate(life, onError) : null,
      onError: () => undefined,
      onLate: (what) => {
        if (!home.hasSleptLately) home.tellUnheard(name, what);
      },
    });
  }

  #process() {
    const { home, seed, clock } = this.#parts;
    this.#starts += 1;
    return {
      seed: seed * 2_003 + this.#starts * 3,
      clock,
      delayMaxMs: () => home.lineDelayMs,
      door: () => home.door,
    };
  }
}
