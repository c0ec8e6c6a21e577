/**
 * Management call: copies the store into a new folder. It is made in the process only, for it is followed
 * and cut short by functions; the command line copies a store from beside it (docs/decisions/0041).
 *
 * @module
 */

import type { BackupResult } from '../../../persistence/upkeep/backup.ts';
import { BACKUP_RULES, type BackupOptions } from '../../upkeep/backupInThread.ts';
import { runtimeCall } from '../call/managementCall.ts';

export const backup = runtimeCall<BackupOptions & { readonly path: string }, Promise<BackupResult>>(
  {
    name: 'store.backup',
    summary: 'Copies the store, as it stands at one moment, into a new folder.',
    capability: 'export',
    isLocal: true,
    params: {
      path: {
        required: {
          rule: 'must be the path of a new folder',
          matches: (value) => typeof value === 'string' && value !== '',
        },
      },
      ...BACKUP_RULES,
    },
    audited: ['path'],
    override: null,
    run: (runtime, { path, ...options }) => runtime.backup(path, options),
  },
);
