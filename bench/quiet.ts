/**
 * What holdfast costs in quiet hours (HM-6), where an operation shares nothing with another: 10, 100 and 500 a second to
 * an HTTP upstream on loopback, beside the same program without holdfast, by `fetch` and by `node:http` with a kept
 * connection. Processor time is that of all threads, and wake-ups are their voluntary changes of context.
 *
 * The upstream has a process of its own, and so has each that is measured; they take turns, and each figure over another
 * is of one round. Usage: quiet.js [rounds] [rates, by commas] [--json]
 *
 * @module
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Usage } from './quiet/program.ts';
import { median, printMachine, printTable } from './support.ts';

const numbers = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const rounds = Number(numbers[0] ?? 5);
const rates = (numbers[1] ?? '10,100,500').split(',').map(Number);
/** A span is as long as this many seconds, and has at least so many operations. */
const SECONDS = 6;
const COUNT_MIN = 100;

const WAYS = {
  fetch: 'fetch alone',
  http: 'node:http alone',
  accepted: 'holdfast, its acceptance awaited',
  outcome: 'holdfast, its outcome awaited',
} as const;
type Way = keyof typeof WAYS;
const ways = Object.keys(WAYS) as Way[];

const part = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const upstream = spawn(process.execPath, [part('run/upstream.js'), 'steady'], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [port] = (await once(upstream.stdout, 'data')) as [Buffer];
const url = `http://127.0.0.1:${Number(String(port))}`;

async function measure(way: Way, perSecond: number): Promise<Usage & { readonly count: number }> {
  const count = Math.max(COUNT_MIN, SECONDS * perSecond);
  const program = [part('quiet/program.js'), way, url, String(perSecond), String(count)];
  await fetch(`${url}/-/first`);
  const { stdout } = await promisify(execFile)(process.execPath, program);
  const counts = (await (await fetch(`${url}/-/counts`)).json()) as { readonly done: number };
  if (counts.done < count) throw new Error(`${way}: the upstream has ${counts.done} of ${count}.`);
  return { ...(JSON.parse(stdout) as Usage), count };
}

if (!process.argv.includes('--json')) printMachine();
for (const rate of rates) {
  const figures = new Map<Way, Awaited<ReturnType<typeof measure>>[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const way of ways) {
      figures.set(way, [...(figures.get(way) ?? []), await measure(way, rate)]);
    }
  }
  const of = (way: Way, name: (usage: Usage & { readonly count: number }) => number): number =>
    median((figures.get(way) ?? []).map(name));
  /** Over another way, round by round. */
  const over = (
    way: Way,
    beside: Way,
    name: (usage: Usage & { count: number }) => number,
  ): number =>
    median(
      (figures.get(way) ?? []).map((usage, round) => {
        const other = figures.get(beside)?.[round];
        return name(usage) - (other === undefined ? Number.NaN : name(other));
      }),
    );
  const cpuMs = (usage: Usage & { readonly count: number }): number =>
    usage.cpuMicros / 1_000 / usage.count;
  const share = (usage: Usage): number => usage.cpuMicros / 10 / usage.elapsedMs;
  const rows = ways.map((way) => ({
    [`${rate} a second`]: WAYS[way],
    'CPU ms': of(way, cpuMs).toFixed(2),
    'over fetch': over(way, 'fetch', cpuMs).toFixed(2),
    '% of a core over fetch': over(way, 'fetch', share).toFixed(1),
    'over node:http': over(way, 'http', share).toFixed(1),
    'wake-ups': of(way, ({ wakeUps, count }) => wakeUps / count).toFixed(1),
    'resident MiB': Math.round(of(way, ({ residentMiB }) => residentMiB)),
    'lasts ms': of(way, ({ lastedMs }) => lastedMs).toFixed(1),
  }));
  printTable(`Of one operation, ${rate} a second, median of ${rounds} rounds`, rows);
}
upstream.stdin.end();
