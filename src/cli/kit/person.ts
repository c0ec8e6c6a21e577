/**
 * The person who gives an order: `--by id:role`, or `--by id --role role`.
 *
 * @module
 */

import { InvalidArgumentError, type Option } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { valueOption } from './command.ts';

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
