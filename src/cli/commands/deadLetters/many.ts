/**
 * Replays or purges all dead letters that match, with progress.
 *
 * @module
 */

import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { DeadLetterCounts, DeadLetters } from '../../../management/deadLetters.ts';
import type { JsonOptions } from '../../kit/command.ts';
import { EXIT, type ExitCode } from '../../kit/exitCodes.ts';
import { onInterrupt } from '../../kit/interrupt.ts';
import type { Output } from '../../kit/output.ts';
import type { StoreOptions } from '../../kit/storeOptions.ts';
import { type FilterOptions, filterOf, withLetters } from './letters.ts';

export interface ManyOptions extends StoreOptions, JsonOptions, FilterOptions {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly olderThan?: number;
}

export const RUNS_LATER = 'runs when a process opens the store.';

/** @throws HoldfastError `HF_OPTION_INVALID` unless it is said what is meant, in one way. */
export function isForAll(id: string | undefined, options: ManyOptions): id is undefined {
  const restrictions = [options.olderThan, ...Object.values(filterOf(options))];
  const isFiltered = restrictions.some((one) => one !== undefined);
  if (id !== undefined && (options.all || isFiltered || options.dryRun)) {
    throw usage('Give an id, or --all with filters; not both.');
  }
  if (id === undefined && !options.all) throw usage('Give an id, or --all.');
  return id === undefined;
}

export function usage(message: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message);
}

/** Runs over many with progress; the first Ctrl-C ends it after the batch under way. */
export async function forAll(
  { options, output }: { readonly options: ManyOptions; readonly output: Output },
  done: 'replayed' | 'purged',
  run: (
    letters: DeadLetters,
    how: {
      readonly dryRun: boolean;
      readonly signal: AbortSignal;
      readonly onProgress: (counts: DeadLetterCounts) => void;
    },
  ) => Promise<DeadLetterCounts>,
): Promise<ExitCode> {
  const verb = options.dryRun ? `would be ${done}` : done;
  const stop = new AbortController();
  const restoreSignals = onInterrupt(output, () => {
    stop.abort();
  });
  try {
    let runsLater = false;
    const counts = await withLetters(options, (letters, { isAtRest }) => {
      runsLater = isAtRest && done === 'replayed' && !options.dryRun;
      return run(letters, {
        dryRun: options.dryRun,
        signal: stop.signal,
        onProgress: (sofar) => {
          // The number that match is known only at the end.
          if (sofar.done > 0) output.progress(() => `holdfast: ${sofar.done} ${verb} so far`);
        },
      });
    });
    const { matched, expired, changed } = counts;
    const kept = [
      expired > 0 ? `${expired} kept, their time is over` : '',
      changed > 0 ? `${changed} kept, they had changed meanwhile or have no payload` : '',
    ].filter((part) => part !== '');
    output.result(
      { ...counts, dryRun: options.dryRun, interrupted: stop.signal.aborted },
      [`${counts.done} ${verb} of ${matched} that match`, ...kept].join('; '),
    );
    if (runsLater && counts.done > 0) output.say(`holdfast: what was replayed ${RUNS_LATER}`);
    if (stop.signal.aborted) return EXIT.interrupted;
    return expired + changed > 0 ? EXIT.someBad : EXIT.ok;
  } finally {
    restoreSignals();
  }
}
