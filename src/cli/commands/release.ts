import { Command } from 'commander';
import { openAtRest } from '../../../persistence/openStore.ts';
import { holdWrite } from '../../../persistence/port/hold.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { askOwner } from '../../control/controlClient.ts';
import { createOutput } from '../kit/output.ts';

interface ReleaseOptions {
  readonly store: string;
  readonly keyFile: string;
  readonly json: boolean;
}

/** `holdfast release`: lets a held store go, at rest or in use. */
export function releaseCommand(): Command {
  return new Command('release')
    .description('let a restored or copied store go: what waits in it runs from then on')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
What waits in such a store may have been done since by the one it was copied from. An upstream that
honours idempotency keys takes a repeat for what it is, as long as it remembers them. See what waits
first; what must not be done again is cancelled by a program: runtime.getOperation(id).cancel()
  $ holdfast operations --store ./restored --key-file ./holdfast.key

Example:
  $ holdfast release --store ./restored --key-file ./holdfast.key`,
    )
    .action(async (options: ReleaseOptions) => {
      const owner = await askOwner(options.store, { method: 'release', params: {} });
      const wasHeld = owner === null ? await releaseAtRest(options) : owner.wasHeld;
      const what = owner === null ? 'runs when a process opens it' : 'runs now';
      createOutput(options).result(
        { wasHeld },
        wasHeld ? `Released: what waits in the store ${what}.` : 'The store was not held.',
      );
    });
}

async function releaseAtRest(options: ReleaseOptions): Promise<boolean> {
  const { store, info } = await openAtRest({
    folder: options.store,
    key: keyFile(options.keyFile),
  });
  try {
    if (info.hold === null) return false;
    await store.commit([holdWrite(null)]);
    return true;
  } finally {
    await store.close();
  }
}
