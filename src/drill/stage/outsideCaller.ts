/**
 * Callers beside the app: a process of its own that asks for help at the socket of the process under drill.
 *
 * @module
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { CrisesOrder } from './crises.ts';
import type { StreamResult } from './stageMessages.ts';

/** What the process of the callers is told to do. */
export interface CallerOrder extends CrisesOrder {
  readonly socketPath: string;
}

/** Starts the callers; resolves with what they have seen. */
export async function callFromOutside(order: CallerOrder): Promise<StreamResult> {
  const file = fileURLToPath(new URL('./drillCallerProcess.js', import.meta.url));
  const child = fork(file, { execArgv: [], serialization: 'advanced' });
  return await new Promise((resolve, reject) => {
    child.once('message', (result: StreamResult) => {
      resolve(result);
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new HoldfastError('HF_INTERNAL', 'The callers from outside ended before their time.'));
    });
    child.send(order);
  });
}
