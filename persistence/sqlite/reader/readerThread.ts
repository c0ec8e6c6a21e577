/**
 * The entry of the reader thread.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { engineOf } from '../../sealing/engines.ts';
import type { FromReader, ReaderOptions, ToReader } from '../protocol/requests.ts';
import { Reader } from './reader.ts';

async function start(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new HoldfastError('HF_INTERNAL', 'This file is run as a thread only.');
  const { folder, key, sealing } = workerData as ReaderOptions;
  // Messages that come meanwhile are kept for the first listener.
  const reader = new Reader(folder, key, await engineOf(sealing));
  port.on('message', (message: ToReader) => {
    if (message.kind === 'ask') {
      port.postMessage(reader.answer(message.requests) satisfies FromReader);
      return;
    }
    reader.close();
    port.close();
  });
}

void start();
