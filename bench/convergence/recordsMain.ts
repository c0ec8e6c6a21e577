/**
 * The upstream of the bench as a process: see recordsProcess.ts.
 *
 * @module
 */

import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import { startRecordServer } from '../../src/testing/recordServer.ts';
import { begun, META_FIELD, pathOf } from './records.ts';
import type { RecordsOptions } from './recordsProcess.ts';

const { records, latencyMs } = JSON.parse(process.argv[2] ?? '{}') as RecordsOptions;
const server = await startRecordServer({
  lifeMs: 1_800_000,
  requestsMax: 10_000_000,
  requireConditions: true,
  faults: { delayed: 1 },
  delayMs: latencyMs,
});
const numbers = Array.from({ length: records }, (_, record) => record);
for (const record of numbers) server.put(pathOf(record), begun(record));

process.on('message', () => {
  const values = numbers.map((record) => {
    const { [META_FIELD]: _meta, ...value } = (server.get(pathOf(record))?.value ??
      {}) as JsonObject;
    return value;
  });
  process.send?.(values);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: server.url });
