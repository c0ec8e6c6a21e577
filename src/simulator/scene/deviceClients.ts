/**
 * The processes of a device beside the one that owns its store: clients, some of which take the store over, and
 * pages of the inspector.
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

/** How long after its death a client is started again, where nothing else is said. */
const AGAIN_AFTER_MS = 5_000;

/** The device that they run on. */
export interface ClientHome {
  /** No process of it runs. */
  readonly isOff: boolean;
  /** Whether a living process has the store. */
  readonly isOwned: boolean;
  /** Where the present owner is reached. */
  readonly door: Door;
  /** How long what comes over a connection takes at the most, in milliseconds. */
  readonly lineDelayMs: number;
  /** Whether all of it stood still within what a call of a client may take. */
  readonly hasSleptLately: boolean;
  /** Tells that a call of a client has not ended. */
  readonly tellUnheard: (client: string, what: string) => void;
  /** A page was told this of the device. */
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

  /** Whether one of them takes the store over if nobody has it. */
  get hasCandidate(): boolean {
    return this.living.some(({ mayOwn }) => mayOwn);
  }

  /** Starts all that do not live. */
  startAll(): void {
    for (const at of this.#parts.setups.keys()) this.#start(at);
  }

  /** One of them; `null` where none lives. */
  at(number: number): ClientProcess | null {
    const { living } = this;
    return living[number % Math.max(1, living.length)] ?? null;
  }

  /** Notes that clients may not reach an owner that runs, until the returned function is called. */
  hinder(): () => void {
    this.#hindrances += 1;
    return () => {
      this.#hindrances -= 1;
      this.#unhinderedSinceMs = this.#parts.clock.monotonic();
    };
  }

  /** Since when clients can reach the owner; `null` where they can't. */
  get reachableSinceMs(): number | null {
    const { door } = this.#parts.home;
    if (this.#hindrances > 0 || !door.isOpen) return null;
    return Math.max(this.#unhinderedSinceMs, door.openedAtMs);
  }

  /** Starts one beside those of the set-up. */
  visitor(): ClientProcess {
    return this.#made('visitor', { mayOwn: false, ownerWithinMs: 15_000 });
  }

  /** SIGKILL of one that does not own the store, and another in its place. */
  kill(client: ClientProcess, forMs: number): void {
    client.vessel.kill();
    this.bury(forMs);
  }

  /** SIGKILL of all, and of pages. */
  killAll(): void {
    for (const { vessel } of this.living) vessel.kill();
    this.#living.clear();
    for (const page of this.pages) this.closePage(page);
  }

  /** Takes out those that are dead; each is started again. */
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

  /** Lets one close, with so long for work in flight where it owns the store, and another come in its place. */
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

  /** Closes all, for good. */
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
