/**
 * A payment service on 127.0.0.1 for the examples. It honours idempotency keys, as a real one
 * should: under a key that it knows it gives the first answer again and takes nothing.
 */

import { createServer } from 'node:http';

/**
 * @param behave says how the next request goes: `answer`, `busy` (503), or `dropAfterTaking` (the
 * payment is taken, and the connection ends without an answer)
 * @returns its URL, how often the payment of each key was taken, and how to stop it
 */
export async function startPaymentService(behave = () => 'answer', port = 0) {
  const taken = new Map();
  const answers = new Map();
  const serve = async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const behaviour = behave();
    if (behaviour === 'busy') {
      response.writeHead(503).end();
      return;
    }
    const key = request.headers['idempotency-key'];
    if (!answers.has(key)) {
      taken.set(key, (taken.get(key) ?? 0) + 1);
      answers.set(key, JSON.stringify({ receipt: answers.size + 1, ...JSON.parse(body) }));
    }
    if (behaviour === 'dropAfterTaking') {
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(answers.get(key));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    taken,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
