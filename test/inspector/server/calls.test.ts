import { describe, expect, test } from 'vitest';
import type { InspectorCall } from '../../../inspector/server/inspectorCall.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import {
  bearer,
  hurriedClock,
  PlayedSource,
  ServedInspector,
} from '../../support/inspector/servedInspector.ts';

const CALLS: readonly InspectorCall[] = [
  { name: 'look', kind: 'look', params: ['id'], answer: { fields: { id: 'plain' } } },
  { name: 'order', kind: 'order', params: ['id'], answer: 'nothing' },
];

describe('AC-2 the calls of a page', () => {
  test('AC-2: a call is made, and its answer cut to what is listed', async () => {
    const inspector = await ServedInspector.start({ calls: CALLS });
    inspector.source.answer = async () => ({
      id: 'a',
      subject: 'canary',
      nested: { id: 'canary' },
    });
    const reply = await inspector.call('look', { id: 'a' });
    expect(reply).toMatchObject({ status: 200, text: '{"ok":true,"result":{"id":"a"}}\n' });
    expect(inspector.source.asked).toEqual([{ name: 'look', params: { id: 'a' } }]);
  });

  test('AC-2: without a session none is made', async () => {
    const inspector = await ServedInspector.start({ calls: CALLS, canOperate: true });
    for (const headers of [{}, bearer('x'), bearer(inspector.token)]) {
      const body = JSON.stringify({ name: 'order', params: { id: 'a' } });
      const reply = await inspector.ask({ method: 'POST', path: '/call', headers, body });
      expect(reply).toMatchObject({ status: 401 });
    }
    expect(inspector.source.asked).toEqual([]);
  });

  test('AC-2: an order is taken only where the server was started to operate', async () => {
    const looking = await ServedInspector.start({ calls: CALLS });
    const refused = await looking.call('order', { id: 'a' });
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text)).toMatchObject({
      ok: false,
      error: {
        code: 'HF_INSPECTOR_READ_ONLY',
        message: expect.stringContaining('--operate') as string,
      },
    });
    expect(looking.source.asked).toEqual([]);
    const operating = await ServedInspector.start({ calls: CALLS, canOperate: true });
    operating.source.answer = async () => ({ secret: 'canary' });
    expect(await operating.call('order', { id: 'a' })).toMatchObject({
      status: 200,
      text: '{"ok":true,"result":null}\n',
    });
    expect(operating.source.asked).toHaveLength(1);
  });

  test.each([
    'conflict.show',
    'deadLetter.answer',
    'look ',
    '',
    '__proto__',
    'constructor',
    'Look',
  ])('AC-2: %j is not offered, to operate either', async (name) => {
    const inspector = await ServedInspector.start({ calls: CALLS, canOperate: true });
    expect(await inspector.call(name)).toMatchObject({ status: 403 });
    expect(inspector.source.asked).toEqual([]);
  });

  test.each(['subject', 'entity', 'tag', '__proto__', 'ID'])(
    'AC-2: a parameter %s that is not listed is refused',
    async (name) => {
      const inspector = await ServedInspector.start({ calls: CALLS });
      const { session } = await inspector.session();
      const body = `{"name":"look","params":{"id":"a","${name}":"canary"}}`;
      const asked = { method: 'POST', path: '/call', headers: bearer(session), body };
      const reply = await inspector.ask(asked);
      expect(reply.status).toBe(403);
      expect(reply.text).not.toContain('canary');
      expect(inspector.source.asked).toEqual([]);
    },
  );

  test.each([
    '',
    'no json',
    '[]',
    'null',
    '"look"',
    '{}',
    '{"name":1}',
    '{"name":"look","params":[]}',
    '{"name":"look","params":1}',
  ])('AC-2: %j is no call', async (body) => {
    const inspector = await ServedInspector.start({ calls: CALLS });
    const { session } = await inspector.session();
    const asked = { method: 'POST', path: '/call', headers: bearer(session), body };
    expect(await inspector.ask(asked)).toMatchObject({ status: 400 });
    expect(inspector.source.asked).toEqual([]);
  });

  test('AC-2: of an error the message leaves only where it is a sentence about the call', async () => {
    const inspector = await ServedInspector.start({ calls: CALLS });
    const { session } = await inspector.session();
    const failing = async (error: unknown): Promise<unknown> => {
      inspector.source.answer = async () => {
        throw error;
      };
      return JSON.parse((await inspector.call('look', {}, session)).text);
    };
    const own = new HoldfastError('HF_NOT_DEAD_LETTERED', 'It is none.', {
      path: '/canary',
      field: 'canary',
      cause: new Error('canary'),
    });
    expect(await failing(own)).toEqual({
      ok: false,
      error: { code: 'HF_NOT_DEAD_LETTERED', message: 'It is none.' },
    });
    for (const error of [
      new HoldfastError('HF_UPSTREAM_REFUSED', 'canary'),
      new HoldfastError('HF_STORE_IO', 'canary'),
      new HoldfastError('HF_INTERNAL', 'canary'),
      new Error('canary'),
      'canary',
      null,
    ]) {
      const said = JSON.stringify(await failing(error));
      expect(said).toMatch(/"code":"HF_(?:UPSTREAM_REFUSED|STORE_IO|INTERNAL)"/);
      expect(said).not.toContain('canary');
    }
  });

  test('AC-2: eight are made at once; one that hangs is answered, and what it holds is bounded', async () => {
    const source = new PlayedSource();
    const inspector = await ServedInspector.start({
      calls: CALLS,
      source,
      clock: hurriedClock(20),
    });
    const { session } = await inspector.session();
    const free: (() => void)[] = [];
    source.answer = () =>
      new Promise((resolve) => {
        free.push(() => {
          resolve({ id: 'late' });
        });
      });
    const hanging = Array.from({ length: 8 }, () => inspector.call('look', {}, session));
    await expect.poll(() => source.asked.length).toBe(8);
    expect(await inspector.call('look', {}, session)).toMatchObject({ status: 503 });
    for (const reply of await Promise.all(hanging)) {
      expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'HF_STORE_STALLED' } });
    }
    expect(await inspector.call('look', {}, session)).toMatchObject({ status: 503 });
    for (const end of free) end();
    await expect.poll(async () => (await inspector.ask()).status).toBe(200);
    source.answer = async () => ({ id: 'b' });
    expect(await inspector.call('look', {}, session)).toMatchObject({ status: 200 });
  });
});
