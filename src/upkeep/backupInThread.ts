/**
 * Runs a backup in a thread of its own, with progress and a signal to cut it short (PS-5).
 *
 * @module
 */

import { HoldfastError, reviveError } from '../../machines/vocabulary/errors.ts';
import type { OptionRules } from '../../machines/vocabulary/optionFields.ts';
import { startThread, threadFile } from '../../persistence/files/packagedFile.ts';
import type { BackupResult } from '../../persistence/upkeep/backup.ts';
import type { UpkeepProgress } from '../../persistence/upkeep/progress.ts';
import type { BackupThreadData, FromBackupThread } from './backupThread.ts';

/** Progress and cancellation of a backup. */
export interface BackupOptions {
  readonly onProgress?: ((progress: UpkeepProgress) => void) | undefined;
  /** Cancels the backup: nothing of it is left, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Rules of the options of a backup. */
export const BACKUP_RULES = {
  onProgress: 'function',
  signal: 'signal',
} as const satisfies OptionRules<BackupOptions>;

/**
 * Backs a store up in a thread of its own. A listener that throws is not heard again.
 *
 * @throws HoldfastError (rejects) as `backupStore` does.
 */
export async function backupInThread(
  data: BackupThreadData,
  { onProgress, signal }: BackupOptions,
): Promise<BackupResult> {
  signal?.throwIfAborted();
  const file = threadFile(import.meta.url, 'backupThread.js');
  const worker = startThread(file, { workerData: data, name: 'holdfast backup' });
  const abort = (): void => {
    worker.postMessage('stop');
  };
  signal?.addEventListener('abort', abort);
  let listener = onProgress;
  try {
    return await new Promise<BackupResult>((resolve, reject) => {
      worker.on('message', (message: FromBackupThread) => {
        if (message.kind === 'done') resolve(message.result);
        else if (message.kind === 'failed') reject(reviveError(message.error));
        else {
          try {
            listener?.(message.progress);
          } catch {
            listener = undefined;
          }
        }
      });
      worker.once('error', reject);
      worker.once('exit', () => {
        reject(new HoldfastError('HF_INTERNAL', 'The thread of the backup ended unexpectedly.'));
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
