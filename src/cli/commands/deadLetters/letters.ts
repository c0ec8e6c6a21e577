/**
 * The options of the commands about dead letters, and how they reach the store.
 *
 * @module
 */

import { InvalidArgumentError, type Option } from 'commander';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { ERROR_CODES, type ErrorCode } from '../../../../machines/vocabulary/errors.ts';
import {
  type DeadLetterFilter,
  type DeadLetters,
  deadLetters,
} from '../../../management/deadLetters.ts';
import { parseInstantOrAgo } from '../../kit/argumentParsers.ts';
import { value } from '../../kit/command.ts';
import type { StoreOptions } from '../../kit/storeOptions.ts';
import { withStore } from '../../kit/withStore.ts';

export interface FilterOptions {
  readonly type?: string;
  readonly typePart?: string;
  readonly upstream?: string;
  readonly code?: ErrorCode;
  readonly since?: number;
  readonly until?: number;
}

/** The options that say which dead letters are meant. */
export function filterOptions(): readonly Option[] {
  return [
    value('--type <type>', 'only of this type'),
    value('--type-part <text>', 'only of types that have this in their name'),
    value('--upstream <name>', 'only for this upstream'),
    value('--code <code>', 'only those given up for this reason', parseCode),
    value(
      '--since <date>',
      'only those given up then or later: a date, or 1h for an hour ago',
      parseInstantOrAgo,
    ),
    value('--until <date>', 'only those given up before', parseInstantOrAgo),
  ];
}

export function filterOf(options: FilterOptions): DeadLetterFilter {
  const { type, typePart, upstream, code, since, until } = options;
  return { type, typePart, upstream, code, sinceMs: since, untilMs: until };
}

export async function withLetters<Result>(
  options: StoreOptions,
  use: (letters: DeadLetters, how: { readonly isAtRest: boolean }) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller, how) =>
    use(
      deadLetters(caller, () => systemClock.now()),
      how,
    ),
  );
}

function parseCode(given: string): ErrorCode {
  const code = ERROR_CODES.find((known) => known === given);
  if (code === undefined) throw new InvalidArgumentError('Codes are listed in docs/errors.md.');
  return code;
}
