/**
 * `holdfast charts`: what changed of the charts, who has approved them, and approving them, in a git clone; and each
 * as XState's tools import it.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../src/cli/kit/command.ts';
import { approveCommand } from './approve.ts';
import { diffCommand } from './diff.ts';
import { exportCommand } from './export.ts';
import { standingsCommand } from './status.ts';

export function chartsCommand(): Command {
  return commandGroup('charts', [
    diffCommand(),
    standingsCommand(),
    approveCommand(),
    exportCommand(),
  ]);
}
