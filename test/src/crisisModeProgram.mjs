/**
 * A real process in which somebody switches crisis mode on, for one subject and for everybody. Prints a line
 * once that is on disk, and waits to be killed.
 *
 * @module
 */

const [dist, store, key] = process.argv.slice(2);
const { createRuntime, keyFile } = await import(`${dist}/src/index.js`);

const runtime = createRuntime({ store, key: keyFile(key) });
const by = { id: 'staff-canary', role: 'clinician' };
const entered = await Promise.all([
  runtime.crisisMode.enter({ subject: 'subject-canary', by, reason: 'reason-canary' }),
  runtime.crisisMode.enter({ by }),
]);
process.stdout.write(`${entered.map(({ isDurable }) => isDurable).join()}\n`);
