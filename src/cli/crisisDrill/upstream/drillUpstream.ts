/**
 * The upstream of the drill, as the drill and the process under drill hold it.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { LedgerLine } from './drillLedger.ts';

/** What the upstream is started with. */
export interface UpstreamOrders {
  /** A planted defect: it says that it took the crisis of this number, and does not. */
  readonly forgets: number | null;
}

/** Where it listens, and which process it is. */
export interface UpstreamPlace {
  readonly url: string;
  readonly controlUrl: string;
  readonly pid: number;
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

  /** Refuses crises, and serves everything else. */
  async refuseCrises(): Promise<void> {
    await this.#ask('/refuse');
  }

  async allowCrises(): Promise<void> {
    await this.#ask('/allow');
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

export async function startDrillUpstream(orders: UpstreamOrders): Promise<DrillUpstream> {
  const program = fileURLToPath(new URL('./drillUpstreamProcess.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(orders)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { port, controlPort } = await new Promise<{ port: number; controlPort: number }>(
    (resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        reject(new HoldfastError('HF_INTERNAL', 'The upstream of the drill did not start.'));
      });
      createInterface(child.stdout).once('line', (line) => {
        resolve(JSON.parse(line) as { port: number; controlPort: number });
      });
    },
  );
  const place: UpstreamPlace = {
    url: `http://127.0.0.1:${port}`,
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
