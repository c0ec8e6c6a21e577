import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { ToSpill } from '../../../actors/port.ts';
import {
  HoldfastError,
  type PlainError,
  toPlainError,
} from '../../../machines/vocabulary/errors.ts';
import { Spiller } from '../../../src/outside/spiller.ts';
import { until } from '../../support/process/outsideProcess.ts';

const CARD = '4111 1111 1111 1111';
const ends: MessagePort[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end.close();
});

function spiller(told: { kept?: string[]; failed?: PlainError[]; lost?: string[] } = {}): Spiller {
  return new Spiller({
    clock: systemClock,
    data: { type: 'crisis.alert', payloadBytesMax: 10_000 },
    onKept: (id) => told.kept?.push(id),
    onFailed: (error) => told.failed?.push(error),
    onLineLost: () => told.lost?.push('lost'),
  });
}

/** The end of a line at which the writer listens, and what it has heard there. */
function line(): {
  readonly writer: MessagePort;
  readonly end: MessagePort;
  readonly heard: ToSpill[];
} {
  const { port1: writer, port2: end } = new MessageChannel();
  ends.push(writer, end);
  const heard: ToSpill[] = [];
  writer.on('message', (asked: ToSpill) => heard.push(asked));
  return { writer, end, heard };
}

async function heardOf(heard: readonly ToSpill[], count: number): Promise<readonly ToSpill[]> {
  return await until(() => (heard.length >= count ? heard : undefined), `${count} messages`);
}

test('CR-4 SE-5 what is spilled has no card data that its type does not exempt', async () => {
  const made = spiller();
  const { end, heard } = line();
  made.handlersChanged(new Map([['payments.crisis', ['payload.card']]]));
  made.use(end);
  made.keep('1', { subject: 'user-42', payload: { card: CARD } });
  made.keep('2', { subject: 'user-42', type: 'payments.crisis', payload: { card: CARD } });
  const [first, second] = await heardOf(heard, 2);
  expect(JSON.stringify(first)).not.toContain(CARD);
  expect(JSON.stringify(first)).toContain('user-42');
  expect(JSON.stringify(second)).toContain(CARD);
});

test('CR-4 what comes before there is a line is asked for once there is one, and again on the next', async () => {
  const kept: string[] = [];
  const lost: string[] = [];
  const made = spiller({ kept, lost });
  made.keep('1', 'help');
  expect(made.canKeep).toBe(false);
  const first = line();
  made.use(first.end);
  await heardOf(first.heard, 1);
  first.writer.close();
  await until(() => lost[0], 'the loss of the line');
  expect(made.canKeep).toBe(false);
  const second = line();
  made.use(second.end);
  await heardOf(second.heard, 1);
  second.writer.postMessage({ kind: 'kept', id: '1' });
  await until(() => kept[0], 'the news that it is kept');
  made.drop('1');
  made.drop('1');
  made.drop('never kept');
  made.keep('2', 'help');
  expect((await heardOf(second.heard, 3)).map(({ kind }) => kind)).toEqual([
    'keep',
    'drop',
    'keep',
  ]);
});

test('CR-4 what the disk does not take is told, and tried again', async () => {
  const failed: PlainError[] = [];
  const made = spiller({ failed });
  const { writer, end, heard } = line();
  made.use(end);
  made.keep('1', 'help');
  await heardOf(heard, 1);
  const error = toPlainError(new HoldfastError('HF_STORE_FULL', 'No room.', { retry: 'later' }));
  writer.postMessage({ kind: 'notKept', id: '1', error });
  await heardOf(heard, 2);
  expect(failed.map(({ code }) => code)).toEqual(['HF_STORE_FULL']);
});
