/**
 * `holdfast conflicts undo`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { Person } from '../../../../machines/vocabulary/person.ts';
import { undoConflict } from '../../../management/conflicts.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption } from '../../kit/command.ts';
import { conflictId, ID_OR_END } from '../../kit/idEnd.ts';
import { byOption, decider, roleOption } from '../../kit/person.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withStore } from '../../kit/withStore.ts';
import { nameOf } from './conflictText.ts';
import { whatFollows } from './resolve.ts';

type UndoOptions = StoreOptions & JsonOptions & { readonly by: Person; readonly role?: string };

export function undoCommand(): Command {
  return command<UndoOptions, [id: string]>({
    name: 'undo',
    description: 'take back what was decided: an edit puts back what was before',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [...storeOptions(), byOption({ needsRole: false }), roleOption(), jsonOption()],
    notes: `Nothing is erased: it is another change. A decision that was not carried out yet is open again instead.`,
    examples: [`holdfast conflicts undo 01998a2c-…-c1 --by staff-7:clinician ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const by = decider(options);
      const { outcome, isAtRest } = await withStore(options, async (caller, how) => ({
        outcome: await caller.call(undoConflict, { id, by }),
        ...how,
      }));
      const isOpen = outcome.state !== 'resolved';
      const follows = isOpen ? 'it waits for a decision again.' : whatFollows(outcome, isAtRest);
      output.result(
        { ...outcome, isRunning: !isAtRest },
        `What was decided of ${id} is undone by ${nameOf(by)}: ${follows}`,
      );
    },
  });
}
