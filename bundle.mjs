/**
 * Makes the files of the package from the sources (decision 0158). They lie in one folder, so that whoever
 * starts a thread or a process finds its file beside himself. Usage: npm run build
 */

import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'rolldown';

const FOLDER = 'dist';
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

/** An entry whose room holds something else. */
const ELSEWHERE = { connect: 'src/connectEntry.ts' };
/** What an app imports: `./testing` of the manifest is src/testing/index.ts. */
const imported = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.slice('./'.length))
  .map((name) => [name || 'index', ELSEWHERE[name] ?? join('src', name, 'index.ts')]);
/** What is started as a process: the command line, and what it starts. */
const PROCESSES = [
  ['cli', 'src/cli/main.ts'],
  ...[
    'demo/demoRuntimeProcess.ts',
    'demo/demoUpstreamProcess.ts',
    'demo/conflicts/conflictDeviceProcess.ts',
    'demo/conflicts/demoRecordsProcess.ts',
    'crisisDrill/drillProcess.ts',
    'crisisDrill/stage/drillCallerProcess.ts',
    'crisisDrill/upstream/drillUpstreamProcess.ts',
    'crisisDrill/measure/drillControlThread.ts',
  ].map((file) => [basename(file, '.ts'), `src/cli/${file}`]),
];
/** Each is whole by itself: a thread starts by reading one file, which needs nothing beside it but better-sqlite3. */
const THREADS = [
  'persistence/sqlite/writer/writerThread.ts',
  'src/outside/outsideThread.ts',
  'src/upkeep/backupThread.ts',
].map((file) => [basename(file, '.ts'), file]);

const dependencies = Object.keys(manifest.dependencies);

/** The names of the files that it made. */
async function bundle(entries) {
  const { output } = await build({
    input: Object.fromEntries(entries),
    platform: 'node',
    external: [/^node:/, ...dependencies],
    transform: {
      target: 'node20.19',
      define: { HOLDFAST_VERSION: JSON.stringify(manifest.version) },
    },
    onwarn({ message }) {
      throw new Error(message);
    },
    output: {
      dir: FOLDER,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'shared-[name].js',
      // The declarations have what is said of each name.
      comments: { jsdoc: false },
    },
  });
  return output.map(({ fileName }) => fileName);
}

mkdirSync(FOLDER, { recursive: true });
const made = new Set(await bundle([...imported, ...PROCESSES]));
for (const thread of THREADS) for (const file of await bundle([thread])) made.add(file);
// Of a build before; only now, since programs may be running in the folder.
const left = readdirSync(FOLDER).filter((file) => file.endsWith('.js') && !made.has(file));
for (const file of left) rmSync(join(FOLDER, file));
chmodSync(join(FOLDER, 'cli.js'), 0o755);
// Its names are those of the whole, so that types of the two are one.
const names = [...readFileSync(ELSEWHERE.connect, 'utf8').matchAll(/^export (.*?)\{([^}]*)\}/gms)]
  .map(([, type, list]) => `export ${type}{${list}} from './holdfast.js';\n`)
  .join('');
writeFileSync(join(FOLDER, 'connect.d.ts'), names);
