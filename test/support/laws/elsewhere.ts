/**
 * L16: the same changes have the same name in every locale and time zone. A program of its own, which a test
 * starts under several of them: it writes a digest of what many merges come to.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import { casesOf } from '../merge/arbitraries.ts';
import { UNLAWFUL_ELSEWHERE } from './planted.ts';
import { SUBJECTS } from './subjects.ts';

const [which = 'lawful', runs = '50', seed = '1'] = process.argv.slice(2);
const subjects =
  which === 'lawful' ? SUBJECTS : UNLAWFUL_ELSEWHERE.filter((one) => one.name === which);
const digest = createHash('sha256');
for (const { rules, record } of subjects) {
  for (const { base, sides, nowMs } of fc.sample(casesOf(record), {
    numRuns: Number(runs),
    seed: Number(seed),
  })) {
    digest.update(JSON.stringify(mergeEntity(rules, base, sides, nowMs)));
  }
}
process.stdout.write(digest.digest('hex'));
