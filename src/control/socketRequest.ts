/**
 * The one door to a process that listens at a Unix socket: who may be behind it is looked at before anything is
 * said, and what is answered is bounded (AC-2).
 *
 * @module
 */

import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { isOwnSocket } from '../../persistence/files/otherUsers.ts';

/**
 * A request to the process that listens there, of which nothing is sent yet; `null` where there is no socket.
 *
 * @throws HoldfastError `HF_STORE_FOLDER` where another user may listen there; an error of the file system where
 * this user may not look.
 */
export function requestAt(
  options: RequestOptions & { readonly socketPath: string },
): ClientRequest | null {
  if (!isOwnSocket(options.socketPath)) return null;
  return httpRequest({ ...options, agent: false });
}

/** The text of an answer; `null` where it is longer than any of ours. Rejects where it is cut off. */
export async function textOf(response: IncomingMessage, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What listens there speaks no HTTP. */
export function isForeignProtocol(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return String(code).startsWith('HPE_');
}
