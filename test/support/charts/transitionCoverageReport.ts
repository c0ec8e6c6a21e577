/**
 * Vitest's global set-up: collects what {@link coverTransitions} saw in every test file and prints,
 * when the run ends, the exact transition coverage of each machine.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { TransitionsSeen } from './transitionCoverage.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    transitionCoverageDir: string;
  }
}

export default function setUp(project: TestProject): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-transitions-'));
  project.provide('transitionCoverageDir', directory);
  return async () => {
    const parts = readAll(directory);
    rmSync(directory, { recursive: true, force: true });
    const observed = new Set(parts.map((part) => part.machineId));
    const { testFiles } = await project.globTestFiles();
    const isWholeRun = project.vitest.state.getFiles().length === testFiles.length;
    if (observed.size === 0 && !isWholeRun) return;
    const registered = await registeredIds();
    const ids = (registered ?? [...observed]).filter((id) => isWholeRun || observed.has(id));
    if (ids.length > 0) process.stdout.write(`${formatReport(parts, ids)}\n`);
  };
}

/** The report as text: a line for each machine of `ids`, and below it what no test took. */
export function formatReport(parts: readonly TransitionsSeen[], ids: readonly string[]): string {
  const lines = ['Transition coverage'];
  for (const id of ids) {
    const own = parts.filter((part) => part.machineId === id);
    const all = new Set(own.flatMap((part) => part.all));
    const seen = new Set(own.flatMap((part) => part.seen));
    if (own.length === 0) lines.push(`  ${id}: no test observes it`);
    else lines.push(`  ${id}: ${seen.size} of ${all.size} transitions taken`);
    for (const label of all) if (!seen.has(label)) lines.push(`    never: ${label}`);
  }
  return lines.join('\n');
}

/** `null` when a chart can't be loaded, which its own tests report: the coverage seen still counts. */
async function registeredIds(): Promise<readonly string[] | null> {
  try {
    const { machines } = await import('../../../machines/index.ts');
    return machines.map((machine) => machine.id).toSorted();
  } catch {
    return null;
  }
}

function readAll(directory: string): readonly TransitionsSeen[] {
  return readdirSync(directory).map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as TransitionsSeen,
  );
}
