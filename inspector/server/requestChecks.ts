/**
 * Decides which requests are accepted: those of the server's own page, and those of a person's own tools.
 *
 * Any other page in the same browser can send requests here, too. It can't change its
 * `Origin`, `Host` or `Sec-Fetch-Site`, and it has no token: each of these alone is enough to refuse it.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Refusal } from './replies.ts';

/** Longer than the path of any file that is served. */
const PATH_LENGTH_MAX = 256;
/** A text with the length and the alphabet of tokens and sessions. */
const LIKE_A_SECRET = /[A-Za-z0-9_-]{43}/;

/** The values of `Host` that the server answers to. */
export function hostNames(host: string, port: number): readonly string[] {
  const own = host.includes(':') ? `[${host}]` : host;
  return [`${own}:${port}`, `localhost:${port}`];
}

/**
 * The path of a request that is accepted.
 *
 * @returns a refusal otherwise
 */
export function checkRequest(
  request: IncomingMessage,
  hosts: readonly string[],
): { readonly path: string } | Refusal {
  const { headers } = request;
  const foreign = foreignHost(request, hosts) ?? foreignOrigin(request) ?? foreignSite(request);
  if (foreign !== null) return foreign;
  if (headers.upgrade !== undefined) {
    return new Refusal(400, 'This server only speaks HTTP: there is nothing to upgrade to.');
  }
  return pathOf(request);
}

/** Refuses a page whose own name was made to resolve to this machine (DNS rebinding): it sends that name as `Host`. */
function foreignHost(request: IncomingMessage, hosts: readonly string[]): Refusal | null {
  const named = request.headersDistinct['host'] ?? [];
  const [host] = named;
  if (named.length === 1 && host !== undefined && hosts.includes(host.toLowerCase())) return null;
  return new Refusal(403, `Host must be ${hosts.join(' or ')}: open the link as it was printed.`);
}

function foreignOrigin({ headers, headersDistinct }: IncomingMessage): Refusal | null {
  const origins = headersDistinct['origin'] ?? [];
  const own = `http://${(headers.host ?? '').toLowerCase()}`;
  if (origins.every((origin) => origin === own)) return null;
  return new Refusal(403, 'Origin must be that of the inspector: no other page may call it.');
}

/**
 * Refuses requests of other sites. A person who opens the link has no origin, or clicked on it in another page, as
 * `--open` does for them; that loads the page itself, which holds nothing. All requests of the page have the same
 * origin.
 */
function foreignSite({ method, url, headers }: IncomingMessage): Refusal | null {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return null;
  const isOpened = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  const isThePage = url === '/' && headers['sec-fetch-dest'] === 'document';
  if (isOpened && (site === 'none' || isThePage)) return null;
  return new Refusal(
    403,
    'Another page has sent this request. Copy the link into the address bar of a new tab.',
  );
}

function pathOf({ url = '' }: IncomingMessage): { readonly path: string } | Refusal {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (url !== path || LIKE_A_SECRET.test(url)) {
    return new Refusal(
      400,
      'A path must have no query, and never a token or session: addresses are written to logs and histories. The token is behind # in the link, which no browser sends.',
    );
  }
  if (!path.startsWith('/') || path.length > PATH_LENGTH_MAX) {
    return new Refusal(400, 'A request must be for a path, such as /.');
  }
  return { path };
}

/** The token of `Authorization: Bearer`; `null` for none. */
export function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
