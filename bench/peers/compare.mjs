/**
 * Durable jobs a second, from acceptance through a no-op effect to recorded completion: holdfast beside
 * what people use today, each made to sync every commit. Each measurement runs in a process of its
 * own; the systems take turns, and each figure is the median of the rounds.
 *
 * Redis and PostgreSQL are started on loopback with their data beside the stores, and stopped after.
 * Usage: compare.mjs [rounds] [--only=holdfast,bullmq]
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres, startRedis } from './servers.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const WORKER_MS_MAX = 120_000;
const numbers = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice(7);
const rounds = Number(numbers[0] ?? 3);
const IN_FLIGHT = [1, 100];
const BULK_COUNT = 20_000;

/** Jobs a measurement takes: enough for a steady figure, few enough for the slow ones. */
const SYSTEMS = [
  {
    name: 'holdfast',
    label: 'holdfast, encrypted',
    counts: { 1: 1_500, 100: 20_000 },
    bulk: true,
  },
  {
    name: 'bullmq',
    label: 'BullMQ 6.7, Redis always',
    server: 'redis',
    counts: { 1: 1_500, 100: 10_000 },
    bulk: true,
  },
  {
    name: 'pgBoss',
    label: 'pg-boss 10.4, PostgreSQL',
    server: 'postgres',
    counts: { 1: 600, 100: 4_000 },
    bulk: true,
  },
  {
    name: 'dbos',
    label: 'DBOS 5.3, PostgreSQL',
    server: 'postgres',
    counts: { 1: 300, 100: 1_000 },
    bulk: false,
  },
  {
    name: 'plainjob',
    label: 'plainjob 0.0.14, forced FULL',
    counts: { 1: 1_500, 100: 3_000 },
    bulk: true,
  },
];

function install() {
  if (existsSync(join(here, 'node_modules'))) return;
  process.stderr.write('Installing the peers (npm ci in bench/peers) …\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('npm ci failed in bench/peers.');
}

async function run(system, mode, options) {
  const child = spawn(
    process.execPath,
    [join(here, 'worker.mjs'), system, mode, JSON.stringify(options)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: WORKER_MS_MAX,
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`${system} ${mode} failed with exit code ${code}.`);
  return JSON.parse(output.trim().split('\n').at(-1));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function printTable(title, columns, rows) {
  console.log(`\n${title}\n`);
  console.log(`| ${columns.join(' | ')} |`);
  console.log(
    `| --- | ${columns
      .slice(1)
      .map(() => '---:')
      .join(' | ')} |`,
  );
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

install();
const folder = mkdtempSync(join(tmpdir(), 'holdfast-peers-'));
// PostgreSQL runs as a user of its own and has to get to its folder.
chmodSync(folder, 0o711);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const systems = SYSTEMS.filter(({ name }) => only === undefined || only.split(',').includes(name));
const servers = {};
if (systems.some(({ server }) => server === 'redis')) {
  servers.redis = await startRedis(join(folder, 'redis'), 'always');
}
if (systems.some(({ server }) => server === 'postgres')) {
  servers.postgres = await startPostgres(join(folder, 'postgres'));
}
const figures = new Map(
  systems.map(({ name }) => [name, { 1: [], 100: [], accept: [], drain: [] }]),
);
let measured = 0;
for (let round = 1; round <= rounds; round += 1) {
  for (const { name, label, server, counts, bulk } of systems) {
    process.stderr.write(`round ${round} of ${rounds}: ${label}\n`);
    const optionsOf = (more) => {
      measured += 1;
      const own = join(folder, `${name}-${measured}`);
      mkdirSync(own);
      return { folder: own, port: servers[server]?.port, synchronous: 'FULL', ...more };
    };
    const found = figures.get(name);
    for (const inFlight of IN_FLIGHT) {
      found[inFlight].push(
        await run(name, 'loop', optionsOf({ inFlight, count: counts[inFlight] })),
      );
    }
    if (!bulk) continue;
    const { accept, drain } = await run(
      name,
      'bulk',
      optionsOf({ inFlight: 100, count: BULK_COUNT }),
    );
    found.accept.push(accept);
    found.drain.push(drain);
  }
}
for (const server of Object.values(servers)) await server.stop();

const rate = (results) =>
  results.length === 0
    ? '–'
    : String(Math.round(median(results.map(({ perSecond }) => perSecond))));
const cpu = (results) =>
  results.length === 0
    ? '–'
    : String(Math.round(median(results.map(({ cpuMicros }) => cpuMicros))));
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform}`,
);
printTable(
  `Durable jobs a second, median of ${rounds} rounds`,
  ['system', '1 in flight', '100 in flight', 'client CPU µs at 100', 'bulk accept', 'bulk drain'],
  systems.map(({ name, label }) => {
    const found = figures.get(name);
    return [
      label,
      rate(found[1]),
      rate(found[100]),
      cpu(found[100]),
      rate(found.accept),
      rate(found.drain),
    ];
  }),
);
