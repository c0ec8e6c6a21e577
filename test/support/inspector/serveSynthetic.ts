/**
 * Serves the built page over a feed that is made up, for its authors to look at: `npm run page:synthetic`, with
 * `-- --actors 5000 --rate 2000 --seed 1 --port 4610 --from 15000 --away 30000` as wanted. `--from`: where in the
 * story it begins, in milliseconds; `--away`: every so many milliseconds the process is gone for five seconds.
 *
 * The token is one and the same for the page to be reloaded at will: this is no server for anything real.
 *
 * @module
 */

import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CallAnswer, SessionInfo } from '../../../inspector/protocol.ts';
import { INSPECTOR_PROTOCOL } from '../../../inspector/protocol.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syntheticFeed } from './syntheticFeed.ts';

const { values } = parseArgs({
  options: {
    actors: { type: 'string', default: '200' },
    rate: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    port: { type: 'string', default: '4610' },
    from: { type: 'string', default: '0' },
    away: { type: 'string', default: '0' },
    assets: { type: 'string', default: 'dist/inspector' },
    'read-only': { type: 'boolean', default: false },
  },
});
const TOKEN = 'made-up';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const feed = syntheticFeed({
  seed: Number(values.seed),
  actors: Number(values.actors),
  stepsPerSecond: Number(values.rate),
  storyFromMs: Number(values.from),
});

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { ...HEADERS, 'content-type': 'application/x-ndjson' });
  const write = (messages: unknown): void => {
    response.write(`${JSON.stringify(messages)}\n`);
  };
  const end = feed.watch(write);
  const heartbeat = setInterval(write, 10_000, []);
  response.on('close', () => {
    clearInterval(heartbeat);
    end();
  });
}

async function call(request: IncomingMessage): Promise<CallAnswer> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  const { name, params } = JSON.parse(text) as {
    readonly name: string;
    readonly params: Readonly<Record<string, unknown>>;
  };
  try {
    return { ok: true, result: (await feed.call(name, params)) ?? null };
  } catch (error) {
    const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
    return { ok: false, error: { code, message: String(error) } };
  }
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method === 'POST' || pathname === '/feed') {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) answer(response, 401, {});
    else if (pathname === '/session') {
      const canOperate = !values['read-only'];
      const info: SessionInfo = { session: TOKEN, canOperate, protocol: INSPECTOR_PROTOCOL };
      answer(response, 200, info);
    } else if (pathname === '/feed') stream(response);
    else if (pathname === '/call') answer(response, 200, await call(request));
    else answer(response, pathname === '/logout' ? 200 : 404, {});
    return;
  }
  const file = join(values.assets, pathname === '/' ? 'index.html' : pathname);
  if (!existsSync(file)) {
    answer(response, 404, {});
    return;
  }
  const type = TYPES[extname(file)] ?? 'text/plain';
  response.writeHead(200, { ...HEADERS, 'content-type': type });
  createReadStream(file).pipe(response);
}

createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
}).listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${values.port}/#token=${TOKEN}\n`);
});
const awayMs = Number(values.away);
if (awayMs > 0) setInterval(() => feed.away(5_000), awayMs);
