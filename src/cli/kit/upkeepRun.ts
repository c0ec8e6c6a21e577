/**
 * Runs long pieces of work on a store with their progress.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { UpkeepOptions, UpkeepProgress } from '../../../persistence/upkeep/progress.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';

/** The name and the unit of each step. */
const STEPS: Readonly<Record<UpkeepProgress['step'], readonly [what: string, unit: string]>> = {
  copying: ['copying', 'pages'],
  checkingFiles: ['checking files', 'bytes'],
  checkingTables: ['checking tables', 'tables'],
  openingRecords: ['opening records', 'records'],
  purging: ['purging', 'rows'],
};

/**
 * Does long work on a store with progress on stderr. Ctrl-C ends it: then it resolves with `null`, and the command
 * exits with `EXIT.interrupted`.
 */
export async function runUpkeep<Result>(
  output: Output,
  work: (options: UpkeepOptions) => Promise<Result>,
): Promise<Result | null> {
  const stop = new AbortController();
  const forgetSignals = onInterrupt(output, () => {
    stop.abort();
  });
  try {
    return await work({
      clock: systemClock,
      signal: stop.signal,
      onNotice: (text) => {
        output.say(`holdfast: ${text}`);
      },
      onProgress: ({ step, done, total }) => {
        const [what, unit] = STEPS[step];
        output.progress(() => `${what}: ${done} of ${total} ${unit}`);
      },
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return null;
  } finally {
    output.endProgress();
    forgetSignals();
  }
}
