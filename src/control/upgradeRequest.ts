/**
 * Asks the process that listens at a control socket for a connection on which something else is spoken.
 *
 * @module
 */

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';

/** A connection that was handed over, and what has come on it already. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly response: IncomingMessage;
  readonly head: Buffer;
}

/**
 * `forbidden` where this user may not open the socket; `silent` where the request is taken and not answered in time; `foreign` where no HTTP is spoken; the text of the
 * answer where it is refused.
 */
export type UpgradeAnswer =
  | { readonly upgraded: Upgraded }
  | 'nobody'
  | 'forbidden'
  | 'silent'
  | 'foreign'
  | { readonly refusal: string };

export async function askUpgrade(ask: {
  readonly socketPath: string;
  readonly path: string;
  /** As the header `Upgrade` has it. */
  readonly protocol: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}): Promise<UpgradeAnswer> {
  const { socketPath, path, protocol, withinMs, signal } = ask;
  return await new Promise<UpgradeAnswer>((resolve) => {
    const request = httpRequest({
      ...{ socketPath, path, signal },
      agent: false,
      headers: { connection: 'Upgrade', upgrade: protocol },
    });
    let isLate = false;
    request.setTimeout(withinMs, () => {
      isLate = true;
      request.destroy();
    });
    request.on('upgrade', (response, socket, head) => {
      // That was for the answer alone.
      if (socket instanceof Socket) socket.setTimeout(0);
      // What is wrong with a connection ends it, and who has it hears of that.
      socket.on('error', () => undefined);
      resolve({ upgraded: { socket, response, head } });
    });
    request.on('response', (response) => {
      text(response).then(
        (refusal) => {
          resolve({ refusal });
        },
        () => {
          resolve('nobody');
        },
      );
    });
    request.on('error', (error) => {
      const { code } = error as { readonly code?: unknown };
      if (code === 'EACCES' || code === 'EPERM') resolve('forbidden');
      else if (String(code).startsWith('HPE_')) resolve('foreign');
      else resolve(isLate ? 'silent' : 'nobody');
    });
    request.end();
  });
}
