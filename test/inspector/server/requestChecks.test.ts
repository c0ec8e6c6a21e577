import { describe, expect, test } from 'vitest';
import { bearer, feedRequest, ServedInspector } from '../../support/inspector/servedInspector.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

describe('AC-2 who is not looked at', () => {
  test.each([
    ['a name that was made to lead here', 'evil.example'],
    ['a name with our port', 'evil.example:PORT'],
    ['our address with another port', '127.0.0.1:1'],
    ['our address without a port', '127.0.0.1'],
    ['another loopback address', '127.0.0.2:PORT'],
    ['a name that begins like ours', 'localhost:PORT.evil.example'],
    ['a name that ends like ours', 'evil.localhost:PORT'],
    ['all addresses', '0.0.0.0:PORT'],
    ['a blank', ' '],
  ])('AC-2: Host is %s', async (_, host) => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const headers = { ...bearer(session), host: host.replace('PORT', String(inspector.port)) };
    for (const path of ['/', '/app.js', '/feed']) {
      expect(await inspector.ask({ path, headers }), path).toMatchObject({ status: 403 });
    }
    const withToken = { ...headers, ...bearer(inspector.token) };
    const begun = await inspector.ask({ method: 'POST', path: '/session', headers: withToken });
    expect(begun).toMatchObject({ status: 403 });
    expect(begun.text).not.toContain('session"');
  });

  test('AC-2: Host is given twice, or not at all', async () => {
    const inspector = await ServedInspector.start();
    const { host } = inspector;
    const twice = await inspector.raw(
      `GET / HTTP/1.1\r\nhost: ${host}\r\nhost: evil.example\r\n\r\n`,
    );
    const none = await inspector.raw('GET / HTTP/1.0\r\n\r\n');
    const empty = await inspector.raw('GET / HTTP/1.1\r\nhost:\r\n\r\n');
    expect(empty).toMatch(/^HTTP\/1\.1 403/);
    expect(twice).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(none).toMatch(/^HTTP\/1\.1 403/);
    expect(`${twice}${none}${empty}`).not.toContain('<title>');
  });

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST'])(
    'AC-2: %s is the server itself',
    async (name) => {
      const inspector = await ServedInspector.start();
      const host = `${name}:${inspector.port}`;
      const headers = { host, origin: `http://${host.toLowerCase()}` };
      expect(await inspector.ask({ headers })).toMatchObject({ status: 200 });
    },
  );

  test.each([
    'http://evil.example',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'null',
    '',
    'file://',
    'chrome-extension://abcdefghijklmnop',
  ])('AC-2: Origin is %s', async (origin) => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const own = origin.replace('PORT', String(inspector.port));
    const headers = { ...bearer(session), host: inspector.host, origin: own };
    for (const path of ['/', '/app.js', '/feed']) {
      const reply = await inspector.ask({ path, headers });
      expect(reply, path).toMatchObject({ status: 403 });
      expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
    }
    const call = { method: 'POST', path: '/call', headers, body: '{"name":"x"}' };
    expect(await inspector.ask(call)).toMatchObject({ status: 403 });
    expect(inspector.source.asked).toEqual([]);
  });

  test.each([
    ['cross-site', 'cors', 403],
    ['cross-site', 'navigate', 403],
    ['cross-site', 'no-cors', 403],
    ['same-site', 'cors', 403],
    ['same-site', 'navigate', 403],
    ['something new', 'cors', 403],
    ['none', 'cors', 403],
    ['none', 'no-cors', 403],
    ['none', 'navigate', 200],
    ['same-origin', 'cors', 200],
    ['same-origin', 'navigate', 200],
  ])('AC-2: Sec-Fetch-Site is %s, mode %s: %i', async (site, mode, status) => {
    const inspector = await ServedInspector.start();
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
    expect(await inspector.ask({ headers })).toMatchObject({ status });
  });

  test.each([
    ['the page in a tab', '/', 'GET', 'navigate', 'document', 200],
    ['the page in a frame', '/', 'GET', 'navigate', 'iframe', 403],
    ['the page by a script', '/', 'GET', 'no-cors', 'document', 403],
    ['a script of the page', '/app.js', 'GET', 'navigate', 'document', 403],
    ['the feed', '/feed', 'GET', 'navigate', 'document', 403],
    ['a form that is sent', '/session', 'POST', 'navigate', 'document', 403],
  ])('AC-2: another page leads to %s', async (_, path, method, mode, dest, status) => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const headers = {
      ...bearer(session),
      ...{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
    };
    expect(await inspector.ask({ method, path, headers })).toMatchObject({ status });
  });

  test('AC-2: a POST is no navigation: none is refused for it', async () => {
    const inspector = await ServedInspector.start();
    const headers = {
      ...bearer(inspector.token),
      ...{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    };
    const reply = await inspector.ask({ method: 'POST', path: '/session', headers });
    expect(reply).toMatchObject({ status: 403 });
  });

  test.each([
    ['GET', '/session'],
    ['GET', '/call'],
    ['GET', '/logout'],
    ['POST', '/feed'],
    ['POST', '/'],
    ['PUT', '/call'],
    ['DELETE', '/session'],
    ['PATCH', '/call'],
    ['OPTIONS', '/call'],
    ['OPTIONS', '/'],
    ['HEAD', '/'],
    ['TRACE', '/'],
    ['PROPFIND', '/'],
  ])('AC-2: %s %s is not how it is asked', async (method, path) => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const reply = await inspector.ask({ method, path, headers: bearer(session) });
    expect(reply.status).toBe(405);
    expect(reply.headers).toHaveProperty('allow');
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    );
  });

  test('AC-2: CONNECT opens no tunnel', async () => {
    const inspector = await ServedInspector.start();
    const said = await inspector.raw(
      `CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: ${inspector.host}\r\n\r\n`,
    );
    expect(said).not.toMatch(/^HTTP\/1\.1 2/);
  });

  test('AC-2: an upgrade to a WebSocket is refused, with a session, too', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    for (const path of ['/', '/feed', '/socket']) {
      const said = await inspector.raw(
        [
          `GET ${path} HTTP/1.1`,
          `host: ${inspector.host}`,
          `authorization: Bearer ${session}`,
          'connection: Upgrade',
          'upgrade: websocket',
          'sec-websocket-version: 13',
          'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
          '\r\n',
        ].join('\r\n'),
      );
      expect(said, path).toMatch(/^HTTP\/1\.1 400/);
      expect(said).not.toContain('101');
    }
    expect(inspector.source.watches).toBe(0);
  });
});

describe('AC-2 an address holds no secret', () => {
  test.each([
    '/?token=SECRET',
    '/feed?session=SECRET',
    '/SECRET',
    '/feed/SECRET',
    '/session?SECRET',
    '/?x',
    '/app.js?v=1',
    '/%3Ftoken=SECRET',
  ])('AC-2: %s is refused, and said why', async (path) => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    for (const secret of [inspector.token, session]) {
      const reply = await inspector.ask({ path: path.replace('SECRET', secret) });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain('never a token or session');
      expect(reply.text).not.toContain(secret);
    }
  });

  test.each(['http://evil.example/', 'http://127.0.0.1:1/', '*', `/${'a/'.repeat(200)}`])(
    'AC-2: %s is no path',
    async (path) => {
      const inspector = await ServedInspector.start();
      expect(await inspector.ask({ path })).toMatchObject({ status: 400 });
    },
  );
});

describe('AC-2 the headers of every answer', () => {
  test('AC-2: of the page, of data, and of refusals', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const replies = [
      await inspector.ask(),
      await inspector.ask({ path: '/app.js' }),
      await inspector.ask({ path: '/charts/supervisor.svg' }),
      await inspector.ask({ path: '/nothing' }),
      await inspector.ask({ method: 'PUT' }),
      await inspector.ask({ headers: { host: 'evil.example' } }),
      await inspector.ask({ path: '/feed' }),
      await inspector.ask({ method: 'POST', path: '/session', headers: bearer(inspector.token) }),
      await inspector.call('nothing', {}, session),
      await inspector.ask({ headers: { 'x-long': 'x'.repeat(10_000) } }),
    ];
    for (const { headers, status } of replies) {
      expect(headers, String(status)).toMatchObject({
        'content-security-policy': CSP,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        connection: 'close',
      });
      expect(headers).not.toHaveProperty('set-cookie');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('AC-2: of the feed, and of what is no request', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const socket = await inspector.socket();
    const head = new Promise<string>((resolve) => {
      socket.once('data', (chunk) => {
        resolve(chunk.toString('utf8'));
      });
    });
    socket.write(feedRequest(inspector.host, session));
    for (const said of [await head, await inspector.raw('no request\r\n\r\n')]) {
      expect(said.toLowerCase()).toContain(`content-security-policy: ${CSP}`);
      expect(said.toLowerCase()).toContain('cache-control: no-store');
    }
    socket.destroy();
  });
});
