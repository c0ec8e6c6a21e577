/**
 * Makes the files of the package from the sources (decision 0158). They lie in one folder, so that whoever
 * starts a thread or a process finds its file beside himself. Usage: npm run build
 */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
    'drill/drillProcess.ts',
    'drill/stage/drillCallerProcess.ts',
    'drill/upstream/drillUpstreamProcess.ts',
    'drill/measure/drillControlThread.ts',
    'simulator/simulatorThread.ts',
  ].map((file) => [basename(file, '.ts'), `src/${file}`]),
];
/** Each is whole by itself: a thread starts by reading one file, and what it loads later has its name. */
const THREADS = [
  'persistence/sqlite/writer/writerThread.ts',
  'persistence/sqlite/reader/readerThread.ts',
  'src/outside/outsideThread.ts',
  'src/upkeep/backupThread.ts',
].map((file) => [basename(file, '.ts'), file]);

const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map(
  (name) => new RegExp(`^${name}(/|$)`),
);

/** The names of the files that it made. */
async function bundle(entries, { folder = FOLDER, chunks = 'shared' } = {}) {
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
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: `${chunks}-[name].js`,
      // The declarations have what is said of each name.
      comments: { jsdoc: false },
    },
  });
  return output.map(({ fileName }) => fileName);
}

/** The inspector's page: what a browser loads, and nothing else (decision 0197). */
async function bundlePage(folder) {
  const { output } = await build({
    input: 'inspector/page/main.tsx',
    platform: 'browser',
    // How JSX is read says the tsconfig.json beside it.
    transform: { target: 'es2023' },
    onwarn({ message }) {
      throw new Error(message);
    },
    output: { dir: folder, format: 'esm', entryFileNames: 'app.js', minify: true },
  });
  const style = 'inspector/page/style';
  const sheets = readdirSync(style).toSorted();
  const css = sheets.map((sheet) => readFileSync(join(style, sheet), 'utf8')).join('\n');
  const bare = css.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\s+/g, ' ');
  writeFileSync(join(folder, 'app.css'), bare.trim());
  for (const file of ['index.html', 'favicon.svg']) {
    copyFileSync(join('inspector/page', file), join(folder, file));
  }
  writeFileSync(join(folder, 'licences.txt'), licencesOf(output[0].moduleIds));
  bundleCharts(join(folder, 'charts'));
}

/** What others wrote of a bundle, each with its licence. */
function licencesOf(moduleIds) {
  const names = moduleIds
    .map((id) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => {
      const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
      const licence = readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim();
      return `${name} ${version}\n\n${licence}\n`;
    })
    .join(`\n${'-'.repeat(72)}\n\n`);
}

/** The charts that the docs have, without their style: the page has its own, and lets in no other. */
function bundleCharts(folder) {
  mkdirSync(folder, { recursive: true });
  const charts = 'docs/machines';
  const drawings = readdirSync(charts).filter((file) => file.endsWith('.svg'));
  for (const drawing of drawings) {
    const svg = readFileSync(join(charts, drawing), 'utf8');
    writeFileSync(join(folder, drawing), svg.replaceAll(/<style[\s\S]*?<\/style>\s*/g, ''));
    const model = drawing.replace(/svg$/, 'json');
    if (existsSync(join(charts, model))) copyFileSync(join(charts, model), join(folder, model));
  }
  const known = new Set(drawings.flatMap((file) => [file, file.replace(/svg$/, 'json')]));
  for (const file of readdirSync(folder)) if (!known.has(file)) rmSync(join(folder, file));
}

mkdirSync(FOLDER, { recursive: true });
const made = new Set(await bundle([...imported, ...PROCESSES]));
for (const thread of THREADS) {
  for (const file of await bundle([thread], { chunks: thread[0] })) made.add(file);
}
// What needs a clone lies in a folder that is not packed.
await bundle([['commands', 'tools/commands.ts']], { folder: join(FOLDER, 'tools') });
await bundlePage(join(FOLDER, 'inspector'));
// Of a build before; only now, since programs may be running in the folder.
const left = readdirSync(FOLDER).filter((file) => file.endsWith('.js') && !made.has(file));
for (const file of left) rmSync(join(FOLDER, file));
chmodSync(join(FOLDER, 'cli.js'), 0o755);
// Its names are those of the whole, so that types of the two are one.
const names = [...readFileSync(ELSEWHERE.connect, 'utf8').matchAll(/^export (.*?)\{([^}]*)\}/gms)]
  .map(([, type, list]) => `export ${type}{${list}} from './holdfast.js';\n`)
  .join('');
writeFileSync(join(FOLDER, 'connect.d.ts'), names);
