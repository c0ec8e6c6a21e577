/**
 * Management calls about the store as a whole: health, backup, the end of a hold.
 *
 * @module
 */

import type { BackupResult } from '../../persistence/upkeep/backup.ts';
import { BACKUP_RULES, type BackupOptions } from '../upkeep/backupInThread.ts';
import type { HealthStatus } from '../views/health.ts';
import { BY_PERSON, type Ordered, runtimeCall, storeCall } from './managementCall.ts';

export const health = runtimeCall<object, HealthStatus>({
  name: 'health',
  summary: 'How the runtime is doing at this moment.',
  capability: 'view',
  params: {},
  override: null,
  run: (runtime) => runtime.health(),
});

export const backup = runtimeCall<BackupOptions & { readonly path: string }, Promise<BackupResult>>(
  {
    name: 'store.backup',
    summary: 'Copies the store, as it is at one moment, into a new folder.',
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
    override: null,
    run: (runtime, { path, ...options }) => runtime.backup(path, options),
  },
);

export const releaseStore = storeCall<Ordered, { readonly wasHeld: boolean }>({
  name: 'store.release',
  summary:
    'Ends the hold of a store that was restored or copied, lost its last commits, or is behind its anchor: what waits in it runs from then on.',
  capability: 'operate',
  params: { by: BY_PERSON },
  override: {
    what: 'store.release',
    about: (_, { wasHeld }) => (wasHeld ? {} : null),
  },
  shown: { params: ['by'], answer: { fields: { wasHeld: 'plain' } } },
  async run(store) {
    return { wasHeld: await store.release() };
  },
});
