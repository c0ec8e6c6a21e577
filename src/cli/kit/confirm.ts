/**
 * Asks a person before what can't be undone.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { EXIT } from './exitCodes.ts';
import { createOutput, plainLine } from './output.ts';

/**
 * Asks before what can't be undone. Without a person at a terminal `--yes` must say it. Where the
 * answer is no the exit code says so, and nothing is left to do.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where nobody can be asked.
 */
export async function confirmed(
  question: string,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'This can not be undone, and there is nobody to ask. Give --yes to do it.',
      { field: 'yes' },
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${plainLine(question)} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return true;
    process.exitCode = EXIT.failed;
  } catch (error) {
    // Ctrl-C, or Ctrl-D, instead of an answer.
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    process.stderr.write('\n');
    process.exitCode = EXIT.interrupted;
  } finally {
    terminal.close();
  }
  createOutput({ json }).say('holdfast: nothing was purged.');
  return false;
}
