/**
 * What is lost when the power is cut: the real runtime is recorded at work, what a cut could leave is
 * rebuilt at random moments of it, and each image is opened and held to what had been promised by then.
 * Beside it the same with a defect planted, which must be caught: else the figures prove nothing.
 *
 * Ends with 1 where holdfast as it ships has broken a promise, or a defect was not caught.
 * Usage: crashImages.js [images] [seed]
 *
 * @module
 */

import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  earlierLife,
  IMAGES_A_CUT,
  judgeCuts,
  newTally,
  resumeCuts,
  type Tally,
} from '../test/oracle/crash/campaign.ts';
import { record, VARIANTS, type Variant } from '../test/oracle/crash/record.ts';
import { printMachine, printTable } from './support.ts';

/** One process recorded, cut, and recorded again as it starts on what one of the cuts left. */
interface Job {
  readonly variant: Variant;
  readonly seed: number;
}

interface Done {
  readonly images: Tally;
  readonly restarts: Tally;
}

const OPERATIONS = 250;
const CRISES = 8;
const CUTS_A_LIFE = 60;
const RESTARTS_A_LIFE = 3;
const IMAGES_A_JOB = 2 * CUTS_A_LIFE * IMAGES_A_CUT;
/** A defect shows in far fewer images than it takes to believe that there is none. */
const CONTROL_SHARE = 0.1;

async function work({ variant, seed }: Job): Promise<Done> {
  const done: Done = { images: newTally(), restarts: newTally() };
  const base = { seed, operations: OPERATIONS, crises: CRISES };
  // As it ships a WAL is folded in after 4096 pages, which a short recording never reaches.
  const checkpointPages = variant !== 'full' || seed % 3 === 0 ? null : 40 + (seed % 100);
  const first = await record({
    variant,
    checkpointPages,
    work: { ...base, life: 0 },
    earlier: null,
  });
  await judgeCuts(first, CUTS_A_LIFE, seed, done.images);
  if (variant === 'full') await resumeCuts(first, RESTARTS_A_LIFE, seed + 1, done.restarts);
  // A defect has broken the first life already; a second one on its ruins would only count that again.
  const earlier = variant === 'full' ? earlierLife(first, seed + 2) : null;
  const life = variant === 'full' ? 1 : 0;
  const second = await record({ variant, checkpointPages, work: { ...base, life }, earlier });
  await judgeCuts(second, CUTS_A_LIFE, seed + 3, done.images);
  if (variant === 'full') await resumeCuts(second, RESTARTS_A_LIFE, seed + 4, done.restarts);
  return done;
}

async function elsewhere(job: Job): Promise<Done> {
  return await new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--job', JSON.stringify(job)]);
    let done: Done | null = null;
    child.on('message', (message) => {
      done = message as Done;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (done === null) reject(new Error(`seed ${job.seed} ended with ${code ?? signal}`));
      else resolve(done);
    });
  });
}

function add(sum: Tally, part: Tally): void {
  for (const name of Object.keys(sum) as (keyof Tally)[]) {
    if (name === 'findings') sum.findings.push(...part.findings);
    else sum[name] += part[name];
  }
}

async function main(imagesWanted: number, firstSeed: number): Promise<void> {
  const variants = Object.keys(VARIANTS) as Variant[];
  const sums = new Map(
    variants.map((variant) => [variant, { images: newTally(), restarts: newTally() }]),
  );
  const jobs = variants.flatMap((variant): Job[] => {
    const images = variant === 'full' ? imagesWanted : imagesWanted * CONTROL_SHARE;
    return Array.from({ length: Math.ceil(images / IMAGES_A_JOB) }, (_, index) => ({
      variant,
      seed: firstSeed + index,
    }));
  });
  const waiting = jobs.values();
  let ended = 0;
  const worker = async (): Promise<void> => {
    for (const job of waiting) {
      const { images, restarts } = await elsewhere(job);
      const sum = sums.get(job.variant);
      if (sum !== undefined) {
        add(sum.images, images);
        add(sum.restarts, restarts);
      }
      ended += 1;
      process.stderr.write(`${ended} of ${jobs.length} recordings cut\n`);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const seconds = (performance.now() - startedAt) / 1_000;

  printMachine();
  printTable(
    `What power cuts leave, ${Math.round(seconds)} s, seeds from ${firstSeed}`,
    variants.map((variant) => {
      const { images, restarts } = sums.get(variant) ?? {
        images: newTally(),
        restarts: newTally(),
      };
      return {
        variant,
        images: images.images,
        'images losing an accept': images.losingAccepts,
        'accepts lost': images.acceptsLost,
        'outcomes lost': images.outcomesLost,
        'effects without order': images.unordered,
        'not opened': images.notOpened,
        'images broken': images.broken,
        restarts: restarts.images,
        'effects made twice': restarts.appliedTwice,
        'restarts broken': restarts.broken,
      };
    }),
  );
  const faults = faultsOf(sums);
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}

function faultsOf(sums: ReadonlyMap<Variant, Done>): readonly string[] {
  return [...sums].flatMap(([variant, { images, restarts }]) => {
    if (variant !== 'full') return images.broken > 0 ? [] : [`\nNot caught: ${variant}`];
    return [...images.findings, ...restarts.findings].map(
      ({ cut, breaches }) => `\nBroken: ${cut}\n  ${breaches.slice(0, 5).join('\n  ')}`,
    );
  });
}

// Ends this process in good order, which removes what it has in memory; its children hear of it too.
process.once('SIGINT', () => process.exit(130));
const [first, second] = process.argv.slice(2);
if (first === '--job') {
  process.send?.(await work(JSON.parse(second ?? '{}') as Job));
  process.disconnect();
} else {
  await main(Number(first ?? 2_000), Number(second ?? 1));
}
