/**
 * The control socket of a device, where its processes reach the owner of the store.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import type { Upgrade, UpgradeAnswer, UpgradeAsk } from '../../control/upgradeRequest.ts';
import type { ControlPort } from '../../createRuntime.ts';
import { WireEnd, type WireProcess } from './wire.ts';

const HEAD_ENDS = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** The socket of one owner. */
export class Door {
  readonly #process: WireProcess;
  #parts: Parameters<ControlPort>[0] | null = null;
  #isOpen = false;
  #isDead = false;
  #openedAtMs = 0;

  constructor(process: WireProcess) {
    this.#process = process;
  }

  /** Port by which the owner opens and closes it. */
  readonly control: ControlPort = (parts) => {
    this.#parts = parts;
    return {
      open: () => {
        // A dead process may still run on to its next wait.
        if (this.#isDead) return;
        this.#isOpen = true;
        this.#openedAtMs = this.#process.clock.monotonic();
      },
      close: () => {
        this.#isOpen = false;
        return Promise.resolve();
      },
    };
  };

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Time at which it opened. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** Ends every connection, as the owner's death does; nobody listens any more. */
  die(): void {
    this.#isDead = true;
    this.#isOpen = false;
    for (const end of [...this.#process.ends]) end.die();
  }

  /** Connects a process; returns the process's end. */
  connect(from: WireProcess, { path, protocol }: UpgradeAsk): WireEnd {
    const [mine, theirs] = [new WireEnd(this.#process), new WireEnd(from)];
    WireEnd.join(mine, theirs);
    const headers = { connection: 'Upgrade', upgrade: protocol };
    this.#process.clock.schedule(this.#process.delayMs(), () => {
      this.#parts?.onUpgrade?.({ url: path, headers } as unknown as IncomingMessage, mine, NOTHING);
    });
    return theirs;
  }
}

/** Connects a process to the door that is open at the time. */
export function upgradeBy(from: WireProcess, doorNow: () => Door | null): Upgrade {
  return async (ask) => {
    await new Promise<void>((resolve) => {
      from.clock.schedule(from.delayMs(), resolve);
    });
    const door = doorNow();
    if (door === null || !door.isOpen || ask.signal.aborted) return 'nobody';
    return await answered(door.connect(from, ask), from, ask);
  };
}

/** Waits for the answer to a request for an upgrade. */
async function answered(
  end: WireEnd,
  { clock }: WireProcess,
  { withinMs, signal }: UpgradeAsk,
): Promise<UpgradeAnswer> {
  // The close event tells the user of the end.
  end.on('error', () => undefined);
  return await new Promise((resolve) => {
    const over = (answer: UpgradeAnswer): void => {
      cancel();
      signal.removeEventListener('abort', leave);
      if (typeof answer === 'string') end.destroy();
      resolve(answer);
    };
    const leave = (): void => {
      over('nobody');
    };
    const cancel = clock.schedule(withinMs, () => {
      over('silent');
    });
    signal.addEventListener('abort', leave);
    let said = NOTHING;
    end.handshake((chunk) => {
      said = Buffer.concat([said, chunk ?? NOTHING]);
      const at = said.indexOf(HEAD_ENDS);
      const head = at === -1 ? '' : said.toString('latin1', 0, at);
      const rest = said.subarray(at + HEAD_ENDS.length);
      const isUpgraded = head.startsWith('HTTP/1.1 101');
      if (isUpgraded) {
        const response = { headers: headersOf(head) } as unknown as IncomingMessage;
        over({ upgraded: { socket: end, response, head: rest } });
      } else if (chunk === null) {
        over(head === '' ? 'nobody' : { refusal: rest.toString() });
      }
      return isUpgraded;
    });
  });
}

function headersOf(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 2)];
    }),
  );
}
