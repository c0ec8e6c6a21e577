import { expect, test } from 'vitest';
import { pathProblem } from '../../../../machines/policy/request/request.ts';

test.each([
  'payments/push',
  '/v1/subscriptions/sub-1',
  'v1/subscriptions/',
  'a?to=/../b&url=https://example.com//x',
  'a;version=2/b',
  'groups/a%2Fb',
  'caf%C3%A9',
  '100%25',
  'a%254',
  '...',
  'a..b/.well-known',
])('OP-9 the path %j may be sent', (path) => {
  expect(pathProblem(path)).toBe(null);
});

test.each([
  ['../a', /'\.' or '\.\.'/],
  ['a/./b', /'\.' or '\.\.'/],
  ['a/%2e%2E/b', /'\.' or '\.\.'/],
  ['a/..;/b', /'\.' or '\.\.'/],
  ['a/..;x=1/b', /'\.' or '\.\.'/],
  ['a/%2e%2e%3b/b', /'\.' or '\.\.'/],
  ['a%2f..%2Fb', /'\.' or '\.\.'/],
  ['a/%252e%252e/b', /percent-encoded twice/],
  ['a/%252f', /percent-encoded twice/],
  ['//example.com/a', /name a host/],
  ['a//b', /two slashes/],
  ['a%2F%2Fb', /two slashes/],
  ['%2Fa', /two slashes/],
  ['a/%2Fb', /two slashes/],
  ['a%2F', /two slashes/],
  ['a\\b', /backslashes/],
  ['a%5cb', /encoded backslash/],
  ['a%0d%0aX-Header:1', /control characters/],
  ['a?b=%0D%0A', /control characters/],
  ['a%00', /control characters/],
  ['a%7F', /control characters/],
  ['a%zz', /write % as %25/],
  ['a%', /write % as %25/],
  ['a%4', /write % as %25/],
  ['a b', /printable ASCII/],
  ['ä', /printable ASCII/],
  ['a#b', /fragments/],
  ['https://example.com/a', /absolute URL/],
  ['/javascript:alert', /absolute URL/],
])('OP-9 SE-5 the path %j is refused', (path, problem) => {
  expect(pathProblem(path)).toMatch(problem);
});
