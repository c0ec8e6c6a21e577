/**
 * `holdfast operations`: the operations of a store, at rest or in use.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../kit/command.ts';
import { listCommand } from './list.ts';
import { showCommand } from './show.ts';
import { cancelCommand, retryCommand } from './tell.ts';

export function operationsCommand(): Command {
  return commandGroup(
    'operations',
    [listCommand(), showCommand(), cancelCommand(), retryCommand()],
    { isDefault: 'list' },
  );
}
