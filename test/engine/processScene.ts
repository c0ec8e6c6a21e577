/**
 * The embedded engine in a process of its own, over its SQLite store on disk and a real HTTP
 * upstream. A kill is a SIGKILL.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrisisAnswer, Outcome } from '../../actors/port.ts';
import { type PlainError, reviveError } from '../../machines/vocabulary/errors.ts';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { childProgram } from '../support/process/childProgram.ts';
import type { EngineFace, EngineScene } from './engineScene.ts';
import { SLOW_RETRY_MS } from './engineScene.ts';
import { ScriptedUpstream } from './scriptedUpstream.ts';

const PROGRAM = new URL('engineProcess.ts', import.meta.url);
const OTHERS = [new URL('kitEngine.ts', import.meta.url)];
const LIFE_MS = 2 * HANGS_AFTER_MS;
const BEHAVIOUR_MS_MAX = 30_000;

type Reply =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: PlainError };

export async function processScene(): Promise<EngineScene> {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-kit-'));
  const upstream = new ScriptedUpstream();
  const setup = {
    folder: join(home, 'store'),
    keyFile: join(home, 'holdfast.key'),
    url: await upstream.listen(),
    slowRetryMs: SLOW_RETRY_MS,
    lifeMs: LIFE_MS,
  };
  await createKeyFile(setup.keyFile);
  let remote = new RemoteEngine(setup);
  await remote.ready;
  return {
    upstream,
    get engine() {
      return remote.face;
    },
    kill: () => remote.kill(),
    async restart() {
      remote = new RemoteEngine(setup);
      await remote.ready;
    },
    now: () => Date.now(),
    pass: async (ms) => {
      await sleep(ms);
    },
    async perform(behaviour) {
      const late = new AbortController();
      await Promise.race([
        behaviour,
        sleep(BEHAVIOUR_MS_MAX, null, { signal: late.signal, ref: false }).then(() => {
          throw new Error(`It takes longer than ${BEHAVIOUR_MS_MAX} ms.`);
        }),
      ]).finally(() => {
        late.abort();
      });
    },
    async dispose() {
      await remote.kill();
      upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The port of an engine in another process: ids, plain data and promises cross as they are. */
class RemoteEngine {
  readonly ready: Promise<unknown>;
  readonly face: EngineFace;
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }
  >();
  #calls = 0;
  #complaints = '';

  constructor(setup: object) {
    this.#process = spawn(
      process.execPath,
      [childProgram(PROGRAM, OTHERS), JSON.stringify(setup)],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    const { stdin, stdout, stderr } = this.#process;
    if (stdin === null || stdout === null || stderr === null) throw new Error('no pipes');
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    createInterface({ input: stdout }).on('line', (line) => {
      this.#heard(line);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.once('close', () => {
        const error = new Error(`The process has ended. ${this.#complaints}`);
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        resolve();
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve, reject });
    });
    this.face = this.#face();
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  #heard(line: string): void {
    let reply: Reply;
    try {
      reply = JSON.parse(line) as Reply;
    } catch {
      // The last line of a killed process may be cut short: it was not said.
      return;
    }
    const waiting = this.#waiting.get(reply.call);
    this.#waiting.delete(reply.call);
    if ('error' in reply) waiting?.reject(reviveError(reply.error));
    else waiting?.resolve(reply.value);
  }

  async #ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    this.#calls += 1;
    const call = this.#calls;
    return await new Promise<T>((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject });
      this.#process.stdin?.write(`${JSON.stringify({ call, method, args })}\n`);
    });
  }

  #face(): EngineFace {
    const crisis = async (request: unknown): Promise<CrisisAnswer> => {
      const answer = await this.#ask<CrisisAnswer>('crisis', request);
      const durable = this.#ask<null>('crisis.durable', answer.operationId).then(() => undefined);
      const delivery = this.#ask<Outcome>('crisis.delivery', answer.operationId).then(outcomeOf);
      for (const later of [durable, delivery]) later.catch(() => undefined);
      return { ...answer, durable, delivery };
    };
    return {
      accept: (request, how) => this.#ask('accept', request, how),
      acceptMany: (request) => this.#ask('acceptMany', request),
      crisis,
      view: (id) => this.#ask('view', id),
      outcome: async (id) => outcomeOf(await this.#ask<Outcome>('outcome', id)),
      tell: (id, wish) => this.#ask('tell', id, wish),
      list: (query) => this.#ask('list', query),
      health: () => {
        throw new Error('The health of another process is not read at once.');
      },
      deadLetters: {
        page: (query) => this.#ask('deadLetters.page', query),
        find: (id) => this.#ask('deadLetters.find', id),
        replay: (replays) => this.#ask('deadLetters.replay', replays),
        purge: (letters) => this.#ask('deadLetters.purge', letters),
      },
    };
  }
}

function outcomeOf(outcome: Outcome): Outcome {
  return outcome.status === 'completed'
    ? outcome
    : { ...outcome, error: reviveError(outcome.error as unknown as PlainError) };
}
