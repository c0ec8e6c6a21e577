import { describe, expect, test } from 'vitest';
import { Sessions, TOKEN_LASTS_MS } from '../../../inspector/server/sessions.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import {
  away,
  bearer,
  hurriedClock,
  ServedInspector,
} from '../../support/inspector/servedInspector.ts';

const HOUR_MS = 3_600_000;

function begun(sessions: Sessions): string {
  const secret = sessions.begin(sessions.newToken());
  if (secret === null) throw new Error('a token that is none');
  return secret;
}

describe('AC-2 a session for whoever has the link', () => {
  test('AC-2: the link has the token behind #, and the page gets a session for it', async () => {
    const inspector = await ServedInspector.start({ canOperate: true });
    expect(inspector.server.link).toBe(
      `http://127.0.0.1:${inspector.port}/#token=${inspector.token}`,
    );
    expect(inspector.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const info = await inspector.session();
    expect(info).toEqual({ session: info.session, canOperate: true, protocol: 1 });
    expect(info.session).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(info.session).not.toBe(inspector.token);
  });

  test.each([
    ['nothing', {}],
    ['another token', bearer('x'.repeat(43))],
    ['an empty one', bearer('')],
    ['the token as a password', { authorization: `Basic ${btoa('x:TOKEN')}` }],
    ['the token as a cookie', { cookie: 'token=TOKEN' }],
    ['the token in another header', { 'x-token': 'TOKEN' }],
    ['the token without its last character', { authorization: 'Bearer TOKEN-' }],
    ['the token and more', { authorization: 'Bearer TOKENx' }],
    ['the token twice', { authorization: 'Bearer TOKEN TOKEN' }],
  ])('AC-2: %s gives no session', async (_, given) => {
    const inspector = await ServedInspector.start();
    const { token } = inspector;
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        value.replaceAll('TOKEN-', token.slice(0, -1)).replaceAll('TOKEN', token),
      ]),
    );
    const reply = await inspector.ask({ method: 'POST', path: '/session', headers });
    expect(reply.status).toBe(401);
    expect(reply.text).not.toContain('"session"');
  });

  test('AC-2: a token opens one page, once: what a browser keeps of its address is worth nothing', async () => {
    const inspector = await ServedInspector.start();
    const post = { method: 'POST', path: '/session', headers: bearer(inspector.token) };
    const first = await inspector.ask(post);
    expect(first).toMatchObject({ status: 200 });
    const second = await inspector.ask(post);
    expect(second.status).toBe(401);
    expect(second.text).toContain('another link');
    expect(second.text).not.toContain('"session"');
    const { session } = JSON.parse(first.text) as { readonly session: string };
    expect(await inspector.call('x', {}, session)).toMatchObject({ status: 403 });
  });

  test('AC-2: what is refused for another reason uses no token up', async () => {
    const inspector = await ServedInspector.start();
    const post = { method: 'POST', path: '/session' };
    for (const more of [{ origin: 'http://evil.example' }, { host: 'evil.example' }]) {
      await inspector.ask({ ...post, headers: { ...bearer(inspector.token), ...more } });
    }
    await inspector.ask({ ...post, method: 'GET', headers: bearer(inspector.token) });
    await inspector.ask({ ...post, headers: bearer(inspector.token), body: 'x'.repeat(20_000) });
    expect(await inspector.ask({ ...post, headers: bearer(inspector.token) })).toMatchObject({
      status: 200,
    });
  });

  test('AC-2: each link has a token of its own; of those unused, the last eight are good', () => {
    const sessions = new Sessions(new VirtualClock());
    const tokens = Array.from({ length: 10 }, () => sessions.newToken());
    expect(new Set(tokens).size).toBe(10);
    expect(tokens.map((token) => sessions.begin(token) !== null)).toEqual([
      ...[false, false],
      ...Array.from({ length: 8 }, () => true),
    ]);
    expect(tokens.map((token) => sessions.begin(token))).toEqual(tokens.map(() => null));
  });

  test('AC-2: the token is no session, and a session is no token', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const post = { method: 'POST', path: '/session' };
    expect(await inspector.ask({ ...post, headers: bearer(session) })).toMatchObject({
      status: 401,
    });
    const headers = bearer(inspector.token);
    expect(await inspector.ask({ path: '/feed', headers })).toMatchObject({ status: 401 });
    expect(await inspector.call('x', {}, inspector.token)).toMatchObject({ status: 401 });
    expect(inspector.source.watches).toBe(0);
  });

  test('AC-2: of another server neither is one, after a restart on the same port too', async () => {
    const first = await ServedInspector.start();
    const { session } = await first.session();
    await first.server.close();
    const second = await ServedInspector.start({ port: first.port });
    expect(await second.call('x', {}, session)).toMatchObject({ status: 401 });
    const headers = bearer(first.token);
    const reply = await second.ask({ method: 'POST', path: '/session', headers });
    expect(reply).toMatchObject({ status: 401 });
  });

  test('AC-2: after a logout a session is none, and its feed has ended; others go on', async () => {
    const inspector = await ServedInspector.start();
    const { session } = await inspector.session();
    const { session: other } = await inspector.session();
    const feed = await inspector.follow(session);
    await expect.poll(() => inspector.source.listeners.size).toBe(1);
    const headers = bearer(session);
    const out = { method: 'POST', path: '/logout', headers };
    expect(await inspector.ask(out)).toMatchObject({ status: 200 });
    await feed.ended;
    expect(inspector.source.listeners.size).toBe(0);
    expect(await inspector.ask({ path: '/feed', headers })).toMatchObject({ status: 401 });
    expect(await inspector.call('x', {}, session)).toMatchObject({ status: 401 });
    expect(await inspector.ask(out)).toMatchObject({ status: 401 });
    const kept = await inspector.follow(other);
    await expect.poll(() => kept.text()).toContain(JSON.stringify(away('nobody yet')));
  });

  test('AC-2: a wrong token is not answered at once', async () => {
    const inspector = await ServedInspector.start({ clock: hurriedClock(2) });
    const before = performance.now();
    await inspector.ask({ method: 'POST', path: '/session', headers: bearer('x'.repeat(43)) });
    expect(performance.now() - before).toBeGreaterThanOrEqual(240);
  });
});

describe('AC-2 sessions end', () => {
  test('AC-2: one that has asked for nothing for twelve hours', async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions(clock);
    const idle = begun(sessions);
    const used = begun(sessions);
    await clock.advance(11 * HOUR_MS);
    expect(sessions.find(used)).not.toBeNull();
    await clock.advance(2 * HOUR_MS);
    expect(sessions.find(idle)).toBeNull();
    expect(sessions.find(used)).not.toBeNull();
  });

  test('AC-2: one with an open feed stays', async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions(clock);
    const secret = begun(sessions);
    sessions.find(secret)?.onEnd.add(() => undefined);
    await clock.advance(48 * HOUR_MS);
    expect(sessions.find(secret)).not.toBeNull();
  });

  test('AC-2: there are sixteen at most: one more ends the longest idle, without a feed first', async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions(clock);
    const ended: number[] = [];
    const secrets: string[] = [];
    for (let at = 0; at < 16; at += 1) {
      await clock.advance(1);
      await clock.advance(1);
      const secret = begun(sessions);
      if (at < 3) sessions.find(secret)?.onEnd.add(() => ended.push(at));
      secrets.push(secret);
    }
    const begin = (): string => begun(sessions);
    begin();
    expect(sessions.find(secrets[3] ?? '')).toBeNull();
    expect(ended).toEqual([]);
    for (let more = 0; more < 100; more += 1) begin();
    expect(secrets.filter((secret) => sessions.find(secret) !== null)).toHaveLength(3);
    sessions.endAll();
    expect(ended).toEqual([0, 1, 2]);
  });
});

test('AC-2 a link that nobody has opened in time opens nothing', async () => {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const [first, second] = [sessions.newToken(), sessions.newToken()];
  await clock.advance(TOKEN_LASTS_MS - 1);
  expect(sessions.begin(first)).not.toBeNull();
  await clock.advance(1);
  expect(sessions.begin(second)).toBeNull();
  expect(sessions.begin(sessions.newToken())).not.toBeNull();
});

test('AC-2 several wrong tokens are told of, once; one that was used before is not', async () => {
  const inspector = await ServedInspector.start({ clock: hurriedClock(500) });
  const show = async (token: string) =>
    await inspector.ask({ method: 'POST', path: '/session', headers: bearer(token) });
  expect(await show(inspector.token)).toMatchObject({ status: 200 });
  expect(await show(inspector.token)).toMatchObject({ status: 401 });
  expect(inspector.errors).toEqual([]);
  for (let count = 0; count < 10; count += 1) await show('x'.repeat(43));
  expect(inspector.errors).toMatchObject([{ code: 'HF_ALERT' }]);
  expect(String(inspector.errors[0])).not.toContain('xxx');
});
