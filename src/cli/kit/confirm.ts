/**
 * Asks a person to confirm what can't be undone.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { type Output, plainLine } from './output.ts';

/**
 * Asks, unless `--yes` was given; without a person at a terminal it must be. `null` is a yes; where the
 * answer is no, or none, the exit code that says so.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where nobody can be asked.
 */
export async function refusalOf(
  question: string,
  { yes }: { readonly yes: boolean },
  output: Output,
): Promise<ExitCode | null> {
  if (yes) return null;
  if (!process.stdin.isTTY) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'This can not be undone, and there is nobody to ask. Give --yes to do it.',
      { field: 'yes' },
    );
  }
  const code = await ask(question);
  if (code !== null) output.say('holdfast: nothing was purged.');
  return code;
}

async function ask(question: string): Promise<ExitCode | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${plainLine(question)} [y/N] `);
    return /^y(es)?$/i.test(answer.trim()) ? null : EXIT.failed;
  } catch (error) {
    // Ctrl-C, or Ctrl-D, instead of an answer.
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    process.stderr.write('\n');
    return EXIT.interrupted;
  } finally {
    terminal.close();
  }
}
