/**
 * Starts programs that are clients of one store, some of which may own it, and an upstream with a ledger.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { createKeyFile } from '../../../persistence/sealing/keyFile.ts';
import { HANGS_AFTER_MS } from '../hangs.ts';
import { faultEnvironment } from '../store/plantedFaults.ts';
import { tempFolder } from '../store/tempFolder.ts';
import { builtProgram } from './builtProgram.ts';
import { childProgram } from './childProgram.ts';
import type { ConnectedEvent, ConnectedOrder, ConnectedSetup } from './connectedApp.ts';
import { LedgerServer } from './ledgerServer.ts';

const LIFE_MS = 2 * HANGS_AFTER_MS;
const WITHIN_MS = HANGS_AFTER_MS;
const APP = new URL('connectedApp.ts', import.meta.url);
const OTHERS = [new URL('connectedBugs.ts', import.meta.url)];

type EventOf<K extends ConnectedEvent['event']> = Extract<ConnectedEvent, { readonly event: K }>;

/** One store, one upstream, and the processes that use them; all ended with the test. */
export class ConnectedScene {
  readonly ledger = new LedgerServer();
  readonly home = tempFolder();
  readonly store = join(this.home, 'store');
  readonly #keyFile = join(this.home, 'holdfast.key');
  readonly processes: ConnectedProcess[] = [];
  #url = '';

  static async open(): Promise<ConnectedScene> {
    const scene = new ConnectedScene();
    scene.#url = await scene.ledger.listen();
    onTestFinished(() => {
      scene.ledger.close();
    });
    await createKeyFile(scene.#keyFile);
    return scene;
  }

  /** `fault` is as in {@link faultEnvironment}. */
  start(changes: Partial<ConnectedSetup> = {}, fault = ''): ConnectedProcess {
    const setup = {
      ...{ store: this.store, keyFile: this.#keyFile, url: this.#url },
      ...{ mayOwn: true, outside: false, bug: null, lifeMs: LIFE_MS },
      ...changes,
    };
    const process = new ConnectedProcess(setup, fault);
    this.processes.push(process);
    onTestFinished(() => process.kill());
    return process;
  }

  /** The process that owns the store now, once there is one. */
  async owner(): Promise<ConnectedProcess> {
    return await waited(
      () => this.processes.find((process) => process.isAlive && process.said('owns').length > 0),
      'an owner',
    );
  }

  /** How often each task had its effect. */
  effects(): ReadonlyMap<number, number> {
    const times = new Map<number, number>();
    for (const { number } of this.ledger.effects) times.set(number, (times.get(number) ?? 0) + 1);
    return times;
  }
}

export class ConnectedProcess {
  readonly events: ConnectedEvent[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  isAlive = true;
  complaints = '';

  constructor(setup: ConnectedSetup, fault: string) {
    const program = childProgram(APP, OTHERS);
    this.#child = spawn(process.execPath, [program, JSON.stringify(setup)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...faultEnvironment(fault, builtProgram()) },
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined);
    if (stdout === null) throw new Error('the child has no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      try {
        this.events.push(JSON.parse(line) as ConnectedEvent);
      } catch {
        // The last line of a killed process may be cut short: it was not said.
      }
    });
    stderr?.on('data', (chunk: Buffer) => {
      this.complaints += chunk.toString('utf8');
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.isAlive = false;
        resolve();
      });
    });
  }

  order(order: ConnectedOrder): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** All that it has said of this kind. */
  said<K extends ConnectedEvent['event']>(kind: K): readonly EventOf<K>[] {
    return this.events.filter((event): event is EventOf<K> => event.event === kind);
  }

  /** Resolves once it has said so many of this kind. */
  async until<K extends ConnectedEvent['event']>(
    kind: K,
    count = 1,
  ): Promise<readonly EventOf<K>[]> {
    return await waited(
      () => {
        const said = this.said(kind);
        return said.length >= count ? said : undefined;
      },
      () =>
        `${count} × ${kind}; it said ${JSON.stringify(this.events.slice(-8))} ${this.complaints}`,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<void> {
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }
}

/** Resolves with what `look` finds, asked again and again. */
export async function waited<T>(
  look: () => T | undefined,
  what: string | (() => string),
): Promise<T> {
  for (const endsAtMs = Date.now() + WITHIN_MS; ; ) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > endsAtMs) {
      throw new Error(`Waited in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(5);
  }
}
