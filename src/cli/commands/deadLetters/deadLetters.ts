/**
 * `holdfast dead-letters`: what was given up and waits for a person, at rest or in use.
 *
 * @module
 */

import type { Command } from 'commander';
import { commandGroup } from '../../kit/command.ts';
import { listCommand } from './list.ts';
import { purgeCommand } from './purge.ts';
import { replayCommand } from './replay.ts';
import { showCommand } from './show.ts';

export function deadLettersCommand(): Command {
  return commandGroup('dead-letters', [
    listCommand(),
    showCommand(),
    replayCommand(),
    purgeCommand(),
  ]);
}
