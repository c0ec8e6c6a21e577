import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** What is in elkjs, however it is bundled or minified. */
const SIGNS = ['elkjs', 'org.eclipse.elk', 'elk.layered'];

test('OB-3 nothing in the package lays charts out, and the program that writes the docs does', () => {
  const shipped = readdirSync('dist', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.startsWith('tree'))
    .filter((file) => holdsLayout(join('dist', file)));
  expect(shipped).toEqual([]);
  // The control: what is looked for is in the files that are not shipped.
  expect(holdsLayout('dist/tree/tools/draw/drawChart.js')).toBe(true);
  expect(holdsLayout('node_modules/elkjs/lib/elk.bundled.js')).toBe(true);
});

function holdsLayout(path: string): boolean {
  const text = readFileSync(path, 'utf8');
  return SIGNS.some((sign) => text.includes(sign));
}
