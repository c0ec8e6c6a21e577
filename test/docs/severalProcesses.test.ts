import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { startMisbehavingUpstream } from '../../src/testing/index.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const TIMEOUT_MS = 2 * HANGS_AFTER_MS;
/** The primary and its workers, also where this test is killed before it could end them. */
const ENDS_BY_ITSELF = `--import=data:text/javascript,setTimeout(()=>process.exit(9),${TIMEOUT_MS}).unref()`;
/** A file of the page: its name, and what is in it. */
const FILE = /^```[mc]js\n\/\/ (\S+)\n([^]*?)^```/gm;

/** A folder as the page has it. */
async function folderOfPage(): Promise<string> {
  const folder = tempFolder();
  const page = readFileSync('docs/how-to/several-processes.md', 'utf8');
  for (const [, name = '', text = ''] of page.matchAll(FILE)) {
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(resolve('.'), join(folder, 'node_modules/holdfast'));
  await createKeyFile(join(folder, 'holdfast.key'));
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { readonly port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function answerTo(port: number, key: string): Promise<string> {
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { 'idempotency-key': key, connection: 'close' },
        // What was handed to a worker that is killed then is answered by nobody.
        signal: AbortSignal.timeout(3_000),
      });
      return await answer.text();
    } catch {
      // Its worker was killed in the middle of it: a caller sends it again, under its key.
      await sleep(20);
    }
  }
}

/** The process that owns the store and is not the one that was killed before. */
async function ownerOf(folder: string, before: number): Promise<number> {
  for (;;) {
    const note = readFileSync(join(folder, 'sync-store/owner.json'), 'utf8');
    const { pid } = JSON.parse(note) as { readonly pid: number };
    if (pid !== before) return pid;
    await sleep(20);
  }
}

function started(folder: string, env: object): ChildProcess {
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, ...env, NODE_OPTIONS: ENDS_BY_ITSELF },
    stdio: 'inherit',
    detached: true,
  });
  onTestFinished(() => {
    // The whole group: what a killed primary leaves behind, too.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  return child;
}

test(
  'SC-4 UX-1 the cluster of the page: its owner is killed again and again, and each payment is made once',
  async () => {
    const folder = await folderOfPage();
    const upstream = await startMisbehavingUpstream({});
    onTestFinished(() => upstream.close());
    const port = await freePort();
    started(folder, { PORT: String(port), API_URL: upstream.url });
    let killed = 0;
    const ids = new Map<string, string>();
    for (let round = 0; round < 3; round += 1) {
      const keys = Array.from({ length: 10 }, (_, at) => `key-${round}-${at}`);
      const answers = keys.map(async (key) => {
        ids.set(key, await answerTo(port, key));
      });
      if (round === 0) await answers[0];
      const pid = await ownerOf(folder, killed);
      killed = pid;
      process.kill(pid, 'SIGKILL');
      await Promise.all(answers);
    }
    expect(new Set(ids.values()).size).toBe(30);
    while (upstream.ledger.summary().applied < 30) await sleep(20);
    expect(upstream.ledger.summary()).toMatchObject({ keys: 30, applied: 30 });
  },
  TIMEOUT_MS,
);
