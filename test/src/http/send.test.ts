/**
 * Which connections requests go over: those whose names holdfast looks up, but where the app has put others in
 * force. On this Node.js; the others of the matrix: test/matrix.
 *
 * @module
 */

import { channel } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { httpHandler as newHttpHandler } from '../../../src/http/httpHandler.ts';
import { attemptOf } from '../../support/harness/attempt.ts';
import { rawServer } from '../../support/process/rawServer.ts';

/** Where undici has the dispatcher in force; Node 26 has it under the second. */
const IN_FORCE = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) =>
  Symbol.for(name),
);

beforeEach(() => {
  vi.resetModules();
});

/** With nothing known of what was in force before. */
async function httpHandler(): Promise<typeof newHttpHandler> {
  return (await import('../../../src/http/httpHandler.ts')).httpHandler;
}

/** Every name means this machine, and is written down. */
function namesLookedUp(): readonly string[] {
  const names: string[] = [];
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
    host: string,
    options: { readonly all?: boolean },
    callback: (error: null, found: unknown, family?: number) => void,
  ) => {
    names.push(host);
    setImmediate(() => {
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    });
  }) as unknown as typeof dns.lookup);
  onTestFinished(() => {
    lookup.mockRestore();
  });
  return names;
}

/** The URL of a server on this machine, by a name. */
async function namedServer(name: string): Promise<string> {
  const { url } = await rawServer((response) => response.end());
  return url.replace('127.0.0.1', name);
}

/** Puts something else in force until the test is over. */
function putInForce(make: (inForce: object) => unknown): void {
  void new Headers();
  const global = globalThis as Record<symbol, unknown>;
  for (const at of IN_FORCE) {
    const inForce = global[at];
    if (inForce === undefined) continue;
    global[at] = make(inForce as object);
    onTestFinished(() => {
      global[at] = inForce;
    });
  }
}

test("RT-2 requests go out by what Node's fetch is made of, and none of it around them", async () => {
  const bodies: unknown[] = [];
  const created = channel('undici:request:create');
  const notice = (message: unknown): void => {
    bodies.push((message as { readonly request: { readonly body: unknown } }).request.body);
  };
  created.subscribe(notice);
  onTestFinished(() => {
    created.unsubscribe(notice);
  });
  const { url } = await rawServer((response) => response.end());
  await (await httpHandler())({ baseUrl: url })(attemptOf({}));
  // fetch makes a stream of the same text.
  expect(bodies.map(String)).toEqual(['{"amount":1}']);
});

describe('CR-2 requests go over connections whose names holdfast looks up', () => {
  test('once for requests at the same time, apart for a crisis', async () => {
    const baseUrl = await namedServer('upstream.localhost');
    const names = namesLookedUp();
    const run = (await httpHandler())({ baseUrl });
    await Promise.all([1, 2, 3].map(async () => await run(attemptOf({}))));
    expect(names).toEqual(['upstream.localhost']);
    await run(attemptOf({ priority: 'crisis' }));
    expect(new Set(names)).toEqual(new Set(['upstream.localhost']));
    expect(names.length).toBeGreaterThan(1);
  });

  test('but where the app has a dispatcher of another kind in force, such as a proxy', async () => {
    const asked: string[] = [];
    putInForce((inForce) => ({
      dispatch: (options: { readonly origin: unknown }, handler: unknown) => {
        asked.push(String(options.origin));
        return (inForce as { dispatch: (...given: unknown[]) => boolean }).dispatch(
          options,
          handler,
        );
      },
    }));
    const baseUrl = await namedServer('upstream.localhost');
    namesLookedUp();
    await (await httpHandler())({ baseUrl })(attemptOf({ priority: 'crisis' }));
    expect(asked).toEqual([baseUrl]);
  });

  test('but where the app has one with interceptors in force, such as for a token', async () => {
    const asked: string[] = [];
    // As `compose` of undici 7 makes it.
    putInForce((inForce) => {
      const { dispatch } = inForce as { dispatch: (...given: unknown[]) => boolean };
      const intercepted = (options: { readonly origin: unknown }, handler: unknown): boolean => {
        asked.push(String(options.origin));
        return dispatch.call(inForce, options, handler);
      };
      return new Proxy(inForce, {
        get: (target, key) =>
          key === 'dispatch' ? intercepted : (Reflect.get(target, key) as unknown),
      });
    });
    const { url } = await rawServer((response) => response.end());
    await (await httpHandler())({ baseUrl: url })(attemptOf({}));
    expect(asked).toEqual([url]);
  });

  test('but where the app has one with options in force, such as certificates', async () => {
    const asked: string[] = [];
    putInForce((inForce) => {
      const Agent = inForce.constructor as new (options: object) => object;
      return Agent.name !== 'Agent'
        ? inForce
        : new Agent({
            connect: {
              lookup: (
                host: string,
                _options: unknown,
                callback: (...given: unknown[]) => void,
              ) => {
                asked.push(host);
                callback(null, [{ address: '127.0.0.1', family: 4 }]);
              },
            },
          });
    });
    const baseUrl = await namedServer('upstream.localhost');
    await (await httpHandler())({ baseUrl })(attemptOf({ priority: 'crisis' }));
    expect(asked).toEqual(['upstream.localhost']);
  });

  test('but where fetch in force takes no dispatcher of the HTTP client in Node', async () => {
    const nodes = globalThis.fetch;
    const given: boolean[] = [];
    vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
      given.push(init.dispatcher !== undefined);
      if (init.dispatcher === undefined) return await nodes(url, init);
      // As undici 8 says it of a dispatcher of undici 6.
      const cause = Object.assign(new Error('invalid onError method'), {
        code: 'UND_ERR_INVALID_ARG',
      });
      throw new TypeError('fetch failed', { cause });
    });
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const { url } = await rawServer((response) => response.end());
    const run = (await httpHandler())({ baseUrl: url });
    await run(attemptOf({ priority: 'crisis' }));
    await run(attemptOf({}));
    expect(given).toEqual([true, false, false]);
  });
});
