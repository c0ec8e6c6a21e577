// Takes the pictures of the README from `holdfast demo --inspect`, as it happens: npm run docs:pictures. They show
// the same moments of its story each time: its upstream is down, and the runtime after its kills. Needs what test:browser needs.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const FOLDER = 'docs/images';
const WIDE = { width: 1_280, height: 760 };
const WITHIN_MS = 90_000;

const executablePath = process.env.HOLDFAST_CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) throw new Error(`There is no Chromium at ${executablePath}.`);

const demo = spawn(process.execPath, ['dist/cli.js', 'demo', '--inspect', '--operations', '6000'], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
const link = new Promise((resolve, reject) => {
  const look = (line) => {
    const found = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(line);
    if (found !== null) resolve(found[0]);
  };
  createInterface({ input: demo.stdout }).on('line', look);
  createInterface({ input: demo.stderr }).on('line', look);
  demo.once('exit', (code) => {
    reject(new Error(`the demo ended before it had a link (${code})`));
  });
});

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  mkdirSync(FOLDER, { recursive: true });
  const page = await browser.newPage({
    viewport: WIDE,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(await link);

  /** A picture of the view as it is once `isSo` holds in the page. */
  async function take(name, { hash, isSo, colorScheme, viewport }) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    for (const endsAt = performance.now() + WITHIN_MS; !(await page.evaluate(isSo)); ) {
      if (performance.now() > endsAt) throw new Error(`not so within ${WITHIN_MS} ms: ${isSo}`);
      await page.waitForTimeout(30);
    }
    await page.screenshot({ path: `${FOLDER}/inspector-${name}.png` });
  }
  const isDown = `[...document.querySelectorAll('article h3 + .mark')].some((mark) => mark.textContent.includes('Down'))`;
  const isMarked = `document.querySelector('main svg [data-state].active') !== null && document.querySelector('main svg .taken') !== null`;
  await take('light', { hash: '#/', isSo: isDown, colorScheme: 'light', viewport: WIDE });
  if (process.env.NODARK === undefined)
    await take('dark', {
      ...{ hash: '#/actors/breaker%3Ademo', isSo: isMarked, colorScheme: 'dark', viewport: WIDE },
    });
} finally {
  await browser.close();
  demo.kill('SIGINT');
}
