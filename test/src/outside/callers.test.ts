import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import type { CrisisOptions } from '../../../src/options.ts';
import type { OutsideState } from '../../../src/outside/outsideHost.ts';
import { call, until } from '../../support/process/outsideProcess.ts';

const TOKEN = 'a token that nobody guesses 0123456789'.replaceAll(' ', '-');
const PAGES = 'what-every-page-may-know-0123456789-abc';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const SECRET = 'nobody may read this 7f3a';

let folder: string;
let runtime: Runtime | null = null;
let errors: string[];
let delivered: unknown[];
let threads: Worker[];
const noteThread = (thread: Worker): void => {
  threads.push(thread);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hf-out-'));
  errors = [];
  delivered = [];
  threads = [];
  process.on('worker', noteThread);
});

afterEach(async () => {
  process.off('worker', noteThread);
  await runtime?.close();
  runtime = null;
  await rm(folder, { recursive: true, force: true });
});

function start(
  outside: CrisisOptions['outside'],
  options: { readonly payloadBytesMax?: number } = {},
): Runtime {
  runtime = createRuntime({
    ...options,
    store: ':memory:',
    crisis: { outside },
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: ({ payload, leftOut }) => {
          delivered.push(payload ?? { leftOut });
          return null;
        },
      },
    },
    onError: (error) => {
      errors.push(String(Reflect.get(Object(error), 'message')));
    },
  });
  return runtime;
}

async function state(): Promise<OutsideState> {
  return await until(() => {
    const outside = runtime?.getHealthStatus().outside ?? null;
    return outside !== null && (outside.socketPath ?? outside.url) !== null ? outside : undefined;
  }, 'an address');
}

async function overHttp(more: Partial<NonNullable<CrisisOptions['outside']>['http']> = {}) {
  start({ http: { token: TOKEN, ...more } });
  return (await state()).url ?? '';
}

async function overSocket(options: { readonly payloadBytesMax?: number } = {}): Promise<string> {
  start({ socketPath: join(folder, 'own', 'crisis.sock') }, options);
  return (await state()).socketPath ?? '';
}

/** Waits until `onError` was told of something with these words. */
async function told(words: string): Promise<void> {
  await until(() => (errors.join().includes(words) ? true : undefined), words);
}

async function taken(count: number): Promise<void> {
  await until(() => (delivered.length >= count ? true : undefined), `${count} deliveries`);
}

const HELP = JSON.stringify({ subject: 'user-42', payload: { said: SECRET } });

describe('CR-1 who may ask over HTTP', () => {
  test('CR-1 SE-5 the token opens; none, another, and a part of it do not', async () => {
    const url = await overHttp();
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const headers = { ...AUTHORIZED };
    expect((await call(url, '/crisis', { body: HELP, headers })).status).toBe(200);
    for (const authorization of [
      undefined,
      'Bearer ',
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${TOKEN}x`,
      `Basic ${TOKEN}`,
      TOKEN,
    ]) {
      const given = authorization === undefined ? {} : { headers: { authorization } };
      const { status, body, text } = await call(url, '/crisis', { body: HELP, ...given });
      expect(status).toBe(401);
      expect(body.error).toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'authorization' });
      // Whoever it is gets the numbers that everybody may know.
      expect(body.resources.length).toBeGreaterThan(0);
      expect(text).not.toContain(TOKEN);
    }
    await taken(1);
    expect(delivered).toEqual([{ said: SECRET }]);
  });

  test('CR-1 a name of Host that is none of this address is refused, as DNS rebinding asks', async () => {
    const url = await overHttp({ hosts: ['Crisis.internal'] });
    const statusFor = async (host: string) =>
      (await call(url, '/health', { headers: { ...AUTHORIZED, host } })).status;
    for (const host of [
      'localhost',
      '127.0.0.1:80',
      '[::1]:9',
      'crisis.internal:80',
      'LOCALHOST',
    ]) {
      expect([host, await statusFor(host)]).toEqual([host, 200]);
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example:80',
      '10.0.0.1',
      '[::1',
      'a@localhost',
    ]) {
      expect([host, await statusFor(host)]).toEqual([host, 403]);
    }
  });

  test('CR-1 a page in a browser is refused unless its origin is listed', async () => {
    const url = await overHttp({ pagesToken: PAGES, origins: ['https://app.example'] });
    const authorized = { authorization: `Bearer ${PAGES}` };
    for (const origin of [
      'https://evil.example',
      'null',
      'http://app.example',
      'http://localhost',
    ]) {
      const headers = { ...authorized, origin };
      const answer = await call(url, '/crisis', { body: HELP, headers });
      expect([origin, answer.status]).toEqual([origin, 403]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    const origin = 'https://app.example';
    const asked = await call(url, '/crisis', { method: 'OPTIONS', headers: { origin } });
    expect(asked.status).toBe(204);
    expect(asked.headers['access-control-allow-headers']).toContain('authorization');
    const answer = await call(url, '/crisis', { body: HELP, headers: { ...authorized, origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    await taken(1);
    expect(delivered).toHaveLength(1);
  });

  test('CR-1 on the socket the rights of its folder do, and a page is refused there too', async () => {
    const socket = await overSocket();
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'own'))).mode & 0o777).toBe(0o700);
    expect((await call(socket, '/crisis', { body: HELP })).status).toBe(200);
    const headers = { origin: 'https://app.example' };
    expect((await call(socket, '/crisis', { body: HELP, headers })).status).toBe(403);
  });
});

describe('CR-3 SE-5 two tokens over HTTP', () => {
  const ORIGIN = 'https://app.example';
  const page = { authorization: `Bearer ${PAGES}`, origin: ORIGIN };
  const by = { id: 'staff-7', role: 'clinician' };

  /** One person has a plan that is in memory, one that is on disk alone, and the first is in crisis mode. */
  async function withPlans(): Promise<string> {
    const url = await overHttp({ pagesToken: PAGES, origins: [ORIGIN] });
    const plan = {
      resources: [{ kind: 'contact', name: SECRET, phone: '+49 30 1234567' }],
    } as const;
    await runtime?.ready;
    await runtime?.crisisPlans.put('user-42', plan);
    await runtime?.crisisPlans.pin('user-42');
    await runtime?.crisisPlans.put('user-43', plan);
    await runtime?.crisisMode.enter({ subject: 'user-42', by, reason: 'test' });
    return url;
  }

  const ask = async (url: string, subject: string, headers: object) =>
    await call(url, '/crisis', {
      body: JSON.stringify({ subject, payload: subject }),
      headers: headers as Record<string, string>,
    });

  test('CR-3 the one of the app’s own back end gets plans', async () => {
    const url = await withPlans();
    await until(async () => {
      const { body } = await ask(url, 'user-42', AUTHORIZED);
      return body.plan === 'included' && body.crisisMode === 'subject' ? true : undefined;
    }, 'the plan');
    // A busy machine may not read it in time at once.
    const { body } = await until(async () => {
      const answer = await ask(url, 'user-43', AUTHORIZED);
      return answer.body.plan === 'included' ? answer : undefined;
    }, 'the plan on disk');
    expect(body.resources[0]).toMatchObject({ from: 'plan', name: SECRET });
    expect(body.message).toMatchObject({ state: 'notReached', from: 'builtIn' });
  });

  test('CR-3 the one of pages gets help lines and delivers, and learns nothing of anybody', async () => {
    const url = await withPlans();
    for (const headers of [page, { authorization: page.authorization }]) {
      const learnt = new Set<string>();
      for (const subject of ['user-42', 'user-43', 'nobody']) {
        const { status, body, text } = await ask(url, subject, headers);
        expect(status).toBe(200);
        expect(body).toMatchObject({ plan: 'withheld', crisisMode: 'none' });
        expect(body.resources.length).toBeGreaterThan(0);
        expect(text).not.toContain(SECRET);
        learnt.add(JSON.stringify([body.plan, body.crisisMode, body.resources]));
      }
      // The same for whoever has a plan and whoever has none.
      expect(learnt.size).toBe(1);
    }
    await taken(6);
    expect(delivered).toContain('user-43');
  });

  test('CR-3 crisis mode of everybody is no secret', async () => {
    const url = await withPlans();
    await runtime?.crisisMode.enter({ by, reason: 'test' });
    const seen = await until(async () => {
      const { body } = await ask(url, 'user-42', page);
      return body.crisisMode === 'none' ? undefined : body.crisisMode;
    }, 'crisis mode');
    expect(seen).toBe('global');
  });

  test('CR-3 a page may not have the other one, and a page’s does not open what is not for it', async () => {
    const url = await withPlans();
    const leaked = await ask(url, 'user-42', { ...AUTHORIZED, origin: ORIGIN });
    expect(leaked.status).toBe(401);
    expect(leaked.body.error.message).toContain('the token of pages (pagesToken)');
    expect(leaked.body.resources.length).toBeGreaterThan(0);
    expect(leaked.text).not.toContain(SECRET);
    expect((await call(url, '/health', { headers: page })).status).toBe(403);
    expect((await call(url, '/health', { headers: AUTHORIZED })).status).toBe(200);
    // How far a crisis is may be asked by who was told its id.
    const { body } = await ask(url, 'user-42', page);
    const asked = await call(url, `/crisis/${body.operationId}`, { headers: page });
    expect(asked.status).toBe(200);
    const wrong = await ask(url, 'user-42', { authorization: `Bearer ${PAGES}x`, origin: ORIGIN });
    expect(wrong.status).toBe(401);
    expect(wrong.headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  test('CR-3 without one of the two the other opens as before, and nothing opens for the missing one', async () => {
    start({ http: { pagesToken: PAGES } });
    const url = (await state()).url ?? '';
    expect((await ask(url, 'user-42', { authorization: `Bearer ${PAGES}` })).status).toBe(200);
    for (const authorization of [`Bearer ${TOKEN}`, 'Bearer ', 'Bearer null']) {
      expect((await ask(url, 'user-42', { authorization })).status).toBe(401);
    }
  });

  test('CR-3 who asks for many people is told of once, without their names, and refused nothing', async () => {
    const url = await overHttp({ pagesToken: PAGES, manySubjects: 5 });
    const facts: unknown[] = [];
    runtime?.subscribe((fact) => {
      if (fact.kind === 'crisis.manySubjects') facts.push(fact);
    });
    const guessing = async (headers: object, count: number): Promise<void> => {
      for (let number = 0; number < count; number += 1) {
        // One person who asks again and again is one.
        for (const subject of [`guess-${number}`, `guess-${number}`]) {
          expect((await ask(url, subject, headers)).status).toBe(200);
        }
      }
    };
    await guessing(AUTHORIZED, 4);
    await guessing({ authorization: page.authorization }, 4);
    expect(facts).toEqual([]);
    await guessing(AUTHORIZED, 20);
    await told('5 different subjects were asked for within ten minutes');
    await guessing({ authorization: page.authorization }, 20);
    await told('with the pagesToken of crisis.outside.http, 5 different subjects');
    await taken(96);
    expect(facts).toEqual([
      expect.objectContaining({ caller: 'backend', subjects: 5 }),
      expect.objectContaining({ caller: 'page', subjects: 5 }),
    ]);
    expect(errors.filter((error) => error.includes('different subjects'))).toHaveLength(2);
    expect(errors.join() + JSON.stringify(facts)).not.toContain('guess-');
  });
});

describe('CR-2 nothing in a crisis refuses it', () => {
  test('CR-2 no JSON, no body, no object, and what is too large are answered and delivered', async () => {
    const socket = await overSocket({ payloadBytesMax: 1_000 });
    const large = `{"subject":"user-42","payload":"${'x'.repeat(200_000)}`;
    const { status, body } = await call(socket, '/crisis', { body: 'I can not go on' });
    expect([status, body.plan]).toEqual([200, 'noSubject']);
    for (const sent of ['', '[1]', '"help"', 'null', large]) {
      const answer = await call(socket, '/crisis', { method: 'POST', body: sent });
      expect(answer.status).toBe(200);
      expect(answer.body.resources.length).toBeGreaterThan(0);
    }
    await taken(6);
    expect(delivered).toContain('I can not go on');
    expect(errors.join()).not.toContain('go on');
  });

  test('CR-1 what is no crisis is told how to ask', async () => {
    const socket = await overSocket();
    for (const [path, method, status] of [
      ['/crisis', 'GET', 405],
      ['/', 'GET', 404],
      ['/else', 'POST', 404],
      ['/crisis/unknown', 'GET', 404],
      ['//[', 'GET', 404],
    ] as const) {
      const answer = await call(socket, path, { method });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.body.error.code).toBe('HF_REQUEST_INVALID');
    }
  });
});

describe('CR-1 callers that do not end', () => {
  async function said(at: string, sends: readonly string[], pauseMs = 0): Promise<string> {
    const socket = connect(at);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    const closed = new Promise<void>((resolve) => {
      socket.on('close', () => {
        resolve();
      });
    });
    socket.on('error', () => undefined);
    for (const piece of sends) {
      if (socket.destroyed) break;
      socket.write(piece);
      await sleep(pauseMs);
    }
    await closed;
    return text;
  }

  test('CR-1 what is no HTTP gets an answer that says so', async () => {
    const socket = await overSocket();
    expect(await said(socket, ['{"subject":"user-42"}\n\n'])).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('CR-1 a request that trickles in is cut off, and others are answered meanwhile', async () => {
    const socket = await overSocket();
    const head = 'POST /crisis HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n';
    const slow = said(socket, [head, ...Array.from({ length: 200 }, () => 'x')], 50);
    expect((await call(socket, '/crisis', { body: HELP })).status).toBe(200);
    expect(await slow).toBe('');
  });

  test('CR-1 any number of idle connections lock nobody out', async () => {
    const socket = await overSocket();
    const idle = Array.from({ length: 600 }, () => connect(socket));
    for (const each of idle) each.on('error', () => undefined);
    await Promise.all(
      idle.map(async (each) => {
        if (!each.connecting) return;
        await new Promise((resolve) => {
          each.once('connect', resolve).once('error', resolve).once('close', resolve);
        });
      }),
    );
    for (let number = 0; number < 20; number += 1) {
      expect((await call(socket, '/crisis', { body: HELP })).status).toBe(200);
    }
    for (const each of idle) each.destroy();
  });
});

describe('SV-2 the thread of outside callers', () => {
  test('SV-2 is told of and started again where it ends, and the runtime goes on', async () => {
    const socket = await overSocket();
    const [thread] = threads;
    await thread?.terminate();
    await told('ended unexpectedly');
    const answer = await runtime?.crisis({ subject: 'user-42' });
    expect(answer?.source).toBe('local');
    await until(
      () => ((runtime?.getHealthStatus().outside?.restarts ?? 0) > 0 ? true : undefined),
      'a restart',
    );
    await state();
    expect((await call(socket, '/crisis', { body: HELP })).status).toBe(200);
    expect(runtime?.getHealthStatus()).toMatchObject({ outside: { restarts: 1, trouble: null } });
  });

  test('SV-2 a place that can not be had is told of, once, and had as soon as it can', async () => {
    const path = join(folder, 'own', 'crisis.sock');
    await mkdir(join(folder, 'own'), { mode: 0o700 });
    await writeFile(path, 'a file of somebody');
    start({ socketPath: path });
    await told('is there and is no socket');
    const health = runtime?.getHealthStatus();
    expect(health).toMatchObject({ outside: { socketPath: null }, overall: 'critical' });
    expect(health?.reasons.join()).toContain('is no socket');
    await rm(path);
    await state();
    expect((await call(path, '/crisis', { body: HELP })).status).toBe(200);
    expect(errors.filter((error) => error.includes('is no socket'))).toHaveLength(1);
    expect(runtime?.getHealthStatus().outside?.trouble).toBeNull();
  });

  test('SE-5 a folder that others can enter is refused, and one in use is not taken over', async () => {
    await mkdir(join(folder, 'open'), { mode: 0o755 });
    start({ socketPath: join(folder, 'open', 'crisis.sock') });
    await told('can be entered by other users. Run chmod 700 on it');
    await runtime?.close();
    errors = [];
    const socket = await overSocket();
    const first = runtime;
    start({ socketPath: socket });
    await told('is in use');
    await first?.close();
    await state();
    expect((await call(socket, '/crisis', { body: HELP })).status).toBe(200);
  });
});

describe('UX-2 the option crisis.outside', () => {
  test.each([
    [{}, 'crisis.outside must have a socketPath, or http, or both'],
    [
      { socketPath: true as const },
      'crisis.outside.socketPath must be a path where the store is in memory',
    ],
    [{ socketPath: 'crisis.sock' }, 'crisis.outside.socketPath must be true, for crisis.sock'],
    [{ socketPath: `/${'x'.repeat(103)}` }, 'at most 103 bytes'],
    [{ http: {} }, "crisis.outside.http must have a token, for the app's own back end, or a pages"],
    [
      { http: { token: TOKEN, pagesToken: TOKEN } },
      'crisis.outside.http.pagesToken must be another than token',
    ],
    [
      { http: { token: TOKEN, origins: ['https://app.example'] } },
      'crisis.outside.http.pagesToken is missing: pages (origins) ask with a token of their own',
    ],
    [{ http: { pagesToken: 'short' } }, 'crisis.outside.http.pagesToken must be a text of 32'],
    [
      { http: { token: TOKEN, manySubjects: 0 } },
      'crisis.outside.http.manySubjects must be a whole number from 1',
    ],
    [{ http: { token: 'short' } }, 'crisis.outside.http.token must be a text of 32 to 256'],
    [
      { http: { token: TOKEN, host: '0.0.0.0' } },
      'crisis.outside.http.host must be an address of loopback',
    ],
    [
      { http: { token: TOKEN, host: 'localhost' } },
      'crisis.outside.http.host must be an address of loopback',
    ],
    [
      { http: { token: TOKEN, port: 70_000 } },
      'crisis.outside.http.port must be a whole number from 0 to 65535',
    ],
    [
      { http: { token: TOKEN, hosts: ['a:80'] } },
      'crisis.outside.http.hosts[0] must be the name of a host',
    ],
    [
      { http: { token: TOKEN, origins: ['https://a/b'] } },
      'crisis.outside.http.origins[0] must be the origin',
    ],
  ])('UX-2 %j is refused by what is wrong with it', (outside, message) => {
    let caught: unknown;
    try {
      start(outside);
    } catch (error) {
      caught = error;
    }
    expect(String(caught)).toContain(message);
    expect(String(caught)).not.toContain('short');
    expect(String(caught)).not.toContain(TOKEN);
  });
});
