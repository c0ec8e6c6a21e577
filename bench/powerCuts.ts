/**
 * What is lost when the power is cut under a real file system (ext4 on a loop device, shut down without
 * its journal being flushed), with jobs coming in: holdfast, and beside it what people use today, as it
 * ships and as safe as it can be set. Only what was acknowledged before the cut counts.
 *
 * Takes root. Peers are cut where they are installed (`npm run bench:peers` installs them).
 * Usage: powerCuts.js [cuts]
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutDisk, cutPower, whyNoPowerCut } from '../test/oracle/crash/powerCut.ts';
import type { Variant } from '../test/oracle/crash/record.ts';
import { printMachine, printTable } from './support.ts';

const OPERATIONS = 6_000;
const PEER = resolve('bench/peers/cut.mjs');
const PEER_START_MS = 30_000;
/** Peers and controls get fewer cuts: what they lose, they lose in most. */
const OTHERS_SHARE = 0.35;
/** What was told and is not there: an acceptance, an outcome, or the whole store. */
const NOT_KEPT = /^(lost|outcome not kept|not opened): /;

interface Row {
  system: string;
  cuts: number;
  'cuts with a loss': number;
  acknowledged: number;
  lost: number;
}

/** A moment of the work, other for each cut. */
function momentMs(cut: number): number {
  return 800 + ((cut * 370) % 2_200);
}

async function holdfast(label: string, variant: Variant, cuts: number): Promise<Row> {
  const row = { system: label, cuts: 0, 'cuts with a loss': 0, acknowledged: 0, lost: 0 };
  for (let cut = 1; cut <= cuts; cut += 1) {
    const work = { seed: cut, operations: OPERATIONS, crises: 20, life: 0 };
    const goesOn = variant === 'full' && cut % 5 === 0;
    const { promises, breaches } = await cutPower(variant, work, momentMs(cut), goesOn);
    count(row, promises, breaches.filter((breach) => NOT_KEPT.test(breach)).length);
    if (variant !== 'full' || breaches.length === 0) continue;
    console.log(breaches.slice(0, 5).join('\n'));
    process.exitCode = 1;
  }
  return row;
}

async function peer(label: string, system: string, cuts: number): Promise<Row> {
  const row = { system: label, cuts: 0, 'cuts with a loss': 0, acknowledged: 0, lost: 0 };
  for (let cut = 1; cut <= cuts; cut += 1) {
    const disk = new CutDisk();
    const told = join(disk.home, 'acknowledged');
    const pids = join(disk.home, 'pids');
    writeFileSync(told, '');
    writeFileSync(pids, '');
    const child = spawn(process.execPath, [PEER, 'fill', system, disk.mount, told, pids], {
      stdio: 'inherit',
    });
    const ended = new Promise((done) => {
      child.once('close', done);
    });
    try {
      for (let ms = 0; numbersIn(told).length === 0 && ms < PEER_START_MS; ms += 50)
        await sleep(50);
      await sleep(momentMs(cut));
      const acknowledged = numbersIn(told);
      disk.cut();
      child.kill('SIGKILL');
      for (const pid of numbersIn(pids)) end(pid);
      await ended;
      await disk.restart();
      const kept = await keptBy(system, disk);
      count(row, acknowledged.length, acknowledged.filter((number) => !kept.has(number)).length);
    } finally {
      child.kill('SIGKILL');
      disk.remove();
    }
  }
  return row;
}

/** Redis ends by itself where its disk fails it. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function keptBy(system: string, disk: CutDisk): Promise<ReadonlySet<number>> {
  const kept = join(disk.home, 'kept');
  const child = spawn(process.execPath, [PEER, 'read', system, disk.mount, kept], {
    stdio: 'inherit',
  });
  const code = await new Promise((done) => {
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`${system} can't be read after the cut`);
  return new Set(numbersIn(kept));
}

/** Whole lines only: the last may be half written. */
function numbersIn(file: string): readonly number[] {
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map(Number);
}

function count(row: Row, acknowledged: number, lost: number): void {
  row.cuts += 1;
  row.acknowledged += acknowledged;
  row.lost += lost;
  if (lost > 0) row['cuts with a loss'] += 1;
  process.stderr.write(`${row.system}: cut ${row.cuts}, ${acknowledged} told, ${lost} lost\n`);
}

async function main(cuts: number): Promise<void> {
  const missing = whyNoPowerCut();
  if (missing !== null) {
    console.error(`No power can be cut here: ${missing}.`);
    process.exitCode = 2;
    return;
  }
  const others = Math.ceil(cuts * OTHERS_SHARE);
  const ours = await holdfast('holdfast', 'full', cuts);
  const control = await holdfast('holdfast, control: synchronous NORMAL', 'normal', others);
  const rows = [ours, control];
  if (existsSync('bench/peers/node_modules')) {
    rows.push(await peer('plainjob 0.0.14 as it ships', 'plainjob', others));
    rows.push(await peer('plainjob 0.0.14 forced to FULL', 'plainjobFull', others));
    if (existsSync('/usr/bin/redis-server')) {
      rows.push(await peer('BullMQ 6.7, Redis everysec as it ships', 'bullmq', others));
      rows.push(await peer('BullMQ 6.7, Redis always', 'bullmqAlways', others));
    } else console.error('Redis is not here: apt-get install redis-server');
  } else console.error('The peers are not installed: npm run bench:peers installs them.');
  printMachine();
  printTable(
    'Real power cuts, ext4 on a loop device',
    rows.map((row) => ({ ...row })),
  );
  if (control.lost === 0) {
    console.log('\nNot caught: NORMAL');
    process.exitCode = 1;
  }
}

// Ends this process in good order, which unmounts and removes its disk.
process.once('SIGINT', () => process.exit(130));
await main(Number(process.argv[2] ?? 20));
