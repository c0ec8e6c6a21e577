/**
 * The upstream of the drill, as the drill and the process under drill hold it.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';

// What the upstream of the drill did, by the number of the crisis: the witness of the deliveries,
// independent of what the runtime says. An effect is made once for each idempotency key; a crisis that
// came under two keys was delivered twice.

/** One crisis as the upstream knows it: its number, how often it took effect, and when first. */
export type LedgerLine = readonly [number: number, effects: number, firstAtMs: number];

export class DrillLedger {
  readonly #keys = new Set<string>();
  readonly #effects = new Map<number, { effects: number; readonly firstAtMs: number }>();

  /** Makes the effect, unless one was made under this key. */
  apply(number: number, key: string, atMs: number): void {
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    const entry = this.#effects.get(number);
    if (entry === undefined) this.#effects.set(number, { effects: 1, firstAtMs: atMs });
    else entry.effects += 1;
  }

  /** How many crises have taken effect. */
  get size(): number {
    return this.#effects.size;
  }

  lines(): readonly LedgerLine[] {
    return [...this.#effects].map(([number, { effects, firstAtMs }]) => [
      number,
      effects,
      firstAtMs,
    ]);
  }
}

/** A notice of the chain that was taken and answered: by which step, about whom, when. */
export interface NoticeLine {
  readonly step: string;
  /** The people that a notice names, and how many it is about. */
  readonly subjects: readonly string[];
  readonly people: number;
  readonly atMs: number;
}

/** Where it listens, and which process it is. */
export interface UpstreamPlace {
  readonly url: string;
  /** Where the steps of the chain are told, each at its name. */
  readonly pagerUrl: string;
  readonly controlUrl: string;
  readonly pid: number;
}

/** What its first line says: where crises and work, notices of the chain, and orders to it are taken. */
export interface UpstreamPorts {
  readonly port: number;
  readonly pagerPort: number;
  readonly controlPort: number;
}

/** What can be done to it. */
export class UpstreamControls {
  readonly #place: UpstreamPlace;

  constructor(place: UpstreamPlace) {
    this.#place = place;
  }

  /** Closes its port and cuts every connection. */
  async goOffline(): Promise<void> {
    await this.#ask('/offline');
  }

  async comeBack(): Promise<void> {
    await this.#ask('/online');
  }

  /** What tells people is away: its port is closed. */
  async pagerOffline(): Promise<void> {
    await this.#ask('/pager/offline');
  }

  /** Accepts every notice and answers none. */
  async pagerHangs(): Promise<void> {
    await this.#ask('/pager/hang');
  }

  async pagerBack(): Promise<void> {
    await this.#ask('/pager/online');
  }

  /** The notices that it has taken, and answered so. */
  async notices(): Promise<readonly NoticeLine[]> {
    return (await this.#ask('/notices')) as readonly NoticeLine[];
  }

  /** How many calls of steps came, answered or not. */
  async pagerCalls(): Promise<number> {
    return (await this.#ask('/pager/calls')) as number;
  }

  /** Takes each crisis, and tells nobody. */
  async fallSilent(): Promise<void> {
    await this.#ask('/silent');
  }

  async speakAgain(): Promise<void> {
    await this.#ask('/speak');
  }

  /** Refuses crises, and serves everything else. */
  async refuseCrises(): Promise<void> {
    await this.#ask('/refuse');
  }

  async allowCrises(): Promise<void> {
    await this.#ask('/allow');
  }

  /** Closes each connection after an answer, from now on. */
  async closeConnections(): Promise<void> {
    await this.#ask('/close-connections');
  }

  /** Answers 503 to everything. */
  async beBusy(): Promise<void> {
    await this.#ask('/busy');
  }

  async beFree(): Promise<void> {
    await this.#ask('/free');
  }

  /** How many deliveries it has refused. */
  async refused(): Promise<number> {
    return (await this.#ask('/refused')) as number;
  }

  /** How many crises have taken effect there. */
  async delivered(): Promise<number> {
    return (await this.#ask('/delivered')) as number;
  }

  async ledger(): Promise<readonly LedgerLine[]> {
    return (await this.#ask('/ledger')) as readonly LedgerLine[];
  }

  /** Stands still: connections are taken by the kernel, and nothing is ever answered. */
  stall(): void {
    process.kill(this.#place.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.#place.pid, 'SIGCONT');
  }

  async #ask(path: string): Promise<unknown> {
    return await (await fetch(`${this.#place.controlUrl}${path}`)).json();
  }
}

/** The upstream in a process of its own. */
export interface DrillUpstream {
  readonly place: UpstreamPlace;
  readonly controls: UpstreamControls;
  readonly kill: () => void;
}

export async function startDrillUpstream(): Promise<DrillUpstream> {
  const program = fileURLToPath(new URL('./drillUpstreamProcess.js', import.meta.url));
  const child = spawn(process.execPath, [program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { port, pagerPort, controlPort } = await new Promise<UpstreamPorts>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new HoldfastError('HF_INTERNAL', 'The upstream of the drill did not start.'));
    });
    createInterface(child.stdout).once('line', (line) => {
      resolve(JSON.parse(line) as UpstreamPorts);
    });
  });
  const place: UpstreamPlace = {
    url: `http://127.0.0.1:${port}`,
    pagerUrl: `http://127.0.0.1:${pagerPort}`,
    controlUrl: `http://127.0.0.1:${controlPort}`,
    pid: child.pid ?? 0,
  };
  return {
    place,
    controls: new UpstreamControls(place),
    kill() {
      // Also where it stands still.
      child.kill('SIGKILL');
    },
  };
}
