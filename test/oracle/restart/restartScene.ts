/**
 * A store and an upstream that outlive the real processes using them.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { storeLocation } from '../../../persistence/openStore.ts';
import type { Store, StoreInfo } from '../../../persistence/port/store.ts';
import { createKeyFile, keyFile } from '../../../persistence/sealing/keyFile.ts';
import {
  createStoreClient,
  InThreadChannel,
} from '../../../persistence/sqlite/client/storeClient.ts';
import { type RowAtRest, rowsAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import type { HealthStatus } from '../../../src/views/health.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { childProgram } from '../../support/process/childProgram.ts';
import type {
  ChildEvent,
  ChildOrder,
  ChildSetup,
} from '../../support/process/childRuntimeMessages.ts';
import { LedgerServer } from '../../support/process/ledgerServer.ts';
import { faultEnvironment } from '../../support/store/plantedFaults.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const CHILD_LIFE_MS = 2 * HANGS_AFTER_MS;
const CHILD = new URL('../../support/process/childRuntime.ts', import.meta.url);
const CHILD_OTHERS = [new URL('../../support/process/childRuntimeSabotage.ts', import.meta.url)];
/** Names of a store's files; a dead owner's control socket beside them can't be copied. */
const STORE_FILE = /^(data\.db(-wal)?|keyring\.json)$/;

/** Options under which only retries react to failures, which the ledger makes here. */
const OPTIONS: ChildSetup['options'] = {
  upstreams: { ledger: {} },
  policies: {
    tiers: {
      premium: { retry: { initialDelayMs: 20, delayMsMax: 200 } },
      basic: { retry: { initialDelayMs: 20, delayMsMax: 200 } },
      trial: { retry: { initialDelayMs: 20, delayMsMax: 200 } },
    },
  },
};

/** A store and an upstream that outlive the processes using them. */
export class RestartScene {
  readonly ledger: LedgerServer;
  readonly folder: string;
  readonly #home: string;
  readonly #setup: ChildSetup;
  #copies = 0;

  private constructor(home: string, ledger: LedgerServer, url: string) {
    this.ledger = ledger;
    this.#home = home;
    this.folder = join(home, 'store');
    this.#setup = {
      folder: this.folder,
      keyFile: join(home, 'holdfast.key'),
      url,
      options: {},
      types: ['ledger.put'],
      killerType: null,
      sabotage: null,
      editing: null,
      lifeMs: CHILD_LIFE_MS,
    };
  }

  /** Opens a scene, which is removed when the test ends. */
  static async open(): Promise<RestartScene> {
    const home = tempFolder();
    const ledger = new LedgerServer();
    const url = await ledger.listen();
    onTestFinished(() => {
      ledger.close();
    });
    const scene = new RestartScene(home, ledger, url);
    await createKeyFile(scene.#setup.keyFile);
    return scene;
  }

  /**
   * Starts a process on the store, which is killed when the test ends. `fault` is that of {@link faultEnvironment},
   * and `env` goes beside it.
   */
  start(changes: Partial<ChildSetup> = {}, fault?: string, env = {}): Child {
    const options = { ...OPTIONS, ...changes.options };
    const process = spawnChild({ ...this.#setup, ...changes, options }, fault, env);
    onTestFinished(() => {
      process.kill('SIGKILL');
    });
    return new Child(process);
  }

  /** Reads every operation on disk; nobody may have the store open. */
  async rowsAtRest(): Promise<readonly RowAtRest[]> {
    const opened = await this.#openCopy();
    if (opened === null) return [];
    const { store } = opened;
    const rows = await rowsAtRest(store);
    await store.close();
    return rows;
  }

  /** Reads what the store holds, if there is one; nobody may have it open. */
  async readAtRest<Found>(
    read: (store: Store, info: StoreInfo) => Promise<Found>,
  ): Promise<Found | null> {
    const opened = await this.#openCopy();
    if (opened === null) return null;
    const found = await read(opened.store, opened.info);
    await opened.store.close();
    return found;
  }

  /** Reads the text of each conflict on disk; nobody may have the store open. */
  async conflictsAtRest(): Promise<readonly string[]> {
    const opened = await this.#openCopy();
    if (opened === null) return [];
    const { store } = opened;
    const texts: string[] = [];
    for (let fromSeq: number | null = 0; fromSeq !== null; ) {
      const page = await store.keptPage({ room: 'conflict', order: 'oldest', fromSeq, limit: 200 });
      for (const row of page.rows) if ('text' in row) texts.push(row.text);
      fromSeq = page.nextSeq;
    }
    await store.close();
    return texts;
  }

  /** Reads what is on disk under the name of a component; nobody may have the store open. */
  async componentAtRest(name: string): Promise<string> {
    const opened = await this.#openCopy();
    await opened?.store.close();
    const state = opened?.info.components.get(name);
    if (state === undefined) throw new Error(`there is no component ${name} in the store`);
    return state;
  }

  /** Reads the row of one operation. */
  async rowAtRest(id: string): Promise<RowAtRest> {
    const found = (await this.rowsAtRest()).find(({ row }) => row.id === id);
    if (found === undefined) throw new Error(`operation ${id} is not in the store`);
    return found;
  }

  /** Opens a copy, so that the next process finds what the dead one left; `null` before there is a store. */
  async #openCopy(): Promise<{ readonly store: Store; readonly info: StoreInfo } | null> {
    if (!existsSync(join(this.folder, 'data.db'))) return null;
    this.#copies += 1;
    const copy = join(this.#home, `copy-${this.#copies}`);
    mkdirSync(copy, { mode: 0o700 });
    for (const name of readdirSync(this.folder)) {
      if (STORE_FILE.test(name)) copyFileSync(join(this.folder, name), join(copy, name));
    }
    const location = storeLocation(copy, keyFile(this.#setup.keyFile), false);
    const store = createStoreClient((notify) => new InThreadChannel(location, notify));
    return { store, info: await store.open() };
  }
}

/** A running {@link file://./childRuntime.ts}. */
export class Child {
  readonly events: ChildEvent[] = [];
  /** Resolves once it is gone and everything it said was read, with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #process: ChildProcess;
  readonly #listeners = new Set<(event: ChildEvent | null) => void>();
  #complaints = '';

  constructor(process: ChildProcess) {
    this.#process = process;
    const { stdout, stderr, stdin } = process;
    if (stdout === null || stderr === null) throw new Error('the child has no pipes');
    stdin?.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      this.#heard(line);
    });
    const read = new Promise<void>((resolve) => {
      lines.once('close', resolve);
    });
    this.ended = new Promise((resolve, reject) => {
      process.once('error', reject);
      process.once('close', (code, signal) => {
        void read.then(() => {
          for (const listener of this.#listeners) listener(null);
          resolve(code ?? signal);
        });
      });
    });
  }

  order(order: ChildOrder): void {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Calls `listener` for each event from now on. */
  listen(listener: (event: ChildEvent) => void): void {
    this.#listeners.add((event) => {
      if (event !== null) listener(event);
    });
  }

  /** Resolves with the event of this kind that comes after `count` others of it. */
  async #next<K extends ChildEvent['event']>(
    kind: K,
    count: number,
  ): Promise<Extract<ChildEvent, { event: K }>> {
    return await this.until(
      kind,
      (said) => this.events.filter(({ event }) => event === kind).indexOf(said) >= count,
    );
  }

  /** Resolves with the first event of this kind that fits, past or still to come. */
  async until<K extends ChildEvent['event']>(
    kind: K,
    fits: (event: Extract<ChildEvent, { event: K }>) => boolean = () => true,
  ): Promise<Extract<ChildEvent, { event: K }>> {
    const isIt = (event: ChildEvent): event is Extract<ChildEvent, { event: K }> =>
      event.event === kind && fits(event as Extract<ChildEvent, { event: K }>);
    const said = this.events.find(isIt);
    if (said !== undefined) return said;
    return await new Promise((resolve, reject) => {
      const listener = (event: ChildEvent | null): void => {
        if (event === null) reject(new Error(`it ended without ${kind}. ${this.#complaints}`));
        else if (isIt(event)) resolve(event);
        else return;
        this.#listeners.delete(listener);
      };
      this.#listeners.add(listener);
    });
  }

  /** Asks until the process's health fits. */
  async untilHealth(fits: (health: HealthStatus) => boolean): Promise<HealthStatus> {
    for (let asked = 0; ; asked += 1) {
      const said = this.events.filter(({ event }) => event === 'health').length;
      this.order({ order: 'health' });
      const { health } = await this.#next('health', said);
      if (fits(health)) return health;
      if (asked > 500) throw new Error(`its health stays at ${JSON.stringify(health)}`);
      await sleep(20);
    }
  }

  /** Asks until an operation is in `state`. */
  async untilState(id: string, state: string): Promise<void> {
    for (let asked = 0; ; asked += 1) {
      const viewed = this.events.filter(({ event }) => event === 'viewed').length;
      this.order({ order: 'view', id });
      const answer = await this.#next('viewed', viewed);
      if (answer.id === id && answer.state === state) return;
      if (asked > 500) throw new Error(`it is ${answer.state} and does not become ${state}`);
      await sleep(20);
    }
  }

  /** Waits for something that happens elsewhere, for which it must stay alive. */
  async while<T>(happening: Promise<T>): Promise<T> {
    const ended = this.ended.then((how) => {
      throw new Error(`it ended with ${how} too soon. ${this.#complaints}`);
    });
    return await Promise.race([happening, ended]);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /**
   * Kills it and waits until it is gone.
   *
   * @throws Error when it had failed by itself before: then the test has tested nothing.
   */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    const how = await this.ended;
    if (how !== 'SIGKILL' && how !== 0)
      throw new Error(`it failed with ${how}. ${this.#complaints}`);
  }

  #heard(line: string): void {
    let event: ChildEvent;
    try {
      event = JSON.parse(line) as ChildEvent;
    } catch {
      // A last line that is cut short was never said.
      return;
    }
    this.events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function spawnChild(setup: ChildSetup, fault: string | undefined, given: object): ChildProcess {
  const env = {
    ...process.env,
    ...given,
    ...(fault === undefined ? {} : faultEnvironment(fault, builtProgram())),
  };
  return spawn(process.execPath, [childProgram(CHILD, CHILD_OTHERS), JSON.stringify(setup)], {
    env,
  });
}
