/**
 * Names that the path of a handler could never be made of are refused when the request comes, and not after it was
 * accepted, when the app has gone on.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { httpHandler } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const EDIT = { type: 'plans.put', subject: 'user-42', payload: { note: 'a' } };

function open(path = 'plans/{entity.id}') {
  const sent: string[] = [];
  const run = httpHandler({
    ...{ baseUrl: 'https://api.example.com/v1', method: 'PUT', path },
    fetch: async (url) => {
      sent.push(new URL(url).pathname);
      return await Promise.resolve(new Response(null, { status: 204 }));
    },
  });
  const world = createWorld();
  const { runtime } = world.boot({ handlers: { 'plans.put': { upstream: 'default', run } } });
  return { ...world, run, runtime, sent };
}

const plan = (id: string): SyncRequest => ({ ...EDIT, entity: { type: 'plan', id } });

const UNFIT: readonly string[] = [
  '..',
  '.',
  'canary\\b',
  '%2e%2e',
  'http://canary/Patient/1',
  'canary/../x',
  'canary/',
  '%41canary',
  'canary\n',
];

describe('OP-9 UX-2 names that the path could not be made of', () => {
  test.each(UNFIT)('OP-9 UX-2 the id %j is refused, by its field alone', async (id) => {
    const { clock, runtime, disk, sent } = open();
    await clock.run(runtime.ready);
    const error: unknown = await clock
      .run(runtime.sync(plan(id)))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'HF_REQUEST_INVALID', field: 'entity.id', retry: 'never' });
    expect(String(error)).toContain('plans/{entity.id}');
    expect(String(error)).not.toContain('canary');
    await clock.advance(60_000);
    expect(await disk.list({ afterSeq: 0, limit: 10 })).toEqual([]);
    expect(sent).toEqual([]);
  });

  test('OP-9 UX-2 a request without an entity is refused, and so is one of a bulk', async () => {
    const { clock, runtime, sent } = open();
    await clock.run(runtime.ready);
    await expect(clock.run(runtime.sync(EDIT))).rejects.toMatchObject({ field: 'entity' });
    const told: (string | undefined)[] = [];
    const requests = [plan('..'), plan('p 1/2'), EDIT];
    await clock.run(
      runtime.syncAll(requests, { onResult: ({ error }) => void told.push(error?.field) }),
    );
    expect(new Set(told)).toEqual(new Set(['entity', 'entity.id', undefined]));
    await clock.advance(1_000);
    expect(sent).toEqual(['/v1/plans/p%201%2F2']);
  });

  test('OP-9 UX-2 two names that are fit alone and not together are refused', async () => {
    const { clock, runtime } = open('plans/{subject}{entity.id}');
    await clock.run(runtime.ready);
    const request = { ...plan('.'), subject: '.' };
    await expect(clock.run(runtime.sync(request))).rejects.toMatchObject({ field: 'entity.id' });
  });

  test('OP-9 a request that names its own path needs no entity', async () => {
    const { clock, runtime, sent } = open();
    await clock.run(runtime.ready);
    await clock.run(runtime.sync({ ...EDIT, path: 'plans/own' }));
    await clock.advance(1_000);
    expect(sent).toEqual(['/v1/plans/own']);
  });

  test('OP-9 a function given with its request is asked itself, and a crisis never', async () => {
    const { clock, runtime, run, sent } = open();
    await clock.run(runtime.ready);
    const call = { type: 'plans.put', entity: { type: 'plan', id: '..' } };
    await expect(
      clock.run(runtime.executeResilientSync(call, 'user-42', run)),
    ).rejects.toMatchObject({ field: 'entity.id' });
    const own = runtime.executeResilientSync(call, 'user-42', () => null);
    expect(await clock.run(own)).toMatchObject({ success: true });
    const crisis = await clock.run(runtime.sync({ ...plan('..'), priority: 'crisis' }));
    expect(crisis.id).toBeTypeOf('string');
    expect(sent).toEqual([]);
  });
});
