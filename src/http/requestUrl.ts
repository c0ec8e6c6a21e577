/**
 * Where a request goes. A request may name its own path, so the path is not to be trusted: it must
 * not lead out of the base URL.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { pathProblem } from '../../machines/vocabulary/requestPath.ts';

/**
 * Reads the base URL of an upstream.
 *
 * @throws HoldfastError `HF_OPTION_INVALID`. The message never repeats the URL, which may hold a
 * password.
 */
export function parseBaseUrl(baseUrl: string | URL): URL {
  const refuse = (problem: string): HoldfastError =>
    new HoldfastError('HF_OPTION_INVALID', `baseUrl ${problem}.`, { field: 'baseUrl' });
  if (!URL.canParse(String(baseUrl))) {
    throw refuse('is not an absolute URL, such as https://api.example.com/v1');
  }
  const url = new URL(baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse('must begin with https:// or http://');
  }
  if (url.username !== '' || url.password !== '') {
    throw refuse('must not hold a user name or password; give them by the headers function');
  }
  if (url.search !== '' || url.hash !== '') throw refuse('must not have a query or a fragment');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
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
  // Checked before acceptance too; what an earlier version accepted was not.
  const problem = pathProblem(path);
  if (problem !== null) throw refuse(problem);
  const url = new URL(path.startsWith('/') ? path.slice(1) : path, base);
  // The checks above leave no way out; this one does not depend on having thought of every way.
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) {
    throw refuse('must stay below the base URL');
  }
  return url;
}
