/** Accepts large operations into a new store until one is refused, and says how; then it waits to be killed. */

import { createHash } from 'node:crypto';

const [built, folder] = process.argv.slice(2);
const persistence = `${built}/persistence`;
const { storeLocation } = await import(`${persistence}/openStore.js`);
const { rawKey } = await import(`${persistence}/sealing/keySource.js`);
const { InThreadChannel } = await import(`${persistence}/sqlite/client/storeClient.js`);
const { createStoreClient } = await import(`${persistence}/sqlite/client/storeClient.js`);

/** As in test/persistence/contract/writes.ts. */
function idOf(number) {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const location = storeLocation(folder, rawKey(new Uint8Array(32).fill(7)), true);
const store = createStoreClient((notify) => new InThreadChannel(location, notify));
await store.open();
for (let seq = 1; ; seq++) {
  try {
    const of = { subject: null, lane: null, idempotencyKey: null, expiresAtMs: null };
    const payload = 'x'.repeat(100_000);
    await store.commit([
      {
        kind: 'accept',
        seq,
        id: idOf(seq),
        urgency: 4,
        standing: 'inHand',
        dueAtMs: null,
        route: 'payments',
        ...of,
        state: 'state',
        payload,
      },
    ]);
  } catch ({ code, mayBeStored }) {
    process.stdout.write(`${JSON.stringify({ seq, code, mayBeStored })}\n`);
    break;
  }
}
// Held open, as a process that lives.
setInterval(() => {}, 1_000);
