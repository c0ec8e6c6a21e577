/**
 * Asks a person to confirm what can't be undone.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { InvalidArgumentError, type Option } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import { valueOption } from './command.ts';
import { type Output, plainLine } from './output.ts';
import { EXIT, type ExitCode } from './program.ts';

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

/** The option `--by`, with an optional role where `needsRole` is false. */
export function byOption({ needsRole }: { readonly needsRole: boolean }): Option {
  const flags = needsRole ? '--by <id:role>' : '--by <id[:role]>';
  return valueOption(flags, 'who you are, such as staff-7:clinician; kept and shown', (text) =>
    parsePerson(text, needsRole),
  ).makeOptionMandatory();
}

/** The option `--role`, for a `--by` without one. */
export function roleOption(): Option {
  return valueOption('--role <role>', 'what you are there, where --by does not say it');
}

/** The person who decides. @throws HoldfastError `HF_OPTION_INVALID` without a role, or with two. */
export function decider({
  by,
  role,
}: {
  readonly by: Person;
  readonly role?: string;
}): Required<Person> {
  const given = role ?? by.role;
  if (given === undefined || (role !== undefined && by.role !== undefined && role !== by.role)) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      given === undefined
        ? 'Say what you are there: --by ID:ROLE, or --role ROLE.'
        : '--by and --role name different roles.',
      { field: '--role' },
    );
  }
  return { id: by.id, role: given };
}

/** Reads `staff-7:clinician`; the id may contain colons, the role can't. */
function parsePerson(text: string, needsRole: boolean): Person {
  const at = text.lastIndexOf(':');
  if (at === -1 && !needsRole && text !== '') return { id: text };
  const [id, role] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || role === '') {
    throw new InvalidArgumentError('Give an id and a role: staff-7:clinician.');
  }
  return { id, role };
}

/** In `/proc/self/stat` after the name: its group of processes, and the one that the terminal is for. */
const GROUP_FIELD = 2;
const TERMINAL_FIELD = 5;

/** Whether the terminal may be read: a background program that reads from it is stopped. */
export function hasKeyboard(): boolean {
  return process.stdin.isTTY && isInForeground();
}

/** Calls `pressed` for each Enter until the returned function is called; that lets the process end. */
export function onEnter(pressed: () => void): () => void {
  const hear = (): void => {
    pressed();
  };
  process.stdin.on('data', hear);
  return () => {
    process.stdin.off('data', hear);
    process.stdin.pause();
  };
}

function isInForeground(): boolean {
  try {
    const text = readFileSync('/proc/self/stat', 'utf8');
    // The name, in brackets, may itself hold brackets and spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[GROUP_FIELD] === fields[TERMINAL_FIELD];
  } catch {
    // Only Linux has this file.
    return true;
  }
}
