/**
 * What a store does with edits of its files by a program that has no key and imports nothing of holdfast: rows of every
 * table deleted, put back from an earlier copy, swapped, moved and changed, rows hidden from every index, files deleted,
 * cut, zeroed and put back. One edit a start; an upstream's ledger in another process judges, with the answers to crises,
 * what is shown and what is told. Beside it the same store untouched.
 *
 * Ends with 1 where an edit went unseen, something came of what it touched, or an untouched store tells something.
 * Usage: tampering.js [edits] [untouched starts] [first seed]
 *
 * @module
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fastFolder } from '../test/oracle/crash/record.ts';
import {
  Campaign,
  drawn,
  type Ending,
  faultOf,
  grouped,
  type Judged,
  subjectOf,
} from '../test/oracle/tampering/campaign.ts';
import { printMachine, printTable } from './support.ts';

const ENDINGS: readonly Ending[] = ['killed', 'closed'];
const SAID_EVERY = 25;

/** Verdict on an edit or an untouched start, without what it told. */
type Seen = Omit<Judged, 'run'> & { readonly told: string };

const seen: Seen[] = [];
let wanted = 0;

function note(judged: Judged): void {
  const { run: _, ...verdict } = judged;
  seen.push({ ...verdict, told: faultOf(judged) });
  if (verdict.faults.length > 0) console.log(faultOf(judged));
  if (seen.length % SAID_EVERY === 0) {
    const faults = seen.filter(({ outcome }) => outcome === 'fault').length;
    process.stderr.write(`${seen.length} of ${wanted} starts, ${faults} with a fault\n`);
  }
}

/** The edits and untouched starts of one store. */
async function work(ending: Ending, edits: number, controls: number, seed: number): Promise<void> {
  const root = join(fastFolder(), ending);
  mkdirSync(root);
  const campaign = await Campaign.begin(root, ending);
  try {
    let made = 0;
    const targets = drawn(campaign.targets, seed);
    for (let draw = 0; made < edits; draw += 1) {
      const judged = await campaign.edited(targets.next().value, seed + draw);
      if (judged === null) continue;
      note(judged);
      made += 1;
    }
    for (let untouched = 0; untouched < controls; untouched += 1) note(await campaign.control());
  } finally {
    await campaign.end();
    rmSync(root, { recursive: true, force: true });
  }
}

function countsOf(edits: readonly Seen[]): Record<string, number> {
  const of = (outcome: Seen['outcome']): number =>
    edits.filter((each) => each.outcome === outcome).length;
  return {
    edits: edits.length,
    told: of('told'),
    held: of('held'),
    'not opened': of('refused'),
    'nothing comes of it': of('harmless'),
    faults: of('fault'),
  };
}

function printGroups(title: string, first: string, nameOf: (one: Seen) => string): void {
  const edits = seen.filter(({ edit }) => edit !== null);
  const groups = [...grouped(edits, nameOf)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  printTable(
    title,
    groups.map(([name, those]) => ({ [first]: name, ...countsOf(those) })),
  );
}

async function main(edits: number, controls: number, seed: number): Promise<void> {
  wanted = edits + controls;
  const startedAt = performance.now();
  const share = (of: number, at: number): number => Math.floor((of + at) / ENDINGS.length);
  await Promise.all(
    ENDINGS.map((ending, at) => work(ending, share(edits, at), share(controls, at), seed + at)),
  );
  print(`${Math.round((performance.now() - startedAt) / 1_000)} s, seeds from ${seed}`);
  if (seen.some(({ outcome }) => outcome === 'fault')) process.exitCode = 1;
}

function print(how: string): void {
  const untouched = seen.filter(({ edit }) => edit === null);
  printMachine();
  console.log(
    `\n${seen.length - untouched.length} edits and ${untouched.length} untouched starts, ${how}`,
  );
  printGroups('By what was edited', 'of', (one) => subjectOf(one.edit ?? {}));
  printGroups('By the kind of edit', 'kind', ({ edit }) => edit?.kind ?? '');
  printGroups('By both', 'of, kind', ({ edit }) => `${subjectOf(edit ?? {})}, ${edit?.kind ?? ''}`);
  printTable('Untouched', [countsOf(untouched)]);
  const harmless = seen.filter(({ edit, outcome }) => edit !== null && outcome === 'harmless');
  printTable(
    'Why nothing is told',
    [...grouped(harmless, ({ reason }) => reason ?? '')].map(([reason, those]) => ({
      reason,
      edits: those.length,
    })),
  );
}

// Removes what it has in memory; its children hear that it has ended.
process.once('SIGINT', () => {
  print('interrupted');
  process.exit(130);
});
const [edits = 1_000, controls = 1_000, seed = 1] = process.argv.slice(2).map(Number);
await main(edits, controls, seed);
