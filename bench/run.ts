/**
 * The main job: `holdfast run` of a file of lines to an upstream on loopback, beside a loop of plain `fetch` and one of
 * `node:http` with kept connections. Lines a second from the start of the process to its end, the processor time of
 * all its threads, and the most memory that was resident.
 *
 * The upstream has a process of its own, and so has each that is measured; they take turns, and each ratio is of one
 * round. Usage: run.js [rounds] [lines] [--only=steady,failures,outage]
 *
 * @module
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { median, printMachine, printTable, temporaryFolder } from './support.ts';

const numbers = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice(7);
const rounds = Number(numbers[0] ?? 5);
const count = Number(numbers[1] ?? 20_000);

const part = (name: string): string => fileURLToPath(new URL(`run/${name}.js`, import.meta.url));
const CLI = join(process.cwd(), 'dist/cli.js');
const NOTE = 'x'.repeat(180);

const WEATHERS: Readonly<Record<string, string>> = {
  steady: 'A sound upstream',
  failures: '30 % of requests fail at first (503)',
  outage: 'An outage of 3 s: every connection is cut',
};
const SYSTEMS = ['holdfast run', 'fetch, 128 in flight', 'node:http, 128 in flight'] as const;
type System = (typeof SYSTEMS)[number];

interface Figure {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly residentMiB: number;
}

function linesFile(folder: string): string {
  const file = join(folder, 'lines.ndjson');
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      type: 'payments.push',
      subject: `user-${index % 1_000}`,
      entity: { type: 'subscription', id: `sub-${index}` },
      idempotencyKey: `key-${index}`,
      payload: { amount: index, note: NOTE },
    }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

async function startUpstream(weather: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [part('upstream'), weather], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${Number(String(port))}`, child };
}

function argumentsOf(system: System, file: string, url: string, folder: string): string[] {
  if (system !== 'holdfast run') {
    return [part('loop'), system.startsWith('fetch') ? 'fetch' : 'http', file, url];
  }
  const store = ['--store', join(folder, 'store'), '--key-file', join(folder, 'key')];
  return [CLI, 'run', file, '--upstream', url, ...store, '--json'];
}

let measured = 0;

async function measure(system: System, file: string, url: string): Promise<Figure> {
  measured += 1;
  const folder = join(temporaryFolder(), String(measured));
  mkdirSync(folder, { recursive: true });
  spawnSync(process.execPath, [CLI, 'keys', 'init', '--key-file', join(folder, 'key')]);
  await fetch(`${url}/-/first`);
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', part('usage'), ...argumentsOf(system, file, url, folder)],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  );
  const [, , , used] = child.stdio;
  const [usage, out, errors] = await Promise.all([
    text(used as Readable),
    text(child.stdout as Readable),
    text(child.stderr as Readable),
  ]);
  const elapsedMs = performance.now() - startedAt;
  const counts = (await (await fetch(`${url}/-/counts`)).json()) as { readonly done: number };
  if (counts.done !== count) {
    throw new Error(
      `${system}: the upstream has ${counts.done} of ${count} lines.\n${out}${errors}`,
    );
  }
  const { cpuMicros, rssKiB } = JSON.parse(usage) as { cpuMicros: number; rssKiB: number };
  return {
    perSecond: (count / elapsedMs) * 1_000,
    cpuMicros: cpuMicros / count,
    residentMiB: rssKiB / 1_024,
  };
}

printMachine();
const file = linesFile(temporaryFolder());
for (const [weather, title] of Object.entries(WEATHERS)) {
  if (only !== undefined && !only.split(',').includes(weather)) continue;
  const { url, child } = await startUpstream(weather);
  const figures = new Map<System, Figure[]>(SYSTEMS.map((system) => [system, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const system of SYSTEMS) figures.get(system)?.push(await measure(system, file, url));
  }
  child.stdin?.end();
  const beside = figures.get('fetch, 128 in flight') ?? [];
  const rows = SYSTEMS.map((system) => {
    const own = figures.get(system) ?? [];
    const of = (name: keyof Figure): number => median(own.map((figure) => figure[name]));
    const ratio = (name: keyof Figure): string =>
      median(own.map((figure, round) => figure[name] / (beside[round]?.[name] ?? 1))).toFixed(2);
    return {
      [`${count} lines`]: system,
      'lines/s': Math.round(of('perSecond')),
      'of fetch': ratio('perSecond'),
      'CPU µs a line': Math.round(of('cpuMicros')),
      'of fetch ': ratio('cpuMicros'),
      'resident MiB': Math.round(of('residentMiB')),
    };
  });
  printTable(`${title}, median of ${rounds} rounds`, rows);
}
