/**
 * Planted bugs of options and policies.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const OPTIONS: readonly Plant[] = [
  {
    name: 'retention-not-whole',
    file: 'src/options.ts',
    find: 'Math.ceil(Math.min(options.retentionMs ?? 30 * DAY_MS, RETENTION_MS_MAX))',
    replace: '(options.retentionMs ?? 30 * DAY_MS)',
    says: 'Work whose endings are kept for longer than any clock counts can not be ended on disk.',
    finds: /^(the run failed: .*A write was refused|not settled: |still waiting: )/,
    seedsMax: 30,
  },
];
