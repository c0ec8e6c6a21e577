/**
 * Which requests are looked at: those of the server's own page, and of a person's own tools.
 *
 * A page of anybody else that runs in the same browser can send requests here, too. It can't change its
 * `Origin`, `Host` or `Sec-Fetch-Site`, and it has no token: each of these is enough to refuse it.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Refusal } from './replies.ts';

/** Longer than the path of any file that is served. */
const PATH_LENGTH_MAX = 256;
/** What a token or session looks like: of their length and alphabet. */
const LIKE_A_SECRET = /[A-Za-z0-9_-]{43}/;

/** The names by which the server is asked, each with its port. */
export function hostNames(host: string, port: number): readonly string[] {
  const own = host.includes(':') ? `[${host}]` : host;
  return [`${own}:${port}`, `localhost:${port}`];
}

/**
 * The path of a request that may be looked at.
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
    return new Refusal(400, 'This server speaks HTTP alone: there is nothing to upgrade to.');
  }
  return pathOf(request);
}

/** A page whose name was made to lead here (DNS rebinding) asks by that name. */
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
  return new Refusal(403, 'Origin must be that of the inspector: no other page may ask it.');
}

/**
 * A person who opens the link comes from nowhere, or has clicked on it in another page, as `--open` does for him;
 * that asks for the page itself, alone in its tab, which holds nothing. All that the page asks for is of the same
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
    'Another page has asked for this. Copy the link into the address of a new tab.',
  );
}

function pathOf({ url = '' }: IncomingMessage): { readonly path: string } | Refusal {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (url !== path || LIKE_A_SECRET.test(url)) {
    return new Refusal(
      400,
      'A path must have no query, and never a token or session: addresses are written to logs and histories. The token stands behind # in the link, which no browser sends.',
    );
  }
  if (!path.startsWith('/') || path.length > PATH_LENGTH_MAX) {
    return new Refusal(400, 'A request must be for a path, such as /.');
  }
  return { path };
}

/** What stands behind `Bearer`; `null` for none. */
export function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
