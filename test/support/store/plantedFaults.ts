/**
 * Faults planted in real processes: a module that arms the program's fault points is loaded before the
 * program itself, so that the program needs no door for them.
 *
 * @module
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FAULT_POINTS, type PlannedFault } from '../../../persistence/port/faultPoints.ts';

/**
 * The environment that arms a process and its writer threads. `setting` has an entry `point:count:kill`,
 * `point:count:throw` or `point:count:stall:ms` for each fault, with commas between; `built` is the
 * folder of the JavaScript that the process runs.
 *
 * @throws Error for an entry that says nothing.
 */
export function faultEnvironment(setting: string, built: string): NodeJS.ProcessEnv {
  const faults = setting === '' ? [] : setting.split(',').map(planned);
  if (faults.length === 0) return {};
  const points = pathToFileURL(join(built, 'persistence/port/faultPoints.js')).href;
  const program = `
    import { isMainThread } from 'node:worker_threads';
    if (isMainThread) {
      const { armFaultPoint, armThreads } = await import('${points}');
      const faults = ${JSON.stringify(faults)};
      for (const { name, countdown, action } of faults) armFaultPoint(name, countdown, action);
      armThreads(faults);
    }`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}

function planned(entry: string): PlannedFault {
  const [point, count, action, stallMs] = entry.trim().split(':');
  const name = FAULT_POINTS.find((known) => known === point);
  const countdown = Number(count);
  if (name !== undefined && Number.isSafeInteger(countdown) && countdown >= 1) {
    if (action === 'kill' || action === 'throw') return { name, countdown, action };
    if (action === 'stall' && Number(stallMs) > 0) {
      return { name, countdown, action: { stallMs: Number(stallMs) } };
    }
  }
  throw new Error(`A planted fault is point:count:kill|throw|stall:ms, not ${entry}`);
}
