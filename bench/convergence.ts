/**
 * How soon devices that have changed the same records offline hold the same, and what that costs: 10 devices,
 * 1,000 records, each changed on every device, over real HTTP with a stated latency; the same where one of the devices
 * brings all 1,000 conflicts at once; beside the loop that an app writes by itself, and how many edits that loop loses.
 *
 * Usage: convergence.js [--devices=10] [--records=1000] [--latency=20] [--window=20]
 * [--systems=apart,holdfast,one,naive] [--quick]. The window is the time in seconds over which the devices come online,
 * one after the other; 0: all at once. `--systems=one` is 1,000 conflicts, brought by one of the devices at once.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { canonical } from '../machines/merge/values/canonical.ts';
import { type Figures, newFigures } from './convergence/figures.ts';
import { HoldfastDevice } from './convergence/holdfastDevice.ts';
import { NaiveDevice } from './convergence/naive.ts';
import { found } from './convergence/records.ts';
import { type RecordsProcess, startRecords } from './convergence/recordsProcess.ts';
import { percentile, printMachine, printTable, temporaryFolder } from './support.ts';

/**
 * `apart` is holdfast where each device has records of its own: what the same edits cost that meet nobody. `one` is
 * holdfast where one device comes online when the others, each with records of its own, have sent everything.
 */
const SYSTEMS = { apart, holdfast, one, naive };
type System = keyof typeof SYSTEMS;
const ONE = 'holdfast, brought by one';
/** Calls of one device to its own store under way. */
const AT_ONCE = 32;
const CONFLICT_MS_MAX = 5_000;
const CPU_MS_MAX = 10;

const isQuick = process.argv.includes('--quick');
const devices = Number(given('devices') ?? (isQuick ? 4 : 10));
const records = Number(given('records') ?? (isQuick ? 50 : 1_000));
const latencyMs = Number(given('latency') ?? 20);
const windowMs = Number(given('window') ?? (isQuick ? 4 : 20)) * 1_000;
const systems = (given('systems')?.split(',') ?? Object.keys(SYSTEMS)) as readonly System[];

function given(option: string): string | undefined {
  const start = `--${option}=`;
  return process.argv.find((argument) => argument.startsWith(start))?.slice(start.length);
}

const numbers = Array.from({ length: records }, (_, record) => record);

async function forEach(work: (record: number) => Promise<void>): Promise<void> {
  const waiting = numbers.values();
  const go = async (): Promise<void> => {
    for (const record of waiting) await work(record);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, go));
}

/** Measures from the moment at which the devices come online. */
async function measured(figures: Figures, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  figures.totalMs = performance.now() - startMs;
  figures.cpuMs = (user + system) / 1_000;
}

/** All processors and disks are those of one machine here: devices have their own, and their own moments. */
async function comeOnline(
  all: readonly { connect(): Promise<void> }[],
  withinMs = windowMs,
): Promise<void> {
  const connected = all.map(async (device, at) => {
    await sleep((at * withinMs) / all.length);
    await device.connect();
  });
  await Promise.all(connected);
}

async function holdfast(upstream: RecordsProcess): Promise<Figures> {
  return await edited(upstream, 'holdfast', windowMs, () => true);
}

async function apart(upstream: RecordsProcess): Promise<Figures> {
  // At once, so that nothing but the edits takes time of the processor.
  const isTheirs = (device: number, record: number): boolean => record % devices === device;
  return await edited(upstream, 'holdfast, nobody met', 0, isTheirs);
}

async function one(upstream: RecordsProcess): Promise<Figures> {
  const isTheirs = (device: number, record: number): boolean =>
    device === 0 || 1 + (record % Math.max(1, devices - 1)) === device;
  return await edited(upstream, ONE, 0, isTheirs, true);
}

/**
 * Devices that edit, offline, each record that is theirs, and then come online.
 *
 * @param isFirstLast the first of them comes online once the others have sent everything, and only that is measured
 */
async function edited(
  upstream: RecordsProcess,
  system: string,
  withinMs: number,
  isTheirs: (device: number, record: number) => boolean,
  isFirstLast = false,
): Promise<Figures> {
  const figures = newFigures(system);
  const folder = temporaryFolder();
  const all = Array.from(
    { length: devices },
    (_, device) => new HoldfastDevice(upstream.url, folder, device, figures),
  );
  for (const device of all) await device.ready;
  for (const device of all) await forEach(async (record) => await device.hear(record, false));
  for (const device of all) device.disconnect();
  for (const [number, device] of all.entries()) {
    await forEach(async (record) => {
      if (!isTheirs(number, record)) return;
      figures.edits += 1;
      if (!isFirstLast || number === 0) figures.sent += 1;
      await device.edit(record);
    });
  }
  console.error(`${system}: ${figures.edits} edits are made offline`);
  if (isFirstLast) await comeOnline(all.slice(1), withinMs);
  await measured(figures, async () => {
    await comeOnline(isFirstLast ? all.slice(0, 1) : all, withinMs);
  });
  const sentAtMs = performance.now();
  await Promise.all(
    all.map(async (device) => await forEach(async (record) => await device.hear(record, true))),
  );
  figures.allEqualMs = performance.now() - sentAtMs;
  const held = await upstream.values();
  for (const device of all) {
    await forEach(async (record) => {
      const isSame = canonical(await device.shown(record)) === canonical(held[record] ?? null);
      if (!isSame) figures.unequal += 1;
    });
    await device.close();
  }
  return figures;
}

async function naive(upstream: RecordsProcess): Promise<Figures> {
  const figures = newFigures('refetch, last writer wins');
  const all = Array.from(
    { length: devices },
    (_, device) => new NaiveDevice(upstream.url, device, figures),
  );
  for (const device of all) await device.begin(numbers);
  for (const device of all) for (const record of numbers) device.edit(record);
  figures.edits = devices * records;
  figures.sent = figures.edits;
  await measured(figures, async () => {
    await comeOnline(all);
  });
  return figures;
}

async function run(system: System): Promise<Figures> {
  const upstream = await startRecords({ records, latencyMs });
  try {
    const figures = await SYSTEMS[system](upstream);
    const values = await upstream.values();
    figures.lost =
      figures.edits - values.reduce<number>((sum, value) => sum + found(value, devices), 0);
    return figures;
  } finally {
    upstream.stop();
  }
}

/** What an edit that meets others takes of a processor more than one that does not, for each conflict. */
function costOfConflict(met: Figures, alone: Figures): number {
  return (met.cpuMs - met.sent * (alone.cpuMs / alone.sent)) / met.conflicts.length;
}

printMachine();
console.log(
  `${devices} devices, ${records} records, each changed on every device while all are offline; then they come online within ${windowMs / 1_000} s.\n` +
    `HTTP on 127.0.0.1, ${latencyMs} ms added to every answer; each store on disk, all devices in one process.`,
);
const all: Figures[] = [];
for (const system of systems) all.push(await run(system));

const ms = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(1));
printTable(
  'From the refusal of a write to its being merged and taken by the upstream, network included',
  all.map((figures) => ({
    system: figures.system,
    conflicts: figures.conflicts.length,
    'p50 ms': ms(percentile(figures.conflicts, 0.5)),
    'p99 ms': ms(percentile(figures.conflicts, 0.99)),
    'max ms': ms(percentile(figures.conflicts, 1)),
    'CPU ms an edit': ms(figures.cpuMs / figures.sent),
    'edits lost': `${figures.lost} of ${figures.edits}`,
    'all sent, s': ms(figures.totalMs / 1_000),
  })),
);
const alone = all.find(({ system }) => system === 'holdfast, nobody met');
const own = all.filter(({ system }) => system === 'holdfast' || system === ONE);
if (own.length > 0) {
  const costOf = (figures: Figures): number =>
    alone === undefined ? Number.NaN : costOfConflict(figures, alone);
  printTable(
    'Hearing of a version of another device, and what a conflict costs',
    own.map((figures) => ({
      system: figures.system,
      changes: figures.remoteChanges.length,
      'p50 ms': ms(percentile(figures.remoteChanges, 0.5)),
      'p99 ms': ms(percentile(figures.remoteChanges, 0.99)),
      'CPU ms more for a conflict': ms(costOf(figures)),
      'rounds a conflict': ms(figures.rounds / figures.conflicts.length),
      'devices apart': figures.unequal,
    })),
  );
  const faults = own.flatMap((figures) =>
    [
      figures.lost > 0 && `${figures.lost} edits are lost`,
      figures.unequal > 0 && `${figures.unequal} records are not the same on a device`,
      percentile(figures.conflicts, 0.99) >= CONFLICT_MS_MAX &&
        `p99 is not under ${CONFLICT_MS_MAX} ms`,
      costOf(figures) >= CPU_MS_MAX && `a conflict takes ${CPU_MS_MAX} ms or more of a processor`,
    ].flatMap((fault) => (typeof fault === 'string' ? [`${figures.system}: ${fault}`] : [])),
  );
  console.log(faults.length === 0 ? '\nAll goals are met.' : `\nNOT MET: ${faults.join('; ')}`);
  if (faults.length > 0) process.exitCode = 1;
}
