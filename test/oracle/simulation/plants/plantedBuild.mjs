/**
 * Builds the program that looks for a planted bug. The plant is put into the text of its file while the file is
 * read, so no source and nothing that ships has it.
 */

import { relative, resolve } from 'node:path';
import { build } from 'rolldown';

const FOLDER = 'node_modules/.cache/holdfast-plants';
const PLANTS = 'test/oracle/simulation/plants';
/** What is installed is not changed, and not bundled. */
const INSTALLED = /^(?![./]|[A-Za-z]:).*/;

/** The file made of `input`. */
async function bundle(input, name, plugins = []) {
  const dir = `${FOLDER}/${name}`;
  await build({
    input: `${PLANTS}/${input}`,
    platform: 'node',
    external: [INSTALLED],
    // Of modules that are loaded both ways: an error is thrown in any case.
    logLevel: 'silent',
    plugins,
    transform: { target: 'node20.19' },
    output: { dir, format: 'esm', entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' },
  });
  return resolve(dir, 'main.mjs');
}

/** Every plant, and how one is put into a source. */
export async function plants() {
  const [list, { withPlant }] = await Promise.all(
    ['everyPlant', 'plant'].map(async (name) => import(await bundle(`${name}.ts`, name))),
  );
  return { every: list.EVERY_PLANT, withPlant };
}

/** The program that looks for this plant; without one, the same program with nothing wrong. */
export async function plantedBuild(plant, withPlant) {
  if (plant === null) return await bundle('plantedRun.ts', 'clean');
  let isIn = false;
  const plugin = {
    name: 'plant',
    transform(code, id) {
      if (relative('.', id) !== plant.file) return null;
      isIn = true;
      return withPlant(plant, code);
    },
  };
  const file = await bundle('plantedRun.ts', plant.name, [plugin]);
  if (!isIn) {
    throw new Error(`The plant ${plant.name} is never run: no simulation loads ${plant.file}.`);
  }
  return file;
}
