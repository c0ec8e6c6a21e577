/**
 * `holdfast release`: lets a held store go, at rest or in use.
 *
 * @module
 */

import type { Command } from 'commander';
import { releaseStore } from '../../management/store.ts';
import { command, type JsonOptions, jsonOption } from '../kit/command.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { withStore } from '../kit/withStore.ts';

export function releaseCommand(): Command {
  return command<StoreOptions & JsonOptions>({
    name: 'release',
    options: [...storeOptions(), jsonOption()],
    notes: `What waits in such a store may have been done since by the one it was copied from. An upstream that
honours idempotency keys takes a repeat for what it is, as long as it remembers them. See what waits
first, and cancel what must not be done again (holdfast operations cancel):
  $ holdfast operations --store ./restored --key-file ./holdfast.key`,
    examples: ['holdfast release --store ./restored --key-file ./holdfast.key'],
    async run({ options, output }) {
      const { wasHeld, when } = await withStore(options, async (caller, { isAtRest }) => ({
        ...(await caller.call(releaseStore, {})),
        when: isAtRest ? 'runs when a process opens it' : 'runs now',
      }));
      output.result(
        { wasHeld },
        wasHeld ? `Released: what waits in the store ${when}.` : 'The store was not held.',
      );
    },
  });
}
