/**
 * A crisis is answered at once, from the first moment of the process and while its upstream is down:
 * with help lines from memory. Its delivery goes on behind the answer until it succeeds.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyFile, createRuntime, keyFile, transientFailure } from 'holdfast';

const folder = await mkdtemp(join(tmpdir(), 'holdfast-example-'));
const key = join(folder, 'holdfast.key');
await createKeyFile(key);

const runtime = createRuntime({
  store: join(folder, 'store'),
  key: keyFile(key),
  upstreams: { careTeam: {} },
  handlers: {
    'crisis.alert': {
      upstream: 'careTeam',
      run: ({ number }) => {
        if (number < 4) throw transientFailure('The care team can not be reached.');
        return { informed: true };
      },
    },
  },
  crisis: {
    resources: [
      { kind: 'contact', name: 'Care team on duty', regions: ['DE'], phone: '+49 30 1234567' },
    ],
  },
});
// The breaker of the upstream is open and the store is not open yet: a crisis waits for neither.
runtime.upstream('careTeam').forceOpen('to show that a crisis passes it');

const answer = await runtime.crisis({
  subject: 'user-42',
  region: 'DE',
  payload: { said: 'I need help' },
});
console.log(`answered in ${answer.elapsedMs.toFixed(1)} ms from ${answer.source} resources:`);
for (const { name, phone, text, url, regions } of answer.resources) {
  if (regions.includes('DE') || regions.includes('*')) console.log(' ', name, phone ?? text ?? url);
}

await answer.durable;
console.log('on disk and synced');
const { status, attempts } = await answer.delivery;
console.log(`delivery ${status} after ${attempts} attempts`);

await runtime.close();
await rm(folder, { recursive: true });
if (answer.elapsedMs >= 200 || status !== 'completed') process.exitCode = 1;
