/**
 * Packs what `npm run build` and `npm run build:types` have made, as it is to be installed: `npm run tarball`, or
 * pack.mjs [folder for the tarball]. Prints the path of the tarball.
 *
 * What the pages link to and the package does not have, as sources and tests, becomes plain text, so that
 * every link in it leads somewhere. Scripts and tools are left out of its manifest (decision 0159).
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';

const STAGE = 'node_modules/.cache/holdfast-package';
const LINK = /\[((?:[^[\]]|\[[^[\]]*\])*)\]\(([^)\s]+)\)/g;

function npmPack(...args) {
  const report = execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(report)[0];
}

const files = new Set(npmPack('--dry-run').files.map(({ path }) => path));

function isThere(path) {
  const folder = path.endsWith('/') ? path : `${path}/`;
  return files.has(path) || [...files].some((file) => file.startsWith(folder));
}

function withLinksThatLead(page) {
  return readFileSync(page, 'utf8').replace(LINK, (link, text, target) => {
    const isElsewhere = /^([a-z]+:|#)/.test(target);
    const path = normalize(join(dirname(page), target.replace(/#.*$/, '')));
    return isElsewhere || isThere(path) ? link : text;
  });
}

rmSync(STAGE, { recursive: true, force: true });
for (const file of files) {
  mkdirSync(dirname(join(STAGE, file)), { recursive: true });
  if (file.endsWith('.md')) writeFileSync(join(STAGE, file), withLinksThatLead(file));
  else cpSync(file, join(STAGE, file));
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
for (const name of ['scripts', 'devDependencies', 'allowScripts']) delete manifest[name];
writeFileSync(join(STAGE, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const to = resolve(process.argv[2] ?? '.');
process.stdout.write(`${join(to, npmPack(STAGE, '--pack-destination', to).filename)}\n`);
