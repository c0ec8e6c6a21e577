/**
 * The service that the journal talks to. It loses its answer to the first request under each key, as networks
 * do, and notes in which order it applied what.
 *
 * @module
 */

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** A port of this machine on which nobody listens. */
export async function freePort() {
  const server = createServer();
  const port = await listen(server, 0);
  await closed(server);
  return port;
}

/** @param {{ port: number, forgetsKeys: boolean }} options `forgetsKeys` is a planted fault, as a control */
export async function startService({ port, forgetsKeys }) {
  const applied = [];
  const keys = new Set();
  const serve = async (request, response) => {
    const body = JSON.parse(await text(request));
    const key = request.headers['idempotency-key'];
    const isFirst = !keys.has(key);
    keys.add(key);
    if (isFirst || forgetsKeys) applied.push({ path: request.url, ...body });
    if (isFirst) request.socket.destroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"done":true}');
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await listen(server, port);
  return { applied, stop: () => closed(server) };
}

async function listen(server, port) {
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return server.address().port;
}

async function closed(server) {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
