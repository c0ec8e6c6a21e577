import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { drawChart } from '../../../tools/draw/drawChart.ts';
import { textWidth } from '../../../tools/draw/geometry.ts';
import { entryOf, lineWidth } from '../../../tools/draw/transitionText.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { sampleChart } from './sampleChart.ts';

test('OB-3: a picture names every state and transition, for readers, programs and screen readers', async () => {
  const chart = sampleChart();
  const svg = await drawChart(chart);
  const named = [...svg.matchAll(/ data-state="([^"]*)"/g)].map(([, path = '']) => path);
  expect(named.toSorted()).toEqual(chart.states.map(({ path }) => path).toSorted());
  const indexes = [...svg.matchAll(/ data-transition="(\d+)"/g)].map(([, index]) => Number(index));
  expect(indexes.toSorted((a, b) => a - b)).toEqual([...chart.transitions.keys()]);
  for (const part of [
    'role="graphics-document document"',
    'aria-labelledby="hc-sample-title hc-sample-desc"',
    '<title id="hc-sample-title">sample, version 7</title>',
    '<desc id="hc-sample-desc">A chart with &lt;one&gt; of &quot;everything&quot; &amp; more, for',
    '<title>closed: Shut.</title>',
    'aria-label="closed"',
    '@media (prefers-color-scheme:dark)',
    '>push</text>',
    '>[and(not(isLocked),</text>',
    '>→ itself</text>',
    '>at once</text>',
    '>after 500</text>',
    '>H*</text>',
    '>any state</text>',
    'hc-region',
    'hc-inner',
  ]) {
    expect(svg).toContain(part);
  }
  // No script, nothing from elsewhere, and no attribute that a page with a strict policy would refuse.
  expect(svg).not.toMatch(/<script|href=|url\(|@import| style="/);
  expect(svg.match(/https?:/g)).toEqual(['http:']);
});

test('OB-3: two processes draw the same chart to the byte', () => {
  const draw = pathToFileURL(join(builtProgram(), 'tools/draw/drawChart.js')).href;
  const script = `
    import { drawChart } from ${JSON.stringify(draw)};
    process.stdout.write(await drawChart(JSON.parse(process.argv[1])));
  `;
  const [one, other] = ['UTC', 'Asia/Tokyo'].map((zone) =>
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', script, JSON.stringify(sampleChart())],
      { env: { ...process.env, TZ: zone, LANG: 'tr_TR.UTF-8' }, encoding: 'utf8' },
    ),
  );
  expect(one).toMatch(/^<svg /);
  expect(other).toBe(one);
});

test('OB-3: long guards and actions are broken after commas, within the width', () => {
  const transition = sampleChart().transitions.find(({ guard }) => guard?.startsWith('and('));
  if (transition === undefined) throw new Error('no such transition');
  const whole = { order: 1, aim: 'elsewhere', maxWidth: 2_000 };
  expect(entryOf(transition, 4, whole).lines).toHaveLength(1);
  const { lines } = entryOf(transition, 4, { ...whole, maxWidth: 240 });
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(260);
  const said = lines.flatMap(({ runs }) => runs.map(({ text }) => text)).join(' ');
  expect(said).toBe(`1. push [${transition.guard}] / ${transition.actions.join(', ')}`);
});

test('OB-3: a text is as wide as the table says, on any machine', () => {
  expect(textWidth('', 11, false)).toBe(0);
  expect(textWidth('ab', 10, false)).toBeCloseTo(12.48);
  expect(textWidth('ab', 10, true)).toBeGreaterThan(textWidth('ab', 10, false));
  expect(textWidth('→', 10, false)).toBe(10);
});
