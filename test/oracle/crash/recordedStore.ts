/**
 * A program around a store alone, for recording: see storeWork.ts. It writes into a file beside the store what it
 * hears the moment it happens, and stops in good order.
 *
 * @module
 */

import { openSync, writeSync } from 'node:fs';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { openStore } from '../../../persistence/openStore.ts';
import type { Write } from '../../../persistence/port/store.ts';
import { type Acknowledgement, KEY, type RecordedSetup } from './crashWork.ts';
import { type Defect, roundsOf, WORKERS } from './storeWork.ts';

const setup = JSON.parse(process.argv[2] ?? '{}') as RecordedSetup;
systemClock.schedule(setup.lifeMs, () => process.exit(9));
const acknowledgements = openSync(setup.acknowledgements, 'a', 0o600);
const { seed } = setup.work;
const defect = (process.argv[3] ?? 'none') as Defect;

const store = openStore({ folder: setup.folder, key: KEY });
await store.open();
say({ event: 'ready' });
await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
say({ event: 'closing' });
await store.close();
say({ event: 'closed' });
process.exit(0);

async function work(worker: number): Promise<void> {
  for (const [round, writes] of roundsOf(worker, seed).entries()) {
    for (const batch of batchesOf(writes)) await store.commit(batch);
    say({ event: 'stored', worker, round });
  }
}

function batchesOf(writes: readonly Write[]): readonly (readonly Write[])[] {
  switch (defect) {
    case 'none':
      return [writes];
    case 'keptApart':
      return writes.map((write) => [write]);
    case 'payloadLate':
      // The state goes first alone, as if the payload were written by itself.
      return [
        writes.map(withoutPayload),
        writes.map(payloadAlone).filter((write) => write !== null),
      ];
  }
}

function withoutPayload(write: Write): Write {
  if (write.kind !== 'update') return write;
  return { ...write, revision: write.revision * 2 - 2, newPayload: undefined };
}

function payloadAlone(write: Write): Write | null {
  return write.kind === 'update' ? { ...write, revision: write.revision * 2 - 1 } : null;
}

function say(event: Acknowledgement): void {
  writeSync(acknowledgements, `${JSON.stringify(event)}\n`);
}
