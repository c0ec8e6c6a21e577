/** Planted bugs: each still has its place in the sources, and the simulator finds one from end to end. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EVERY_PLANT } from './plants/everyPlant.ts';
import { type Plant, withPlant } from './plants/plant.ts';

describe('planted bugs', () => {
  test.each(EVERY_PLANT)('SM-4 $name has its place in the sources', (plant) => {
    const planted = withPlant(plant, readFileSync(plant.file, 'utf8'));
    expect(planted).not.toBe(readFileSync(plant.file, 'utf8'));
  });

  test('SM-4 control: a plant whose place is gone says so', () => {
    const stale: Plant = { ...first(), find: 'no such text' };
    expect(() => withPlant(stale, 'some source')).toThrow(/is stale: its `find` stands 0 times/);
  });

  test('SM-4 no two have one name, and each says what it breaks', () => {
    expect(new Set(EVERY_PLANT.map(({ name }) => name)).size).toBe(EVERY_PLANT.length);
    for (const { says } of EVERY_PLANT) expect(says).toMatch(/^[A-Z].*\.$/);
  });

  test('SM-4 the simulator finds a planted bug', () => {
    const said = execFileSync(
      process.execPath,
      ['test/oracle/simulation/plants/runPlants.mjs', '--plant', first().name],
      { encoding: 'utf8' },
    );
    expect(said).toMatch(/^1 of 1 planted bugs found/m);
  });
});

function first(): Plant {
  const [plant] = EVERY_PLANT;
  if (plant === undefined) throw new Error('No bug is planted.');
  return plant;
}
