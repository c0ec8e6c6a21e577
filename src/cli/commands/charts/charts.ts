/**
 * `holdfast charts`: what changed of the charts, who has approved them, and approving them; in a git clone.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../kit/command.ts';
import { approveCommand } from './approve.ts';
import { diffCommand } from './diff.ts';
import { standingsCommand } from './status.ts';

export function chartsCommand(): Command {
  return commandGroup('charts', 'review and approve the charts, in a git clone of holdfast', [
    diffCommand(),
    standingsCommand(),
    approveCommand(),
  ]);
}
