/**
 * The process of the callers from outside: sends crises by a plan to the socket of another process, each
 * as a request of HTTP, and says when each was answered.
 *
 * @module
 */

import { request as httpRequest } from 'node:http';
import { startControl } from '../measure/figures.ts';
import type { CheckedAnswer } from './answerCheck.ts';
import { type Ask, Crises, sendCrises } from './crises.ts';
import type { CallerOrder } from './stage.ts';

/** The parts of the answer that are checked. */
interface OutsideReply extends CheckedAnswer {
  readonly operationId?: string;
  readonly recorded?: string;
}

function askAt(socketPath: string): Ask {
  return async (crisis) => {
    const text = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ socketPath, path: '/crisis', method: 'POST' }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          body += part;
        });
        response.once('end', () => {
          resolve(body);
        });
        response.once('error', reject);
      });
      request.once('error', reject);
      request.end(JSON.stringify(crisis));
    });
    const { operationId, recorded, ...answer } = JSON.parse(text) as OutsideReply;
    const isTaken = operationId !== undefined && recorded !== 'notTaken';
    return { ...answer, operationId: isTaken ? operationId : null };
  };
}

process.once('message', (order: CallerOrder) => {
  void startControl(order.count)
    .then((control) => sendCrises(askAt(order.socketPath), new Crises(order), order, control))
    .then((result) => {
      process.send?.(result, () => process.exit(0));
    });
});
// It must not outlive the process under drill; a Ctrl-C at the terminal is for the drill to deal with.
process.once('disconnect', () => process.exit(1));
process.on('SIGINT', () => {});
