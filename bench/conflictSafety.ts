/**
 * What is lost of edits, and what comes back unasked. First: any keys, at any depth, are left out of edits that meet
 * nobody, of all entities and one that nobody declared. Then: fleets of devices with clocks decades off, restores and
 * 500 days of silence. By seed; `node … <runs>`, default 400 of each entity and 2,000 fleets.
 *
 * @module
 */

import fc from 'fast-check';
import { dropping, RECORDS_OF, tryDropping } from '../test/support/conflict/dropping.ts';
import { clock, options, play, wild } from '../test/support/conflict/histories.ts';
import { printTable } from './support.ts';

const RUNS = Number(process.argv[2] ?? 400);
const FLEETS = RUNS * 5;
const seed = 1;

const lost = Object.keys(RECORDS_OF).map((type) => {
  const tried = fc.sample(dropping(type), { numRuns: RUNS, seed });
  const come = tried.map((edit) => tryDropping(type, edit));
  return {
    entity: type,
    edits: RUNS,
    'edits that lose': come.filter((one) => one.lost.length > 0).length,
    'values lost': come.reduce((sum, one) => sum + one.lost.length, 0),
    'edits asked about': come.filter(({ isAsked }) => isAsked).length,
  };
});
const edits = RUNS * lost.length;
const losing = lost.reduce((sum, one) => sum + one['edits that lose'], 0);
printTable('Keys left out of edits that meet nobody', lost);
console.log(`${losing} of ${edits} edits lose a value without a question or an audit.`);
console.log('Before edits that meet nobody went through the rules (1f0e0250): 3,350 of 4,400.');

const odd = fc.tuple(options, fc.array(clock, { minLength: 4, maxLength: 4 }), fc.boolean(), wild);
const rows = [true, false].map((carriesMeta) => {
  const fleets = fc
    .sample(odd, { numRuns: FLEETS, seed })
    .map(([its, clocks, isCopied, history]) =>
      play({ ...its, clocks, isCopied, carriesMeta }, history),
    );
  const sum = (of: (fleet: ReturnType<typeof play>) => number) =>
    fleets.reduce((all, fleet) => all + of(fleet), 0);
  const share = (count: number) => `${((100 * count) / sum((one) => one.edits)).toFixed(1)} %`;
  return {
    'metadata travels': carriesMeta ? 'yes' : 'no',
    fleets: FLEETS,
    edits: sum((one) => one.edits),
    lost: sum((one) => one.lost.length),
    'back unasked': sum((one) => one.broughtBack.length),
    'edits asked about': share(sum((one) => one.asked.size)),
    'not of an open question': share(sum((one) => one.askedAnew.size)),
  };
});
printTable('Clocks decades off, restores, silence of 500 days', rows);
