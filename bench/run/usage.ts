/**
 * Loaded before a program that `bench:run` measures: as it ends, it writes to descriptor 3 what it has used.
 *
 * @module
 */

import { writeSync } from 'node:fs';

process.once('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ cpuMicros: userCPUTime + systemCPUTime, rssKiB: maxRSS }));
});
