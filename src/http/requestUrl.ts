/**
 * The URL of a request. A request may name its own path, which is not trusted: it must not lead out of the base URL.
 *
 * @module
 */

import { pathProblem } from '../../machines/policy/request/requestPath.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** Ports of other protocols, which `fetch` refuses to send to (the Fetch standard's bad ports). */
const PORTS_REFUSED: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10080,
]);

/** The rules for a URL that the app gives. */
interface UrlRules {
  readonly allowInsecure?: boolean | undefined;
  /** The name of the option, for messages. */
  readonly name?: string | undefined;
  /** The advice for a URL that begins with http://, as the end of a sentence. */
  readonly instead?: string | undefined;
}

/**
 * Reads a URL that something is sent to; `http://` only for this machine unless that is allowed.
 *
 * @throws HoldfastError `HF_OPTION_INVALID`. The message never repeats the URL, which may hold a
 * password.
 */
export function parseUrl(
  given: string | URL,
  { allowInsecure = false, name = 'url', instead = 'use https://' }: UrlRules = {},
): URL {
  if (!URL.canParse(String(given))) {
    throw refusedUrl(name, 'is not an absolute URL, such as https://api.example.com/v1');
  }
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refusedUrl(name, 'must begin with https:// or http://');
  }
  if (url.protocol === 'http:' && !allowInsecure && !isThisMachine(url.hostname)) {
    throw refusedUrl(
      name,
      `begins with http://, so everybody on the way can read and change what is sent; ${instead}`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refusedUrl(name, 'must not hold a user name or password; give them by the headers');
  }
  if (PORTS_REFUSED.has(Number(url.port))) {
    throw refusedUrl(
      name,
      'names a port that fetch never sends to; let the upstream listen on another',
    );
  }
  return url;
}

/**
 * Reads the base URL of an upstream.
 *
 * @throws HoldfastError as {@link parseUrl}.
 */
export function parseBaseUrl(baseUrl: string | URL, rules: Omit<UrlRules, 'instead'> = {}): URL {
  const { name = 'baseUrl' } = rules;
  const instead = 'use https://, or say allowInsecure: true (--allow-insecure)';
  const url = parseUrl(baseUrl, { ...rules, name, instead });
  if (url.search !== '' || url.hash !== '') {
    throw refusedUrl(name, 'must not have a query or a fragment');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function refusedUrl(name: string, problem: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `${name} ${problem}.`, { field: name });
}

/** Whether the host is loopback (RFC 6761, RFC 1122), so that nothing leaves the machine. */
function isThisMachine(host: string): boolean {
  return /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

/** The path of an operation type: `payments.push` goes to `payments/push`. */
function pathOfType(type: string): string {
  return type.split('.').map(encodeURIComponent).join('/');
}

/**
 * The URL of one request: `path` below `base`, or the type's own path when there is none.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` for a path that `pathProblem` refuses or that leads out of
 * the base URL.
 */
export function requestUrl(base: URL, type: string, path: string | null): URL {
  const refuse = (problem: string): HoldfastError =>
    new HoldfastError(
      'HF_REQUEST_INVALID',
      `path ${problem}. Give a path below the base URL of the upstream, such as payments/push.`,
      { field: 'path', withStack: false },
    );
  if (path === null) return new URL(pathOfType(type), base);
  // Checked before acceptance as well.
  const problem = pathProblem(path);
  if (problem !== null) throw refuse(problem);
  const url = new URL(path.startsWith('/') ? path.slice(1) : path, base);
  // The checks above leave no way out; this one does not depend on having thought of every way.
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) {
    throw refuse('must stay below the base URL');
  }
  return url;
}
