/**
 * What answers in samples for https://api.example.com: a service that honours idempotency keys and entity
 * tags.
 *
 * - `POST /v1/…` answers 201 with a receipt, the same one for the same key.
 * - `PUT` and `GET /v1/records/<id>` keep a record, with an ETag; `If-Match` of another version gets a 412.
 * - `GET /v1/rates` answers a list, `GET /v1/payments?reference=<key>` whether a payment has that key.
 */

import { createServer } from 'node:http';

export async function startExampleApi() {
  const answers = new Map();
  const records = new Map();

  function answer(method, path, query, headers, body) {
    const key = headers['idempotency-key'];
    if (method === 'PUT' && path.startsWith('/v1/records/')) {
      const kept = records.get(path) ?? { version: 7, body: null };
      const wanted = headers['if-match'];
      if (wanted !== undefined && wanted !== `"v${kept.version}"`) {
        return [412, { etag: `"v${kept.version}"` }, kept.body];
      }
      const next = { version: kept.version + 1, body };
      records.set(path, next);
      return [200, { etag: `"v${next.version}"` }, body];
    }
    if (method === 'GET' && path === '/v1/rates')
      return [200, {}, [{ pair: 'EUR/USD', rate: 1.1 }]];
    if (method === 'GET' && path === '/v1/payments') {
      return [200, {}, answers.has(query.get('reference')) ? [{ receipt: 'r-1' }] : []];
    }
    if (method === 'GET') return [200, { etag: '"v7"' }, records.get(path)?.body ?? {}];
    if (!answers.has(key)) answers.set(key, { receipt: `r-${answers.size + 1}` });
    return [201, {}, answers.get(key)];
  }

  const serve = async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { pathname, searchParams } = new URL(request.url, 'http://127.0.0.1');
    const body = text === '' ? null : JSON.parse(text);
    const [status, headers, said] = answer(
      request.method,
      pathname,
      searchParams,
      request.headers,
      body,
    );
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(said));
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    reset() {
      answers.clear();
      records.clear();
    },
  };
}
