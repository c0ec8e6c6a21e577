/**
 * Asks the process that listens at a control socket to upgrade a connection to another protocol.
 *
 * @module
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { isForeignProtocol, requestAt, textOf } from './socketRequest.ts';

/** The largest error that is read, as JSON. */
const REFUSAL_BYTES_MAX = 65_536;

/** An upgraded connection, with the bytes that have already arrived. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly response: IncomingMessage;
  readonly head: Buffer;
}

/**
 * The connection, or why there is none. `forbidden`: this user may not open the socket. `silent`: the request is not
 * answered in time. `foreign`: the listener speaks no HTTP. An object has the text of a refusal.
 */
export type UpgradeAnswer =
  | { readonly upgraded: Upgraded }
  | 'nobody'
  | 'forbidden'
  | 'silent'
  | 'foreign'
  | { readonly refusal: string };

export interface UpgradeAsk {
  readonly path: string;
  /** The value of the header `Upgrade`. */
  readonly protocol: string;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the owner of a store for an upgraded connection.
 *
 * @throws HoldfastError (rejects) `HF_STORE_FOLDER` where another user may listen there: nothing was said.
 */
export type Upgrade = (ask: UpgradeAsk) => Promise<UpgradeAnswer>;

/** Asks the process that listens at this socket. */
export function upgradeAt(socketPath: string): Upgrade {
  return async (ask) => await askUpgrade({ socketPath, ...ask });
}

async function askUpgrade(
  ask: UpgradeAsk & { readonly socketPath: string },
): Promise<UpgradeAnswer> {
  const { socketPath, path, protocol, withinMs, signal } = ask;
  const headers = { connection: 'Upgrade', upgrade: protocol };
  const request = requestTo({ socketPath, path, signal, headers });
  if (typeof request === 'string') return request;
  return await new Promise<UpgradeAnswer>((resolve) => {
    let isLate = false;
    request.setTimeout(withinMs, () => {
      isLate = true;
      request.destroy();
    });
    request.on('upgrade', (response, socket, head) => {
      // The time-out was for the answer alone.
      if (socket instanceof Socket) socket.setTimeout(0);
      // An error ends the connection, and its `close` event says so to its user.
      socket.on('error', () => undefined);
      resolve({ upgraded: { socket, response, head } });
    });
    request.on('response', (response) => {
      textOf(response, REFUSAL_BYTES_MAX).then(
        (refusal) => {
          resolve(refusal === null ? 'foreign' : { refusal });
        },
        () => {
          resolve('nobody');
        },
      );
    });
    request.on('error', (error) => {
      if (isForbidden(error)) resolve('forbidden');
      else if (isForeignProtocol(error)) resolve('foreign');
      else resolve(isLate ? 'silent' : 'nobody');
    });
    request.end();
  });
}

function requestTo(
  options: Parameters<typeof requestAt>[0],
): ClientRequest | 'nobody' | 'forbidden' {
  try {
    return requestAt(options) ?? 'nobody';
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    return isForbidden(error) ? 'forbidden' : 'nobody';
  }
}

function isForbidden(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return code === 'EACCES' || code === 'EPERM';
}
