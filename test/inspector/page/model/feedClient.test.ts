import { describe, expect, test } from 'vitest';
import { FeedClient, retryWaitMs } from '../../../../inspector/page/model/feedClient.ts';
import type { Connection } from '../../../../inspector/page/model/pageState.ts';
import type { FeedMessage } from '../../../../inspector/protocol.ts';
import { INSPECTOR_PROTOCOL } from '../../../../inspector/protocol.ts';

const SESSION = { session: 's-1', canOperate: true, protocol: INSPECTOR_PROTOCOL };
const NEWS: FeedMessage = { kind: 'news', news: [] };
const AWAY: FeedMessage = { kind: 'away', reason: 'nobody', atMs: 1 };

type Reply = (init: RequestInit) => Response | Promise<Response>;

/** A server of a few replies by path, used up in order; a clock that a test moves; and all that was told. */
function line(replies: Readonly<Record<string, readonly Reply[]>>, kept: string | null = null) {
  const left = Object.fromEntries(Object.entries(replies).map(([path, list]) => [path, [...list]]));
  const asked: { readonly path: string; readonly bearer: string | null }[] = [];
  const told: Connection[] = [];
  const messages: FeedMessage[] = [];
  const sessions: boolean[] = [];
  let stored = kept;
  let timers: { readonly ms: number; readonly ring: () => void }[] = [];
  const client = new FeedClient(
    {
      fetch: async (path, init) => {
        asked.push({ path, bearer: new Headers(init.headers).get('authorization') });
        const reply = left[path]?.shift();
        if (reply === undefined) throw new TypeError('nobody listens');
        return reply(init);
      },
      clock: {
        now: () => 1_000,
        after: (ms, ring) => {
          const timer = { ms, ring };
          timers.push(timer);
          return () => {
            timers = timers.filter((other) => other !== timer);
          };
        },
      },
      random: () => 1,
      kept: {
        read: () => stored,
        write: (session) => {
          stored = session;
        },
      },
    },
    {
      onConnection: (connection) => told.push(connection),
      onSession: ({ canOperate }) => sessions.push(canOperate),
      onMessages: (batch) => messages.push(...batch),
    },
  );
  return {
    ...{ client, asked, told, messages, sessions },
    stored: () => stored,
    waits: () => timers.map(({ ms }) => ms),
    /** Lets everything that is ready happen, then the timers of so many milliseconds. */
    async pass(ms: number): Promise<void> {
      await settled();
      const due = timers.filter((timer) => timer.ms === ms);
      timers = timers.filter((timer) => !due.includes(timer));
      for (const timer of due) timer.ring();
      await settled();
    },
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
}

const json =
  (body: unknown, status = 200): Reply =>
  () =>
    Response.json(body, { status });
const refused = json({ ok: false, error: { code: 'HF_INSPECTOR_DENIED', message: 'no' } }, 401);
const feed =
  (...lines: readonly string[]): Reply =>
  () =>
    new Response(lines.join(''));
/** A feed that says no more and does not end, until it is given up. */
const silent: Reply = ({ signal }) =>
  new Response(
    new ReadableStream({
      start(stream) {
        signal?.addEventListener('abort', () => {
          stream.error(new Error('given up'));
        });
      },
    }),
  );

/** A feed that goes on for as long as the test speaks. */
function speaking() {
  let say: (text: string) => void = () => undefined;
  const reply: Reply = ({ signal }) =>
    new Response(
      new ReadableStream({
        start(stream) {
          say = (text) => {
            stream.enqueue(new TextEncoder().encode(text));
          };
          signal?.addEventListener('abort', () => {
            stream.error(new Error('given up'));
          });
        },
      }),
    );
  const says = async (text: string): Promise<void> => {
    await settled();
    say(text);
    await settled();
  };
  return { reply, says };
}

describe('OB-1 the line of the page', () => {
  test('AC-2 a token is exchanged once, and what follows carries the session', async () => {
    const it = line({
      '/session': [json(SESSION)],
      '/feed': [feed(`[${JSON.stringify(AWAY)}]\n`)],
    });
    void it.client.run('t-1');
    await settled();
    expect(it.asked.slice(0, 2)).toEqual([
      { path: '/session', bearer: 'Bearer t-1' },
      { path: '/feed', bearer: 'Bearer s-1' },
    ]);
    expect(it.messages).toEqual([AWAY]);
    expect(it.sessions).toContain(true);
    expect(JSON.parse(it.stored() ?? '')).toEqual(SESSION);
    it.client.stop();
  });

  test('OB-1 a feed that ends is asked for again, later each time', async () => {
    const it = line({ '/feed': [] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await it.pass(0);
    for (const ms of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      expect(it.waits()).toEqual([ms]);
      await it.pass(ms);
    }
    expect(it.told.every(({ state }) => state === 'lost')).toBe(true);
    expect(it.told[0]?.nextTryAtMs).toBe(1_500);
    it.client.stop();
  });

  test('OB-1 a feed that came begins the waits anew', async () => {
    const it = line({ '/feed': [] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await it.pass(500);
    expect(it.waits()).toEqual([1_000]);
    const it2 = line({ '/feed': [feed('[]\n'), feed('[]\n')] }, JSON.stringify(SESSION));
    void it2.client.run(null);
    await it2.pass(500);
    expect(it2.waits()).toEqual([500]);
    it.client.stop();
    it2.client.stop();
  });

  test('OB-1 a feed that is silent for two heartbeats and a half is dead', async () => {
    const it = line({ '/feed': [silent] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await it.pass(25_000);
    expect(it.told.at(-1)).toMatchObject({ state: 'lost' });
    it.client.stop();
  });

  test('OB-1 a process that stands still is told of within 5 s, and its line stands', async () => {
    const [word, beat] = [`[${JSON.stringify(NEWS)}]\n`, '[]\n'];
    const open = speaking();
    const it = line({ '/feed': [open.reply] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await open.says(word);
    await it.pass(4_000);
    // The page itself may have stood still: what came meanwhile is read first.
    expect(it.told).toEqual([]);
    await it.pass(250);
    expect(it.told).toEqual([
      {
        ...{ state: 'silent', sinceAtMs: 1_000, nextTryAtMs: null },
        reason:
          'The process has said nothing for 4 s: it is stopped, or its event loop is blocked. Answers to crises wait as long.',
      },
    ]);
    await open.says(beat);
    expect(it.told).toHaveLength(1);
    await open.says(word);
    expect(it.told.at(-1)).toMatchObject({ state: 'live', reason: null });
    expect(it.messages).toHaveLength(2);
    it.client.stop();
  });

  test('OB-1 nobody who runs it is no standstill, nor is a page that waits for its first word', async () => {
    const open = speaking();
    const it = line({ '/feed': [open.reply] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await settled();
    expect(it.waits()).toEqual([25_000]);
    await open.says(`[${JSON.stringify(AWAY)}]\n`);
    expect(it.waits()).toEqual([25_000]);
    it.client.stop();
  });

  test('AC-2 without a session, or once it has ended, only a new link helps', async () => {
    const none = line({});
    await none.client.run(null);
    expect(none.told.at(-1)).toMatchObject({ state: 'refused' });
    const over = line({ '/feed': [refused] }, JSON.stringify(SESSION));
    await over.client.run(null);
    expect(over.told.at(-1)).toMatchObject({ state: 'refused' });
    expect(over.stored()).toBeNull();
    const used = line({ '/session': [refused] });
    await used.client.run('t-1');
    expect(used.told.at(-1)?.reason).toContain('used up');
  });

  test('AC-2 a new link opens a page that kept the session of another process', async () => {
    const old = JSON.stringify({ ...SESSION, session: 's-0' });
    const it = line({ '/session': [json(SESSION)], '/feed': [refused, feed('[]\n')] }, old);
    void it.client.run('t-1');
    await settled();
    expect(it.asked.slice(0, 3).map(({ path }) => path)).toEqual(['/feed', '/session', '/feed']);
    expect(it.asked[2]?.bearer).toBe('Bearer s-1');
    it.client.stop();
  });

  test('AC-2 a token is spent once, and a session that ends is not called a used link', async () => {
    const it = line({ '/session': [json(SESSION)], '/feed': [feed('[]\n'), refused] });
    const running = it.client.run('t-1');
    await it.pass(500);
    await running;
    expect(it.asked.map(({ path }) => path)).toEqual(['/session', '/feed', '/feed']);
    expect(it.told.at(-1)).toMatchObject({ state: 'refused' });
    expect(it.told.at(-1)?.reason).toMatch(/^The session has ended/);
  });

  test('OB-1 a server of another protocol is not read', async () => {
    const it = line({ '/session': [json({ ...SESSION, protocol: 99 })] });
    await it.client.run('t-1');
    expect(it.told.at(-1)).toMatchObject({ state: 'refused' });
  });

  test('OB-1 why there is no feed now is said in the words of the server', async () => {
    const busy = json({ ok: false, error: { code: 'HF_BUSY', message: 'too many pages' } }, 503);
    const it = line({ '/feed': [busy] }, JSON.stringify(SESSION));
    void it.client.run(null);
    await settled();
    expect(it.told.at(-1)).toMatchObject({ state: 'lost', reason: 'too many pages' });
    it.client.stop();
  });

  test('OB-1 a line that is stopped tells nothing more', async () => {
    const it = line({ '/feed': [silent, feed('[]\n')] }, JSON.stringify(SESSION));
    const running = it.client.run(null);
    await settled();
    it.client.stop();
    await running;
    expect([it.told, it.waits()]).toEqual([[], []]);
  });

  test('OB-1 a call answers, also where nobody does', async () => {
    const it = line({ '/call': [json({ ok: true, result: 7 })] }, JSON.stringify(SESSION));
    expect(await it.client.call('operation.show', { id: 'x' })).toEqual({ ok: true, result: 7 });
    expect(await it.client.call('operation.show', { id: 'x' })).toMatchObject({ ok: false });
  });
});

test('OB-1 several pages do not come back at once', () => {
  expect([retryWaitMs(0, 0), retryWaitMs(0, 1)]).toEqual([250, 500]);
  expect([retryWaitMs(99, 0), retryWaitMs(99, 1)]).toEqual([5_000, 10_000]);
});
