/**
 * `holdfast quarantine`: records that could not be opened or read, at rest or in use.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../kit/command.ts';
import { exportCommand } from './export.ts';
import { listCommand } from './list.ts';
import { purgeCommand } from './purge.ts';
import { retryCommand } from './retry.ts';
import { showCommand } from './show.ts';

export function quarantineCommand(): Command {
  return commandGroup('quarantine', [
    listCommand(),
    showCommand(),
    retryCommand(),
    exportCommand(),
    purgeCommand(),
  ]);
}
