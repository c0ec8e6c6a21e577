/**
 * Who gives an order, as every command takes it: `--by id:role`.
 *
 * @module
 */

import { InvalidArgumentError, type Option } from 'commander';
import type { Person } from '../../../machines/vocabulary/person.ts';
import { value } from './command.ts';

/** The role may be left out where `needsRole` is false. */
export function byOption({ needsRole }: { readonly needsRole: boolean }): Option {
  const flags = needsRole ? '--by <id:role>' : '--by <id[:role]>';
  return value(flags, 'who you are, such as staff-7:clinician; kept and told', (text) =>
    parsePerson(text, needsRole),
  ).makeOptionMandatory();
}

/** `staff-7:clinician`; the id may hold colons, the role none. */
function parsePerson(text: string, needsRole: boolean): Person {
  const at = text.lastIndexOf(':');
  if (at === -1 && !needsRole && text !== '') return { id: text };
  const [id, role] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || role === '') {
    throw new InvalidArgumentError('Give an id and a role: staff-7:clinician.');
  }
  return { id, role };
}
