/**
 * `holdfast conflicts`: records that two sides have changed, at rest or in use: what a person is asked, and decides.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../kit/command.ts';
import { listCommand } from './list.ts';
import { resolveCommand } from './resolve.ts';
import { showCommand } from './show.ts';
import { undoCommand } from './undo.ts';

export function conflictsCommand(): Command {
  return commandGroup('conflicts', [listCommand(), showCommand(), resolveCommand(), undoCommand()]);
}
