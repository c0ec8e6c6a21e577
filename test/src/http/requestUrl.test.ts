import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBaseUrl, requestUrl } from '../../../src/http/hostAddresses.ts';

const base = parseBaseUrl('https://api.example.com/v1');

describe('parseBaseUrl', () => {
  test('UX-2 a base URL gets its closing slash, so that nothing of it is replaced', () => {
    expect(base.href).toBe('https://api.example.com/v1/');
  });

  test.each([
    'api.example.com',
    'ftp://api.example.com',
    'https://user:secret@api.example.com',
    'https://api.example.com/?tenant=1',
    'https://api.example.com/#part',
    '',
  ])('UX-2 base URL %j is refused without repeating it', (url) => {
    try {
      parseBaseUrl(url);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'HF_OPTION_INVALID', field: 'baseUrl' });
      expect(String(error)).not.toContain('secret');
    }
  });
});

test('UX-2 a port that fetch never sends to is refused, and no other', async () => {
  const isRefused = (port: number): boolean => {
    try {
      parseBaseUrl(`http://127.0.0.1:${port}`);
      return false;
    } catch {
      return true;
    }
  };
  for (let port = 1; port <= 11_000; port += 1) {
    // Those of the standard are all below it; of the others a share, since each is really tried.
    if (!isRefused(port) && port > 1_100 && port % 50 !== 0) continue;
    const failed = await fetch(`http://127.0.0.1:${port}`, { method: 'HEAD' }).then(
      () => null,
      ({ cause }: { readonly cause: Error }) => cause.message,
    );
    expect([port, failed === 'bad port']).toEqual([port, isRefused(port)]);
  }
});

describe('requestUrl', () => {
  test.each([
    ['payments.push', null, 'https://api.example.com/v1/payments/push'],
    ['payments', null, 'https://api.example.com/v1/payments'],
    ['payments.push', 'plans/7', 'https://api.example.com/v1/plans/7'],
    ['payments.push', '/plans/7?dry=1', 'https://api.example.com/v1/plans/7?dry=1'],
    ['payments.push', 'a..b/...', 'https://api.example.com/v1/a..b/...'],
  ])('OP-3 type %s with path %s goes to %s', (type, path, expected) => {
    expect(requestUrl(base, type, path).href).toBe(expected);
  });

  test.each([
    '../admin',
    'a/../../admin',
    'a/%2e%2e/%2E./admin',
    'a%2f..%2fadmin',
    'a%5c..%5cadmin',
    '..\\admin',
    './a',
    'https://evil.example',
    'HTTPS:evil.example',
    'javascript:alert(1)',
    '//evil.example/x',
    '///evil.example/x',
    'a b',
    'a\nb',
    'a\u0000b',
    'a#b',
  ])('OP-3 UX-2 path %j is refused', (path) => {
    expect(() => requestUrl(base, 'payments.push', path)).toThrow(
      expect.objectContaining({ code: 'HF_REQUEST_INVALID', field: 'path' }),
    );
  });

  test('OP-3 no path whatever leads out of the base URL', () => {
    const hostile = fc
      .array(fc.constantFrom('.', '..', '/', '\\', '%2e', '%2F', ':', '?', '@', 'a', '//', ' '))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string(), fc.webUrl()), (path) => {
        let url: URL;
        try {
          url = requestUrl(base, 'payments.push', path);
        } catch (error) {
          expect(error).toMatchObject({ code: 'HF_REQUEST_INVALID' });
          return;
        }
        expect(url.href.startsWith(base.href)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
