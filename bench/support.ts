/**
 * What the benches share: a store on the disk that is measured, medians, and a table.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawKey } from '../persistence/sealing/keySource.ts';

/** A fixed key: the benches measure encryption, they protect nothing. */
export const BENCH_KEY = rawKey(new Uint8Array(32).fill(7));

const folders: string[] = [];

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder on the disk of the system's temporary folder, removed when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  folders.push(folder);
  return folder;
}

/** The value below which `share` of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Prints rows under a title, numbers to the right. */
export function printTable(
  title: string,
  rows: readonly Readonly<Record<string, string | number>>[],
): void {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '')))];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => row[index]?.length ?? 0)),
  );
  console.log(`\n${title}\n`);
  for (const [number, row] of cells.entries()) {
    const line = row.map((cell, index) =>
      index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
    );
    console.log(`| ${line.join(' | ')} |`);
    if (number === 0) {
      const rule = widths.map((width, index) =>
        index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
      );
      console.log(`| ${rule.join(' | ')} |`);
    }
  }
}

/** One line that says on what the figures were made. */
export function printMachine(): void {
  const processors = cpus();
  console.log(
    `Node ${process.version}, ${processors.length} × ${processors[0]?.model ?? 'unknown'}, ${process.platform}`,
  );
}
