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
  const options = workerData as ReaderOptions;
  // Messages that come meanwhile are kept for the first listener.
  const reader = new Reader(options, await engineOf(options.sealing));
  port.on('message', (message: ToReader) => {
    if (message.kind === 'ask') {
      port.postMessage(reader.answer(message.requests) satisfies FromReader);
      return;
    }
    if (message.kind === 'release') {
      reader.release();
      return;
    }
    reader.close();
    port.close();
  });
}

void start();
