/**
 * A client's side of a line whose owner reads nothing for a while.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Line } from '../../../src/connect/line.ts';
import { LineEnded } from '../../../src/connect/lineProtocol.ts';

const ASKS = 200;

function lineToOwnerThatReadsNothing() {
  const sent: string[] = [];
  let taken = (): void => undefined;
  const socket = new Duplex({
    highWaterMark: 16_384,
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      sent.push(chunk.toString());
      taken = done;
    },
  });
  const answer = { headers: { 'holdfast-frame-bytes-max': '100000' } };
  const line = new Line(socket, answer as unknown as IncomingMessage, Buffer.alloc(0));
  const ask = (name: 'call' | 'crisis') => {
    const params = { name, params: { text: 'x'.repeat(10_000) } } as never;
    const asked = line.ask(name, params, () => undefined);
    asked.answer.catch(() => undefined);
    return asked;
  };
  const readAll = async (): Promise<readonly unknown[]> => {
    for (let before = -1; before < sent.length; ) {
      before = sent.length;
      taken();
      await new Promise(setImmediate);
    }
    return sent.map((frame) => {
      const { n, ask: name, stop } = JSON.parse(frame) as { n: number; ask: string; stop: unknown };
      return stop === true ? `stop ${n}` : `${name} ${n}`;
    });
  };
  return { socket, ask, readAll };
}

test('SC-4 OP-6 what nobody waits for any more takes no memory while the owner reads nothing', async () => {
  const { socket, ask, readAll } = lineToOwnerThatReadsNothing();
  const all = Array.from({ length: ASKS }, () => ask('call'));
  for (const asked of all) asked.stop();
  expect(socket.writableLength).toBeLessThan(100_000);
  const sent = await readAll();
  expect(sent.length).toBeLessThan(10);
});

test('SC-4 CR-1 all is sent in its order when the owner reads on, and crises before the rest', async () => {
  const { ask, readAll } = lineToOwnerThatReadsNothing();
  for (let count = 0; count < ASKS; count += 1) ask('call');
  ask('crisis');
  const sent = await readAll();
  expect(sent.indexOf(`crisis ${ASKS + 1}`)).toBeLessThan(10);
  const calls = Array.from({ length: ASKS }, (_, at) => `call ${at + 1}`);
  expect(sent.filter((frame) => String(frame).startsWith('call'))).toEqual(calls);
});

function lineTo(said: string) {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _, done) => done() });
  const answer = { headers: { 'holdfast-frame-bytes-max': '100000' } };
  const line = new Line(socket, answer as unknown as IncomingMessage, Buffer.alloc(0));
  const asked = line.ask('view', { id: 'x' }, () => undefined);
  socket.push(`${said}\n`);
  asked.answer.catch(() => undefined);
  return { socket, line, answer: asked.answer };
}

function causes(depth: number): object {
  const cause = depth === 0 ? {} : { cause: causes(depth - 1) };
  return { name: 'Error', message: '', frames: '', ...cause };
}

describe('SC-4 AC-2 a frame that no owner of this version sends ends the line, and no process', () => {
  const wrong = [
    'null',
    '[]',
    '7',
    '"n"',
    'true',
    '{}',
    '{"n":null}',
    '{"n":"1","result":1}',
    '{"n":1}',
    '{"n":1,"error":null}',
    '{"n":1,"error":{}}',
    '{"n":1,"error":{"code":"HF_CLOSED","message":"","cause":null}}',
    '{"n":1,"error":{"code":"HF_CLOSED","message":"","cause":{"name":"Error"}}}',
    JSON.stringify({ n: 1, error: { code: 'HF_CLOSED', message: '', cause: causes(1_000) } }),
    '[[[[',
    '[null]',
  ];
  for (const said of wrong) {
    test(`SC-4 ${said.slice(0, 70)}`, async () => {
      const { socket, line, answer } = lineTo(said);
      await new Promise(setImmediate);
      expect(socket.destroyed, 'the line stands after a wrong frame').toBe(true);
      await expect(answer).rejects.toBeInstanceOf(LineEnded);
      await line.ended;
    });
  }

  test('SC-4 an error with its causes is none of them', async () => {
    const error = { code: 'HF_STORE_FULL', message: 'full', retry: 'later', cause: causes(2) };
    const { answer } = lineTo(JSON.stringify({ n: 1, error }));
    await expect(answer).rejects.toMatchObject({ code: 'HF_STORE_FULL', cause: { name: 'Error' } });
  });
});
