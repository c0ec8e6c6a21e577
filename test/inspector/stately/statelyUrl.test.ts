import { describe, expect, test } from 'vitest';
import { checkStatelyUrl } from '../../../inspector/stately/statelyInspector.ts';

describe('OB-2 AC-2 where frames may be sent', () => {
  test.each([
    'ws://127.0.0.1:8080',
    'ws://127.1.2.3:1/path',
    'ws://localhost:8080',
    'ws://LOCALHOST',
    'ws://[::1]:8080',
    'wss://localhost:8443',
    'ws://0x7f.1:80',
    'ws://2130706433',
  ])('OB-2: %s is of this machine', (url) => {
    expect(checkStatelyUrl(url, false).protocol).toMatch(/^wss?:$/);
  });

  test.each([
    'ws://example.com',
    'wss://stately.ai/inspect',
    'wss://stately-sky-beta.mellson.partykit.dev/party/inspect',
    'ws://127.0.0.1.example.com',
    'ws://localhost.example.com',
    'ws://192.168.0.1:8080',
    'ws://0.0.0.0:8080',
    'ws://[::]:8080',
    'ws://[::ffff:127.0.0.1]:8080',
    'ws://1270.0.0.1:80'.replace('1270', '128'),
    'ws://localhost.:8080',
  ])('OB-2 AC-2: %s is of another one: refused, unless it was said that they may leave', (url) => {
    expect(() => checkStatelyUrl(url, false)).toThrow(
      expect.objectContaining({
        code: 'HF_OPTION_INVALID',
        field: 'url',
        message: expect.stringContaining('leavesThisMachine: true'),
      }) as Error,
    );
    expect(checkStatelyUrl(url, true)).toBeInstanceOf(URL);
  });

  test.each([
    '',
    'http://127.0.0.1',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ws://user:password@127.0.0.1:8080',
    'nothing',
  ])('OB-2: %j is the address of no WebSocket', (url) => {
    for (const may of [false, true]) {
      expect(() => checkStatelyUrl(url, may)).toThrow(/must be the address of a WebSocket/);
    }
  });
});
