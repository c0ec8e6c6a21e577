import { Command } from 'commander';
import { releaseStore } from '../../management/store/release.ts';
import { createOutput } from '../kit/output.ts';
import { type StoreOptions, withStore } from '../kit/service.ts';

interface ReleaseOptions extends StoreOptions {
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
      const { wasHeld, what } = await withStore(options, async (caller, { isAtRest }) => ({
        ...(await caller.call(releaseStore, {})),
        what: isAtRest ? 'runs when a process opens it' : 'runs now',
      }));
      createOutput(options).result(
        { wasHeld },
        wasHeld ? `Released: what waits in the store ${what}.` : 'The store was not held.',
      );
    });
}
