/**
 * Sends requests to a process that listens at a Unix socket, after checking which user may be behind it, with a bound
 * on the answer (AC-2).
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
 * A request to the process that listens at the socket, not sent yet; `null` where there is no socket.
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

/** The text of an answer; `null` where it is longer than holdfast's answers can be. Rejects where it is cut off. */
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

/** Whether the error says that the listener speaks no HTTP. */
export function isForeignProtocol(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return String(code).startsWith('HPE_');
}
