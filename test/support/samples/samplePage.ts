/**
 * Runs the samples of a page in their order, in a folder as an app would have it: the built package in its
 * `node_modules`, and what the samples write beside them. Pages whose programs leave nothing running share a process.
 *
 * @module
 */

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import ts from 'typescript';
import { HANGS_AFTER_MS } from '../hangs.ts';
import { tempFolder } from '../store/tempFolder.ts';
import type { Sample } from './markdown.ts';
import { programOf } from './program.ts';

/** What an app has installed beside holdfast, in samples. */
const INSTALLED = ['@types', 'express', 'fastify', 'zod', 'better-sqlite3', 'ws'];
const TIME_LIMIT_MS = HANGS_AFTER_MS;
/** For programs that a shell starts: what answers for https://api.example.com. */
const EXAMPLE_API = `--import=${resolve('test/support/samples/exampleFetch.mjs')}`;
/** In a process that has connected to another, Node.js 20 follows no links of packages any more: it loads each anew. */
const CONNECTS = /\bconnect\b/;
/** What a shell is told first; npx asks nobody, and takes what is installed. */
const PRELUDE = `set -euo pipefail
trap 'echo "line $LINENO: $BASH_COMMAND" >&2' ERR
npx() { "./node_modules/.bin/$@"; }`;
/** Takes a block from channel 3 at a time, and says on channel 4 that it has ended. */
const TYPED = `${PRELUDE}
while IFS= read -r -d '' -u 3 block; do eval "$block" 3<&- 4>&-; echo >&4; done`;

interface Ran {
  readonly printed: string;
  readonly error: string | null;
  /** A server, a timer or a thread of a program goes on. */
  readonly hasLeft?: boolean;
}

type Shell = Awaited<ReturnType<typeof startShell>>;
type Runner = Awaited<ReturnType<typeof startRunner>>;

/** For the next page. */
let idle: Runner | null = null;

/** A new folder in which holdfast and a few others are installed. */
export function appFolder(): string {
  const folder = tempFolder();
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  for (const name of INSTALLED) {
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  }
  symlinkSync(resolve('.'), join(folder, 'node_modules/holdfast'));
  symlinkSync(resolve('dist/cli.js'), join(folder, 'node_modules/.bin/holdfast'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return folder;
}

/** What is wrong with the samples of a page; empty where nothing is. */
export async function faultsOf(samples: readonly Sample[]): Promise<readonly string[]> {
  const folder = appFolder();
  const runner = idle ?? (await startRunner());
  idle = null;
  const shell = await startShell(folder);
  const faults: string[] = [];
  let isClean = true;
  try {
    for (const [index, sample] of samples.entries()) {
      const ran = await runOne(sample, folder, `sample${index}`, { runner, shell });
      isClean &&= ran.error === null && ran.hasLeft !== true && !CONNECTS.test(sample.code);
      if (ran.error !== null) faults.push(`${sample.place} ${ran.error}\n${ran.printed}`);
      else if (sample.output !== null && !fits(ran.printed, sample.output)) {
        faults.push(`${sample.place} printed\n${ran.printed}`);
      }
    }
  } finally {
    shell.stop();
    if (isClean) idle = runner;
    else runner.stop();
  }
  return faults;
}

/** Whether what was printed is what the page says, with `…` for anything. */
export function fits(printed: string, said: string): boolean {
  const pattern = said
    .trim()
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[^]*');
  return new RegExp(`^${pattern}$`).test(printed.trim());
}

async function runOne(
  sample: Sample,
  folder: string,
  name: string,
  { runner, shell }: { readonly runner: Runner; readonly shell: Shell },
): Promise<Ran> {
  const { language, code, file, notRun } = sample;
  if (notRun !== null) return { printed: '', error: null };
  if (file !== null) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
    return { printed: '', error: null };
  }
  if (language === 'sh') return await shell.type(sample);
  if (language !== 'js' && language !== 'ts') return { printed: '', error: null };
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, javaScriptOf(programOf(sample, sample.names)));
  return await runner.run(path);
}

function javaScriptOf(program: string): string {
  return ts.transpileModule(program, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  }).outputText;
}

/** A shell into which the blocks of a page are typed one after another, with a port of its own as `PORT`. */
async function startShell(folder: string) {
  const port = await freePort();
  const child = spawn('bash', ['-c', TYPED], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...envOf(folder), PORT: String(port), NODE_OPTIONS: EXAMPLE_API },
  });
  const [, stdout, stderr, blocks, ends] = child.stdio;
  // What it had open when it was killed.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  let printed = '';
  let errors = '';
  let ended = 0;
  let code: number | null = null;
  stdout?.on('data', (piece: Buffer) => (printed += piece.toString()));
  stderr?.on('data', (piece: Buffer) => (errors += piece.toString()));
  ends?.on('data', (piece: Buffer) => (ended += piece.length));
  child.once('exit', (given) => {
    code = given ?? -1;
  });
  const until = async (condition: () => boolean): Promise<boolean> => {
    const limit = performance.now() + TIME_LIMIT_MS;
    while (!condition() && code === null && performance.now() < limit) await sleep(20);
    return condition();
  };
  return {
    async type({ code: block, output, isUntilStopped }: Sample): Promise<Ran> {
      [printed, errors] = ['', ''];
      const before = ended;
      const typed = isUntilStopped ? `{ ${block}} & served=$!` : block;
      (blocks as Writable).write(`${typed}\0`);
      const isSeen = (): boolean =>
        output === null ? !isUntilStopped || printed !== '' : fits(printed, output);
      const isDone = (await until(() => ended > before)) && (await until(isSeen));
      const error = isDone || code === null ? null : `ended with ${code}\n${errors}`;
      if (isDone && isUntilStopped)
        (blocks as Writable).write('pkill -INT -P $served; wait $served || true\0');
      return { printed, error: error ?? (ended > before ? null : `did not end\n${errors}`) };
    },
    stop() {
      if (child.pid !== undefined) killGroup(child.pid);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

function envOf(folder: string): NodeJS.ProcessEnv {
  const path = `${join(folder, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  return { ...process.env, NO_COLOR: '1', PATH: path };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // None is left.
  }
}

async function startRunner() {
  const child = fork(resolve('test/support/samples/sampleRunner.mjs'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  // It ends with this process, which waits for none that is idle.
  child.unref();
  child.channel?.unref();
  const ended = once(child, 'exit').then(() => [{ printed: '', error: 'ended the process' }]);
  return {
    async run(path: string): Promise<Ran> {
      if (!existsSync(path)) throw new Error(`${path} is not there`);
      child.send(path);
      const limit = AbortSignal.timeout(TIME_LIMIT_MS);
      const [ran] = (await Promise.race([once(child, 'message', { signal: limit }), ended]).catch(
        () => [{ printed: '', error: `did not end within ${TIME_LIMIT_MS} ms` }],
      )) as [Ran];
      return ran;
    },
    stop() {
      child.kill('SIGKILL');
    },
  };
}
