/**
 * The entry of the thread that copies a store in use, so that neither the app nor the writer waits.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { HoldfastError, type PlainError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { type BackupResult, backupStore } from '../../persistence/upkeep/backup.ts';
import type { UpkeepProgress } from '../../persistence/upkeep/progress.ts';

export interface BackupThreadData {
  readonly folder: string;
  readonly to: string;
}

export type FromBackupThread =
  | { readonly kind: 'progress'; readonly progress: UpkeepProgress }
  | { readonly kind: 'done'; readonly result: BackupResult }
  | { readonly kind: 'failed'; readonly error: PlainError };

async function run(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new HoldfastError('HF_INTERNAL', 'This file is run as a thread only.');
  const { folder, to } = workerData as BackupThreadData;
  const send = (message: FromBackupThread): void => {
    port.postMessage(message);
  };
  const stop = new AbortController();
  // Any message means: stop.
  port.once('message', () => {
    stop.abort();
  });
  try {
    const result = await backupStore(folder, to, null, {
      clock: systemClock,
      signal: stop.signal,
      onProgress: (progress) => {
        send({ kind: 'progress', progress });
      },
    });
    send({ kind: 'done', result });
  } catch (error) {
    send({ kind: 'failed', error: toPlainError(error) });
  } finally {
    port.close();
  }
}

void run();
