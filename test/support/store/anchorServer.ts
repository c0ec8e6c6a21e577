/**
 * A server on loopback that keeps the anchor of a store: GET and PUT, until the test ends.
 *
 * @module
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface AnchorServer {
  readonly url: string;
  /** The record that was put last; `null` for none. */
  kept: string | null;
  /** Answers each request with a redirect from then on. */
  redirects: boolean;
  /** Methods of the requests, with their `Authorization`. */
  readonly seen: Set<string>;
}

export async function startAnchorServer(): Promise<AnchorServer> {
  const server = createServer((request, response) => {
    place.seen.add(`${request.method} ${request.headers.authorization}`);
    if (place.redirects) {
      response.writeHead(307, { location: '/elsewhere' }).end();
      return;
    }
    if (request.method === 'GET') {
      response.writeHead(place.kept === null ? 404 : 200).end(place.kept ?? undefined);
      return;
    }
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      place.kept = body;
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/payments`;
  const place: AnchorServer = { url, kept: null, redirects: false, seen: new Set() };
  return place;
}
