/**
 * An upstream in a process of its own, with a ledger of its effects by idempotency key. It imports nothing of holdfast,
 * listens on loopback only, and ends with the process that forked it.
 *
 * `/<place>/` takes operations; where the place is down it answers 503, and where it hangs nothing. `/records/<name>`
 * holds records with versions, written on the version that they have, and `/control` changes what is down.
 */

import { createServer } from 'node:http';

const BODY_BYTES_MAX = 1_000_000;

/** As of the moment at which a run begins; `begin` sets it. */
let state = newState();

function newState() {
  return { down: [], hanging: [], applied: new Map(), records: new Map(), ledger: [] };
}

const server = createServer((request, response) => {
  read(request)
    .then((body) => {
      serve(request, body, response);
    })
    .catch(() => response.destroy());
});

async function read(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('The request is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function serve(request, text, response) {
  const [, place, ...rest] = new URL(request.url, 'http://localhost').pathname.split('/');
  if (place === 'control') {
    change(JSON.parse(text));
    answer(response, 200);
    return;
  }
  if (state.hanging.includes(place)) return;
  if (state.down.includes(place)) {
    answer(response, 503);
    return;
  }
  const key = String(request.headers['idempotency-key']);
  if (place === 'records') serveRecord(request, rest.join('/'), key, text, response);
  else serveOperation(key, JSON.parse(text), response);
}

/** Changes what is down, and puts records as somebody else does. */
function change({ down = state.down, hanging = state.hanging, records = [] }) {
  state.down = down;
  state.hanging = hanging;
  for (const [name, value] of records) {
    state.records.set(name, { version: (state.records.get(name)?.version ?? 0) + 1, value });
  }
}

function serveOperation(key, { name, isRefused }, response) {
  if (isRefused === true) {
    answer(response, 422);
    return;
  }
  // A request under a known key is noted too: what had ended must not even be asked again.
  state.ledger.push({ name, key, isEffect: !state.applied.has(key) });
  state.applied.set(key, 200);
  answer(response, 200);
}

function serveRecord(request, name, key, text, response) {
  const held = state.records.get(name);
  if (request.method === 'GET') {
    if (held === undefined) answer(response, 404);
    else answer(response, 200, held.value, held.version);
    return;
  }
  const known = state.applied.get(key);
  if (known !== undefined) {
    state.ledger.push({ name, key, isEffect: false });
    answer(response, 200, null, known);
    return;
  }
  const { 'if-match': match, 'if-none-match': none } = request.headers;
  const has = held === undefined ? undefined : tag(held.version);
  if ((match !== undefined && match !== has) || (none === '*' && has !== undefined)) {
    answer(response, 412);
    return;
  }
  const version = (held?.version ?? 0) + 1;
  state.records.set(name, { version, value: JSON.parse(text) });
  state.applied.set(key, version);
  state.ledger.push({ name, key, isEffect: true });
  answer(response, 200, null, version);
}

function tag(version) {
  return `"${version}"`;
}

function answer(response, status, value = { status }, version = null) {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  if (version !== null) response.setHeader('etag', tag(version));
  response.end(JSON.stringify(value));
}

const ORDERS = {
  /** Sets what is down, and what it holds and has done, which is nothing where it is left out. */
  begin({ down = [], hanging = [], kept = null }) {
    state = newState();
    state.down = down;
    state.hanging = hanging;
    if (kept === null) return null;
    state.applied = new Map(kept.applied);
    state.records = new Map(kept.records);
    return null;
  },
  ledger: () => state.ledger,
  kept: () => ({ applied: [...state.applied], records: [...state.records] }),
};

server.listen(0, '127.0.0.1', () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}` });
});
process.on('message', ({ number, order, ...rest }) => {
  process.send({ number, answer: ORDERS[order](rest) });
});
process.on('disconnect', () => process.exit(0));
