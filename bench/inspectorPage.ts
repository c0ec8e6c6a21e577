/**
 * How smooth the inspector's page is with 5,000 live actors and 2,000 steps a second, in a real Chromium, through
 * the real server; an idle page beside it in the same run, which says what the machine alone makes of frames.
 *
 * The feed is made up (test/support/inspector): a real runtime of that size would need the processors that the
 * page is measured on. Usage: inspectorPage.js [seconds a scene] [actors] [steps a second]
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from 'playwright-core';
import { systemClock } from '../actors/platform/systemClock.ts';
import { startInspectorServer } from '../inspector/server/inspectorServer.ts';
import { launchChromium } from '../test/support/browser/chromium.ts';
import { syntheticFeed } from '../test/support/inspector/syntheticFeed.ts';
import { percentile, printMachine, printTable } from './support.ts';

const SECONDS = Number(process.argv[2] ?? 20);
const ACTORS = Number(process.argv[3] ?? 5_000);
const STEPS_PER_SECOND = Number(process.argv[4] ?? 2_000);
const ASSETS = 'dist/inspector';
/** A frame that comes later than this was late for a screen of 60 frames a second. */
const FRAME_AIM_MS = 20;
/** What a page has settled down after. */
const SETTLE_MS = 3_000;

/** Runs in the page: times between frames, and tasks of 50 ms and more. */
const WATCH_FRAMES = `(() => {
  let frames = [], tasks = [], last = null;
  const frame = (now) => {
    if (last !== null) frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  }).observe({ type: 'longtask' });
  globalThis.takeFrames = () => {
    const taken = { frames, tasks };
    [frames, tasks] = [[], []];
    return taken;
  };
})()`;

interface Watched {
  readonly frames: readonly number[];
  readonly tasks: readonly number[];
}

interface Scene {
  readonly name: string;
  readonly hash: string;
  /** What the person does first. */
  readonly begin?: (page: Page) => Promise<void>;
  /** What the person does meanwhile, again and again. */
  readonly act?: (page: Page) => Promise<void>;
  readonly seconds?: number;
}

const SCENES: readonly Scene[] = [
  { name: 'overview', hash: '#/' },
  { name: 'actors', hash: '#/actors' },
  {
    name: 'actors, scrolling',
    hash: '#/actors',
    async act(page) {
      await page.mouse.move(500, 500);
      await page.mouse.wheel(0, 900);
      await page.waitForTimeout(60);
    },
  },
  {
    name: 'actors, looking back step by step',
    hash: '#/actors',
    async begin(page) {
      await page.keyboard.press('t');
    },
    async act(page) {
      await page.keyboard.press('ArrowLeft');
      await page.waitForTimeout(60);
    },
  },
  {
    name: 'an operation and its chart',
    hash: '#/actors?machine=syncOperation',
    async begin(page) {
      await page.keyboard.press('Escape');
      await page.locator('[data-actor]').nth(3).click();
    },
  },
  { name: 'one breaker and its chart', hash: '#/actors/breaker%3Apayments' },
  { name: 'overview again', hash: '#/' },
];

interface Measured {
  readonly scene: string;
  readonly frames: readonly number[];
  readonly tasks: readonly number[];
  readonly heapMb: number;
  readonly nodes: number;
}

async function metricsOf(client: CDPSession): Promise<{ heapMb: number; nodes: number }> {
  await client.send('HeapProfiler.collectGarbage');
  const { metrics } = await client.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return { heapMb: of('JSHeapUsedSize') / 2 ** 20, nodes: of('Nodes') };
}

async function measure(page: Page, client: CDPSession, scene: Scene): Promise<Measured> {
  await page.evaluate(`location.hash = ${JSON.stringify(scene.hash)}`);
  await page.waitForTimeout(SETTLE_MS);
  await scene.begin?.(page);
  await page.evaluate('takeFrames()');
  const endsAt = performance.now() + (scene.seconds ?? SECONDS) * 1_000;
  while (performance.now() < endsAt) {
    if (scene.act === undefined) await page.waitForTimeout(500);
    else await scene.act(page);
  }
  const watched = await page.evaluate<Watched>('takeFrames()');
  return { scene: scene.name, ...watched, ...(await metricsOf(client)) };
}

/** One page over one feed, from its load on. */
async function pageOver(
  name: string,
  size: { readonly actors: number; readonly stepsPerSecond: number },
  scenes: readonly Scene[],
): Promise<{ readonly measured: readonly Measured[]; readonly loadedBytes: number }> {
  const source = syntheticFeed(size);
  const server = await startInspectorServer({
    ...{ source, assets: ASSETS, port: 0, canOperate: false, calls: [], clock: systemClock },
    onError: (error) => console.error(error),
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    await page.addInitScript(WATCH_FRAMES);
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable');
    await client.send('Network.enable');
    let loadedBytes = 0;
    client.on('Network.loadingFinished', ({ encodedDataLength }) => {
      loadedBytes += encodedDataLength;
    });
    await page.goto(server.link);
    await page.waitForTimeout(SETTLE_MS);
    // What came by then without the feed, which has not ended.
    const initialBytes = loadedBytes;
    const measured: Measured[] = [];
    for (const scene of scenes) {
      const done = await measure(page, client, scene);
      measured.push({ ...done, scene: `${name}: ${done.scene}` });
    }
    return { measured, loadedBytes: initialBytes };
  } finally {
    await browser.close();
    await server.close();
    source.close();
  }
}

function rowOf({ scene, frames, tasks, heapMb, nodes }: Measured) {
  const ms = (value: number): string => value.toFixed(1);
  const late = frames.filter((frame) => frame > FRAME_AIM_MS).length / Math.max(1, frames.length);
  return {
    scene,
    frames: frames.length,
    'p50, ms': ms(percentile(frames, 0.5)),
    'p95, ms': ms(percentile(frames, 0.95)),
    'p99, ms': ms(percentile(frames, 0.99)),
    'max, ms': ms(Math.max(...frames)),
    'late, %': (late * 100).toFixed(1),
    'long tasks': tasks.length,
    'longest, ms': tasks.length === 0 ? '–' : ms(Math.max(...tasks)),
    'heap, MB': heapMb.toFixed(1),
    nodes,
  };
}

/** What each file of the page is, compressed: the charts come one at a time, when they are looked at. */
function sizes(): readonly Readonly<Record<string, string | number>>[] {
  const files = readdirSync(ASSETS, { recursive: true, encoding: 'utf8' });
  const all = files
    .filter((file) => /\.(html|js|css|svg|json)$/.test(file))
    .map((file) => {
      const bytes = readFileSync(join(ASSETS, file));
      return { file, bytes: bytes.length, 'gzip, bytes': gzipSync(bytes, { level: 9 }).length };
    });
  const charts = all.filter(({ file }) => file.startsWith('charts'));
  const sum = charts.reduce((total, row) => total + row['gzip, bytes'], 0);
  const raw = charts.reduce((total, row) => total + row.bytes, 0);
  return [
    ...all.filter((row) => !charts.includes(row)),
    { file: `charts/ (${charts.length} files)`, bytes: raw, 'gzip, bytes': sum },
  ];
}

printMachine();
const idle = await pageOver('idle', { actors: 10, stepsPerSecond: 0 }, SCENES.slice(0, 1));
const size = { actors: ACTORS, stepsPerSecond: STEPS_PER_SECOND };
const busy = await pageOver('busy', size, SCENES);
printTable(
  `The page with ${ACTORS} actors and ${STEPS_PER_SECOND} steps a second, ${SECONDS} s a scene, beside an idle one`,
  [...idle.measured, ...busy.measured].map(rowOf),
);
printTable('Files of the page', sizes());
console.log(`\nLoaded at first, as served: ${(busy.loadedBytes / 1_000).toFixed(1)} kB`);
