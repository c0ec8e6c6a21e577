/**
 * The entry of the writer thread. It waits for requests, takes everything that has come in since the
 * last sync, and commits it as one. All of SQLite is here, so no disk call blocks the thread that answers a
 * crisis (PS-1).
 *
 * @module
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { HoldfastError, toPlainError } from '../../../machines/vocabulary/errors.ts';
import { armFaultPoint, faultPoint } from '../../port/faultPoints.ts';
import type { FromSpill, SpillLine, ToSpill } from '../../port/writes.ts';
import { engineOf } from '../../sealing/engines.ts';
import type { FromWriter, ThreadOptions, ToWriter } from '../protocol/requests.ts';
import { Writer } from './writer.ts';

async function start(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new HoldfastError('HF_INTERNAL', 'This file is run as a thread only.');
  const options = workerData as ThreadOptions;
  for (const { name, countdown, action } of options.faults) armFaultPoint(name, countdown, action);
  // Messages that come meanwhile are kept for the first listener.
  const writer = new Writer(options, await engineOf(options.sealing));
  const send = (message: FromWriter): void => port.postMessage(message);

  /** Does one step of opening; where it fails, the thread ends. */
  const step = (take: () => FromWriter): void => {
    try {
      send(take());
    } catch (error) {
      send({ kind: 'failed', error: toPlainError(error) });
      end();
    }
  };

  const lines = new Set<SpillLine>();

  /** Serves another thread, even while the main one is blocked. */
  const serve = (line: SpillLine): void => {
    lines.add(line);
    writer.reserveForOutside();
    line.on('message', (asked: ToSpill) => {
      if (asked.kind === 'drop') writer.dropOutside(asked.id);
      else line.postMessage(writer.keepOutside(asked.crisis) satisfies FromSpill);
    });
    line.on('close', () => lines.delete(line));
  };

  const end = (): void => {
    for (const line of lines) line.close();
    writer.close();
    send({ kind: 'closed' });
    port.close();
  };

  const receive = (first: ToWriter): void => {
    let message: ToWriter | undefined = first;
    while (message?.kind === 'requests') {
      const requests = [...message.requests];
      let messages = 1;
      // Everything that waits joins the commit, up to a message of another kind.
      for (message = next(); message?.kind === 'requests'; message = next()) {
        requests.push(...message.requests);
        messages += 1;
      }
      const answer = writer.run(requests);
      faultPoint('store.beforeAck');
      send({ kind: 'replies', messages, hasWritten: writer.hasWritten, ...answer });
    }
    if (message?.kind === 'unlock') {
      const { key, create, generation } = message;
      step(() => {
        const store = writer.open(key, create, generation);
        return { kind: 'opened', store, hasWritten: writer.hasWritten };
      });
    } else if (message?.kind === 'line') {
      serve(message.line);
    } else if (message?.kind === 'close') {
      end();
    }
  };

  const next = (): ToWriter | undefined => receiveMessageOnPort(port)?.message;

  port.on('message', receive);
  step(() => ({ kind: 'owned', ...writer.own() }));
}

void start();
