/**
 * The upstream of the bench, in a process of its own, so that its work is not counted as that of the devices.
 *
 * @module
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../machines/vocabulary/shape.ts';

export interface RecordsOptions {
  readonly records: number;
  readonly latencyMs: number;
}

export interface RecordsProcess {
  readonly url: string;
  /** What it holds of each record, in the order of their numbers. */
  readonly values: () => Promise<readonly JsonObject[]>;
  readonly stop: () => void;
}

export async function startRecords(options: RecordsOptions): Promise<RecordsProcess> {
  const program = fileURLToPath(new URL('./recordsMain.js', import.meta.url));
  const child = fork(program, [JSON.stringify(options)]);
  const heard = async <Message>(): Promise<Message> =>
    await new Promise<Message>((resolve, reject) => {
      child.once('message', (message) => {
        resolve(message as Message);
      });
      child.once('exit', () => {
        reject(new Error('The upstream of the bench has ended.'));
      });
    });
  const { url } = await heard<{ readonly url: string }>();
  return {
    url,
    async values() {
      const answer = heard<readonly JsonObject[]>();
      child.send('values');
      return await answer;
    },
    stop() {
      child.kill();
    },
  };
}
