/**
 * Cuts recordings at many moments, judges what each cut could leave, and counts the broken promises.
 *
 * @module
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Known } from '../../../src/simulator/oracle/known.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import { type SeededRandom, seededRandom } from '../../../src/virtual/seededRandom.ts';
import { POWER_CUT } from '../drivers.ts';
import { toldAltogether } from '../toldBy.ts';
import { CrashDisk, FATES } from './crashDisk.ts';
import { judgeImage, layOut } from './crashImage.ts';
import { type Acknowledgement, noteKeys } from './crashWork.ts';
import { type EarlierLife, fastFolder, type Recording, STORE } from './record.ts';
import { type Cut, effectsOf, resume } from './resume.ts';

/** A cut that broke a promise, with all that is needed to repeat it. */
export interface Finding {
  readonly cut: string;
  readonly breaches: readonly string[];
}

/** Counts over a number of images. */
export interface Tally {
  images: number;
  /** Images that break any promise. */
  broken: number;
  losingAccepts: number;
  acceptsLost: number;
  outcomesLost: number;
  /** Attempts without an order on disk. */
  unordered: number;
  appliedTwice: number;
  notOpened: number;
  findings: Finding[];
}

const FINDINGS_MAX = 5;
export const IMAGES_A_CUT: number = FATES.length;
/** Share of the cuts that fall into the opening of the store, which makes its files. */
const OPENING_SHARE = 0.15;
/** Share of the cuts right after an answer, which must be true already. */
const PROMISE_SHARE = 0.35;
/** Share of the cuts right after a failed sync, where syncs failed. */
const FAILURE_SHARE = 0.8;
const FAILURE_MOMENTS = 60;

export function newTally(): Tally {
  return {
    images: 0,
    broken: 0,
    losingAccepts: 0,
    acceptsLost: 0,
    outcomesLost: 0,
    unordered: 0,
    appliedTwice: 0,
    notOpened: 0,
    findings: [],
  };
}

/** Cuts a recording at random moments, in order, each with every fate of its unsynced writes. */
export function* cutsOf(recording: Recording, cuts: number, random: SeededRandom): Generator<Cut> {
  const { root, rootInode, found, timeline, options } = recording;
  const disk = new CrashDisk(root, rootInode, found);
  const said = [...(options.earlier?.said ?? [])];
  const moments = momentsOf(recording, cuts, random);
  let next = 0;
  for (let at = 0; at <= timeline.length; at += 1) {
    for (; moments[next] === at; next += 1) {
      for (const fate of FATES) yield { at, fate, image: disk.image(fate, random), said };
    }
    const moment = timeline[at];
    if (moment?.kind === 'said') said.push(moment.event);
    else if (moment !== undefined) disk.apply(moment);
  }
}

function momentsOf({ timeline }: Recording, cuts: number, random: SeededRandom): readonly number[] {
  const promises = [...timeline.keys()].filter((at) => timeline[at]?.kind === 'said');
  const [ready = 0] = promises;
  const failures = [...timeline.keys()].filter((at) => timeline[at]?.kind === 'syncFailed');
  const failureShare = failures.length > 0 ? FAILURE_SHARE : 0;
  const draw = (): number => {
    const share = random.next();
    if (share < failureShare && failures.length > 0) {
      return (failures[random.below(failures.length)] ?? 0) + 1 + random.below(FAILURE_MOMENTS);
    }
    if (share < OPENING_SHARE) return random.below(ready + 1);
    if (share < OPENING_SHARE + PROMISE_SHARE)
      return (promises[random.below(promises.length)] ?? 0) + 1;
    return ready + random.below(timeline.length + 1 - ready);
  };
  return Array.from({ length: cuts }, () => Math.min(draw(), timeline.length)).toSorted(
    (one, other) => one - other,
  );
}

/** Cuts a recording, opens what each cut could leave, and counts the broken promises. */
export async function judgeCuts(
  recording: Recording,
  cuts: number,
  seed: number,
  tally: Tally,
): Promise<void> {
  noteKeys(recording.options.work);
  const home = fastFolder();
  const root = join(home, 'root');
  try {
    for (const { at, fate, image, said } of cutsOf(recording, cuts, seededRandom(seed))) {
      layOut(image, root);
      count(
        tally,
        `${nameOf(recording)}, cut ${at} ${fate}`,
        await judgeImage(join(root, STORE), said),
      );
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Starts the whole runtime on the images of some cuts, and lets it finish the work. */
export async function resumeCuts(
  recording: Recording,
  cuts: number,
  seed: number,
  tally: Tally,
): Promise<void> {
  const home = fastFolder();
  const random = seededRandom(seed);
  try {
    for (const cut of cutsOf(recording, cuts, random)) {
      // Each cut is resumed with one fate: a whole restart takes long.
      if (cut.fate !== FATES[cut.at % FATES.length]) continue;
      const { work } = recording.options;
      const effects = effectsOf(cut.said, work, random);
      const breaches = await resume(cut, work, join(home, 'root'), effects);
      count(tally, `${nameOf(recording)}, resumed from cut ${cut.at} ${cut.fate}`, breaches);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Makes what a process finds that starts after one cut in the midst of the work. */
export function earlierLife(recording: Recording, seed: number): EarlierLife {
  const { work } = recording.options;
  const random = seededRandom(seed);
  for (const { at, fate, image, said } of cutsOf(recording, 20, random)) {
    if (at < recording.timeline.length / 2 || fate !== 'torn') continue;
    const { accepted, unreported } = knownFrom(said);
    return {
      image,
      said: [...said],
      accepted: [...accepted.keys()],
      unreported,
      effects: effectsOf(said, work, random),
    };
  }
  throw new Error('no cut fell into the later half');
}

function knownFrom(said: readonly Acknowledgement[]): Known {
  const oracle = new Oracle(POWER_CUT);
  for (const event of toldAltogether(said)) oracle.tell(event);
  return oracle.known;
}

export function nameOf({ options }: Recording): string {
  const { variant, work, checkpointPages } = options;
  return `${variant}, seed ${work.seed}, life ${work.life}, checkpoint ${checkpointPages ?? 'as shipped'}`;
}

export function count(tally: Tally, cut: string, breaches: readonly string[]): void {
  const of = (kind: string): number => breaches.filter((breach) => breach.startsWith(kind)).length;
  tally.images += 1;
  if (breaches.length === 0) return;
  tally.broken += 1;
  const lost = of('lost: ');
  if (lost > 0) tally.losingAccepts += 1;
  tally.acceptsLost += lost;
  tally.outcomesLost += of('outcome not kept: ');
  tally.unordered += of('effect before state: ');
  tally.appliedTwice += of('applied twice: ');
  tally.notOpened += Math.min(1, of('not opened: ') + of('damaged: '));
  if (tally.findings.length < FINDINGS_MAX) tally.findings.push({ cut, breaches });
}
