/**
 * Checks the app as a whole, with a real process: it works offline, is closed, killed and opened again, and
 * comes online; then the service says what it was sent. Ends with 0 or 1 by itself.
 *
 * Control, which must make it fail: `--plant double-apply` (the service forgets keys).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startService } from './service.js';
import { Window } from './window.js';

/** Nothing of it outlives this, whatever happens. */
setTimeout(() => process.exit(1), 180_000).unref();
process.once('SIGTERM', () => process.exit(1));

/** What the person writes: the entry, and its text. */
const WRITTEN = [
  ['monday', 'slept badly'],
  ['tuesday', 'better'],
  ['monday', 'slept badly, a walk helped'],
  ['wednesday', 'rain'],
  ['monday', 'a walk helped'],
  ['tuesday', 'better, called Sam'],
];
const LATER = [
  ['monday', 'a walk with Sam helped'],
  ['thursday', 'sun'],
];

const failed = [];
function check(what, isSo) {
  console.log(isSo ? 'ok  ' : 'NOT ', what);
  if (!isSo) failed.push(what);
}

const forgetsKeys = process.argv[3] === 'double-apply';
const folder = await mkdtemp(join(tmpdir(), 'holdfast-desktop-'));
const port = await freePort();
const environment = {
  JOURNAL_FOLDER: join(folder, 'journal'),
  JOURNAL_SERVICE: `http://127.0.0.1:${port}`,
  JOURNAL_PASSPHRASE: 'correct horse battery staple',
};
let service;

async function open(more = {}) {
  const window = new Window({ ...environment, ...more });
  const { failed: code } = await window.sees((shown) => 'opened' in shown || 'failed' in shown);
  return { window, code };
}

async function write(window, written) {
  for (const [entry, text] of written) await window.give(`write ${entry} ${text}`, 'kept');
}

async function offline() {
  const { window } = await open();
  await window.give('plan Sam +49 30 1234567', 'plan');
  await write(window, WRITTEN);
  const { waiting } = await window.give('waiting', 'waiting');
  check(`offline, all ${waiting.length} changes are kept`, waiting.length === WRITTEN.length);
  const reasons = new Set(waiting.map(({ why }) => why));
  check(
    `and it is shown why they wait: ${[...reasons].join('; ')}`,
    reasons.has('after the earlier change of this entry') &&
      [...reasons].some((why) => why.startsWith('the service')),
  );
  await window.sees(({ news }) => news === 'offline');
  check('it notices by itself that it is offline', true);
  await helps(window, 'offline');
  check('it closes in good order', (await window.quit()) === 0);
}

async function helps(window, when) {
  const { help, plan, elapsedMs } = await window.give('crisis I need help', 'help');
  const leads = plan === 'included' && help[0].name === 'Sam' && help.length > 1;
  check(`a call for help ${when} is answered with the person's own plan first`, leads);
  console.log(`     in ${elapsedMs.toFixed(1)} ms, from memory`);
}

async function openedAgain() {
  const wrong = await open({ JOURNAL_PASSPHRASE: 'some other passphrase' });
  check('another passphrase opens nothing', wrong.code === 'HF_KEY_WRONG');
  await wrong.window.quit();

  const { window } = await open();
  const { waiting } = await window.give('waiting', 'waiting');
  check(
    'opened again and offline still, it has all that waits',
    waiting.length === WRITTEN.length + 1,
  );
  await helps(window, 'right after the start');
  await write(window, LATER);
  await window.kill();
  console.log('     killed');
}

async function online() {
  const { window } = await open();
  service = await startService({ port, forgetsKeys });
  const until = Date.now() + 90_000;
  let left;
  do {
    await sleep(200);
    ({ waiting: left } = await window.give('waiting', 'waiting'));
  } while (left.length > 0 && Date.now() < until);
  check('online again, nothing waits any more', left.length === 0);
  check('it closes in good order', (await window.quit()) === 0);
}

function compare() {
  const calls = service.applied.filter(({ said }) => said !== undefined);
  check(`by the service 2 calls for help came: ${calls.length}`, calls.length === 2);
  const all = [...WRITTEN, ...LATER];
  const changes = service.applied.filter(({ text }) => text !== undefined);
  check(`and ${all.length} changes, each once: ${changes.length}`, changes.length === all.length);
  for (const entry of new Set(all.map(([name]) => name))) {
    const sent = changes.filter(({ path }) => path === `/entries/${entry}`).map(({ text }) => text);
    const wanted = all.filter(([name]) => name === entry).map(([, text]) => text);
    check(`those of ${entry} in order`, JSON.stringify(sent) === JSON.stringify(wanted));
  }
}

try {
  await offline();
  await openedAgain();
  await online();
  compare();
} catch (error) {
  failed.push(String(error));
} finally {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log(
  failed.length === 0
    ? 'Nothing was lost, doubled or out of order.'
    : `FAILED:\n  ${failed.join('\n  ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
