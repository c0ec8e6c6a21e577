import { describe, expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { createRuntime, type Runtime, rawKey } from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const GOOD: SyncRequest = { type: 'payments.push', subject: 'user-42', tier: 'premium' };
const HANDLERS: RuntimeOptions['handlers'] = {
  'payments.push': { upstream: 'default', run: () => null },
};
const holdsItself: Record<string, unknown> = {};
holdsItself['self'] = holdsItself;

const BAD_REQUESTS: readonly (readonly [string, unknown, string, string])[] = [
  ['nothing at all', null, 'HF_REQUEST_INVALID', 'request'],
  ['a list', [], 'HF_REQUEST_INVALID', 'request'],
  ['an unknown tier', { ...GOOD, tier: 'gold' }, 'HF_REQUEST_INVALID', 'tier'],
  ['no subject', { ...GOOD, subject: undefined }, 'HF_REQUEST_INVALID', 'subject'],
  ['an empty subject', { ...GOOD, subject: '' }, 'HF_REQUEST_INVALID', 'subject'],
  ['a type that is no name', { ...GOOD, type: 'no name' }, 'HF_REQUEST_INVALID', 'type'],
  ['an unknown type', { ...GOOD, type: 'payments.pull' }, 'HF_HANDLER_UNKNOWN', 'type'],
  ['an unknown priority', { ...GOOD, priority: 'urgent' }, 'HF_REQUEST_INVALID', 'priority'],
  ['an unknown field', { ...GOOD, prioritty: 'high' }, 'HF_REQUEST_INVALID', 'request'],
  ['half an entity', { ...GOOD, entity: { type: 'a' } }, 'HF_REQUEST_INVALID', 'entity.id'],
  ['a function', { ...GOOD, payload: { a: () => 1 } }, 'HF_REQUEST_INVALID', 'payload'],
  ['not a number', { ...GOOD, payload: [Number.NaN] }, 'HF_REQUEST_INVALID', 'payload'],
  ['a circle', { ...GOOD, payload: holdsItself }, 'HF_REQUEST_INVALID', 'payload'],
  ['a date', { ...GOOD, base: new Date(0) }, 'HF_REQUEST_INVALID', 'base'],
  ['too much', { ...GOOD, payload: 'x'.repeat(2_000) }, 'HF_PAYLOAD_TOO_LARGE', 'payload'],
  [
    'a card number',
    { ...GOOD, payload: { note: '4111 1111 1111 1111' } },
    'HF_CARD_NUMBER_REFUSED',
    'payload',
  ],
  ['a fraction of time', { ...GOOD, expiresAtMs: 1.5 }, 'HF_REQUEST_INVALID', 'expiresAtMs'],
  [
    'a long key',
    { ...GOOD, idempotencyKey: 'k'.repeat(257) },
    'HF_REQUEST_INVALID',
    'idempotencyKey',
  ],
];

describe('UX-2 what is wrong with a request is said by name, and nothing is done', () => {
  test.each(BAD_REQUESTS)('UX-2 %s is refused', async (_, request, code, field) => {
    const { clock, disk, boot } = createWorld();
    const { runtime } = boot({ handlers: HANDLERS, payloadBytesMax: 1_000 });
    await clock.run(runtime.ready);

    const refused = runtime.sync(request as SyncRequest);
    await expect(clock.run(refused)).rejects.toMatchObject({ code, field, retry: 'never' });
    await clock.advance(60_000);
    expect(await disk.list({ afterSeq: 0, limit: 10 })).toEqual([]);
  });

  test('UX-2 a refusal never repeats the value it refuses', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: HANDLERS });
    for (const field of ['type', 'subject', 'tier', 'priority', 'method'] as const) {
      const error: unknown = await clock
        .run(runtime.sync({ ...GOOD, [field]: '\0canary' }))
        .catch((thrown: unknown) => thrown);
      expect(String(error)).toContain(field);
      expect(String(error)).not.toContain('canary');
    }
  });
});

const BAD_OPTIONS: readonly (readonly [string, unknown, string])[] = [
  ['no store', {}, 'store'],
  ['no key for a folder', { store: '/tmp/somewhere' }, 'key'],
  ['a path for a key', { store: '/tmp/somewhere', key: './holdfast.key' }, 'key'],
  ['an unknown option', { store: ':memory:', hanlders: {} }, 'hanlders'],
  [
    'a handler of an unknown upstream',
    { store: ':memory:', handlers: { 'a.b': { upstream: 'nowhere', run: () => null } } },
    'handlers.a.b.upstream',
  ],
  [
    'a handler without a function',
    { store: ':memory:', handlers: { 'a.b': { upstream: 'default' } } },
    'handlers.a.b.run',
  ],
  [
    'no places at all',
    { store: ':memory:', upstreams: { payments: { concurrency: 0 } } },
    'upstreams.payments.concurrency',
  ],
  [
    'an unknown tier',
    { store: ':memory:', policies: { tiers: { gold: { retry: {} } } } },
    'policies.tiers.gold',
  ],
  ['a negative span', { store: ':memory:', retentionMs: -1 }, 'retentionMs'],
];

describe('UX-2 what is wrong with an option is said by name', () => {
  test.each(BAD_OPTIONS)('UX-2 %s', (_, options, field) => {
    expect(() => createRuntime(options as RuntimeOptions)).toThrow(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field }),
    );
  });

  test('UX-2 an upstream that does not exist is named as such', async () => {
    const runtime: Runtime = createRuntime({ store: ':memory:' });
    expect(() => runtime.upstream('nowhere')).toThrow(
      expect.objectContaining({ code: 'HF_UPSTREAM_UNKNOWN' }),
    );
    await expect(
      runtime.executeResilientSync(
        { type: 'a.b', tier: 'basic', upstream: 'nowhere' },
        'user-42',
        () => null,
      ),
    ).rejects.toMatchObject({ code: 'HF_UPSTREAM_UNKNOWN' });
    await runtime.close();
  });

  test('SE-4 a wrong key opens nothing, says so, and crises are answered all the same', async () => {
    const store = tempFolder();
    const first = createRuntime({ store, key: rawKey(Buffer.alloc(32, 1)), handlers: HANDLERS });
    const { id } = await first.sync(GOOD);
    await first.close();

    const heard: unknown[] = [];
    const wrong = createRuntime({
      store,
      key: rawKey(Buffer.alloc(32, 2)),
      handlers: HANDLERS,
      onError: (error) => heard.push(error),
    });
    await expect(wrong.ready).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    await expect(wrong.sync(GOOD)).rejects.toMatchObject({ code: 'HF_KEY_WRONG' });
    const answer = await wrong.crisis({ subject: 'user-42' });
    expect(answer.resources.length).toBeGreaterThan(0);
    await wrong.close();
    // A program that never looks at `ready` hears the same.
    expect(heard).toEqual([
      expect.objectContaining({ code: 'HF_KEY_WRONG' }),
      // There is no handler for the crisis.
      expect.objectContaining({ code: 'HF_HANDLER_UNKNOWN' }),
    ]);

    const again = createRuntime({ store, key: rawKey(Buffer.alloc(32, 1)), handlers: HANDLERS });
    await again.ready;
    expect((await again.operations.get(id).view()).id).toBe(id);
    await again.close();
  });
});
