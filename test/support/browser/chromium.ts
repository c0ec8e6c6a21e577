/**
 * A real browser for tests and benches: the Chromium of the system, driven by playwright-core, which brings none.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where systems have it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Where the browser is: `HOLDFAST_CHROMIUM`, or where systems have it.
 *
 * @throws Error that says how to get one.
 */
export function chromiumPath(): string {
  const given = process.env['HOLDFAST_CHROMIUM'];
  const places = given === undefined ? PLACES : [given];
  const path = places.find((place) => existsSync(place));
  if (path !== undefined) return path;
  throw new Error(
    `No Chromium at ${places.join(', ')}. On Debian or Ubuntu: apt-get install --no-install-recommends chromium; elsewhere set HOLDFAST_CHROMIUM to the path of a Chromium or Chrome.`,
  );
}

/** Starts it without a window. Its sandbox needs what a container seldom grants, and all that it loads is ours. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
}
