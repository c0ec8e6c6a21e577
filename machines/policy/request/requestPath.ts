/**
 * What the path of a request may be. It comes from outside, so it must not lead out of the base URL
 * it is put below, nor mean one thing to a proxy and another to the server behind it (OP-9, SE-5).
 *
 * @module
 */

/** What is wrong with a path, as the end of a sentence; `null` when nothing is. */
export function pathProblem(path: string): string | null {
  if (/[^!-~]|[\\#]/.test(path)) {
    return 'must be printable ASCII without spaces, backslashes and fragments';
  }
  const relative = path.startsWith('/') ? path.slice(1) : path;
  if (relative.startsWith('/')) return 'must not name a host';
  if (/^[a-z][a-z\d+.-]*:/i.test(relative)) return 'must not be an absolute URL';
  if (/%(?![\da-f]{2})/i.test(relative)) return 'must write % as %25';
  if (/%[01][\da-f]|%7f/i.test(relative)) return 'must not hold control characters';
  const [pathname = ''] = relative.split('?', 1);
  if (/%5c/i.test(pathname)) return 'must not hold an encoded backslash';
  if (/%25[\da-f]{2}/i.test(pathname)) return 'must not be percent-encoded twice';
  // Some servers take an encoded slash for one, and look at a segment without what follows a `;`.
  const segments = pathname.split(/\/|%2f/i);
  if (segments.some(isDots)) return "must not hold '.' or '..'";
  if (segments.slice(0, -1).includes('') || /%2f$/i.test(pathname)) {
    return 'must not hold two slashes in a row, or end in an encoded one';
  }
  return null;
}

function isDots(segment: string): boolean {
  return /^(?:\.|%2e){1,2}(?:;|%3b|$)/i.test(segment);
}
