import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, runNode } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

/** An app that opens a store and calls crisis(), and says how both went. */
const APP = `
import { createRuntime, rawKey } from 'holdfast';
const heard = [];
const runtime = createRuntime({
  store: './store', key: rawKey(Buffer.alloc(32, 7)), onError: ({ code }) => heard.push(code),
  handlers: { 'crisis.alert': { upstream: 'default', run: () => null } },
});
const { source } = await runtime.crisis({ subject: 'user-42' });
const said = await runtime.ready.then(
  () => null, ({ code, message, cause }) => ({ code, message, cause: cause?.name }));
await runtime.close().catch(() => {});
console.log(JSON.stringify({ source, said, heard }));
`;
const NATIVE_FILE = 'build/Release/better_sqlite3.node';

interface App {
  readonly folder: string;
  /** The copy of better-sqlite3 that it has. */
  readonly sqlite: string;
}

/** An app with holdfast of the last build installed, in a folder of its own so that it can be broken. */
function installApp(layout: 'npm' | 'pnpm' = 'npm'): App {
  const folder = tempFolder();
  const modules = join(folder, 'node_modules');
  const ours = join(modules, 'holdfast');
  mkdirSync(ours, { recursive: true });
  const built = readdirSync('dist').filter((name) => name.endsWith('.js'));
  for (const name of built) cpSync(join('dist', name), join(ours, 'dist', name));
  cpSync('package.json', join(ours, 'package.json'));
  for (const name of readdirSync('node_modules')) {
    if (name !== 'better-sqlite3') {
      symlinkSync(resolve('node_modules', name), join(modules, name));
    }
  }
  const sqlite =
    layout === 'npm'
      ? join(modules, 'better-sqlite3')
      : join(modules, '.pnpm/better-sqlite3@12.11.1/node_modules/better-sqlite3');
  const from = 'node_modules/better-sqlite3';
  mkdirSync(dirname(join(sqlite, NATIVE_FILE)), { recursive: true });
  for (const part of ['package.json', 'lib', NATIVE_FILE]) {
    cpSync(join(from, part), join(sqlite, part), { recursive: true });
  }
  if (layout === 'pnpm') symlinkSync(sqlite, join(modules, 'better-sqlite3'));
  writeFileSync(join(folder, 'app.mjs'), APP);
  return { folder, sqlite };
}

async function run({ folder }: App): Promise<unknown> {
  const { stdout, stderr } = await runNode(['app.mjs'], { cwd: folder });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** What it answers when better-sqlite3 can't be used, and why. */
function unavailable(why: string): unknown {
  return {
    source: 'local',
    said: {
      code: 'HF_SQLITE_UNAVAILABLE',
      message: expect.stringContaining(why) as string,
      cause: 'Error',
    },
    heard: ['HF_SQLITE_UNAVAILABLE'],
  };
}

test('UX-2 an app whose better-sqlite3 is whole opens its store (control)', async () => {
  expect(await run(installApp())).toEqual({ source: 'local', said: null, heard: [] });
});

test('UX-2 an install script that did not run is named, with the command that mends it', async () => {
  const app = installApp();
  rmSync(join(app.sqlite, 'build'), { recursive: true });
  const answer = await run(app);
  expect(answer).toEqual(unavailable('its install script did not run'));
  expect(answer).toEqual(unavailable('npm rebuild better-sqlite3'));
});

test('UX-2 a build that pnpm left out is named with the command of pnpm', async () => {
  const app = installApp('pnpm');
  rmSync(join(app.sqlite, 'build'), { recursive: true });
  expect(await run(app)).toEqual(unavailable('pnpm approve-builds'));
});

test('UX-2 a native part that was cut short is named', async () => {
  const app = installApp();
  truncateSync(join(app.sqlite, NATIVE_FILE), 100);
  expect(await run(app)).toEqual(unavailable("native part of better-sqlite3 can't be loaded"));
});

test('UX-2 better-sqlite3 that is not installed is named, and what a bundled app must do', async () => {
  const app = installApp();
  rmSync(app.sqlite, { recursive: true });
  expect(await run(app)).toEqual(unavailable('npm install better-sqlite3. In a bundled app mark'));
});

test.runIf(process.platform === 'linux')(
  'UX-2 a native part that was built for another Node.js is named with both versions',
  async () => {
    const app = installApp();
    makeForeign(join(app.sqlite, NATIVE_FILE));
    const { modules } = process.versions;
    const answer = await run(app);
    expect(answer).toEqual(unavailable(`NODE_MODULE_VERSION ${OTHER_ABI}, and this is`));
    expect(answer).toEqual(
      unavailable(`${process.version} with ${modules}. Build it: npm rebuild`),
    );
  },
);

test('UX-2 an app that was bundled without the files of the threads is told what to do', async () => {
  const app = installApp();
  rmSync(join(app.folder, 'node_modules/holdfast/dist/writerThread.js'));
  expect(await run(app)).toMatchObject({
    source: 'local',
    said: {
      code: 'HF_SQLITE_UNAVAILABLE',
      message: expect.stringMatching(/writerThread\.js.*bundled app mark holdfast/) as string,
    },
  });
});

test('UX-2 doctor runs without better-sqlite3, names the cause, and blames no store', async () => {
  const app = installApp();
  await run(app);
  rmSync(join(app.sqlite, 'build'), { recursive: true });
  const keyFile = join(app.folder, 'holdfast.key');
  await runCli(['keys', 'init', '--key-file', keyFile]);
  const { exitCode, stdout } = await runNode(
    [
      'node_modules/holdfast/dist/cli.js',
      ...['doctor', '--deep', '--store', 'store', '--key-file', keyFile],
    ],
    { cwd: app.folder },
  );
  expect(exitCode).toBe(1);
  const failed = stdout.split('\n').filter((line) => line.startsWith('fail'));
  expect(failed).toEqual([expect.stringMatching(/^fail {2}sqlite .*npm rebuild better-sqlite3/)]);
});

const OTHER_ABI = 99;

/** Makes a native module say that it was built for another Node.js: its symbol, and its version field. */
function makeForeign(path: string): void {
  const built = readFileSync(path).toString('latin1');
  const abi = process.versions.modules;
  const symbol = `node_register_module_v${abi}`;
  // The version, four bytes, is followed by twelve zero bytes: flags and the handle of the library.
  const version = String.fromCharCode(Number(abi), ...Array<number>(15).fill(0));
  const foreign = built
    .replaceAll(symbol, `node_register_module_v${String(OTHER_ABI).padStart(abi.length, '0')}`)
    .replaceAll(version, String.fromCharCode(OTHER_ABI) + version.slice(1));
  expect(foreign).not.toBe(built);
  writeFileSync(path, foreign, 'latin1');
}
