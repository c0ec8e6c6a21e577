import { afterEach, describe, expect, test } from 'vitest';
import { defineEntity } from '../../machines/merge/declaration/defineEntity.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { createRuntime, httpHandler, keyFile, passphrase, rawKey } from '../../src/index.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const MEMORY = { store: ':memory:' };
const run = (): null => null;
const recipe = defineEntity<{ title: string }>()({ type: 'recipe', fields: {} });

/** Calls with what no type allows, as JavaScript does. */
function untyped(owner: object, name: string): (...args: unknown[]) => unknown {
  return (...args) => {
    const called: unknown = Reflect.get(owner, name);
    if (typeof called !== 'function') throw new Error(`${name} is no function.`);
    return Reflect.apply(called, owner, args);
  };
}

/** What a call comes to, whether it throws or rejects. */
async function madeBy(call: () => unknown): Promise<unknown> {
  return await call();
}

const api = { createKeyFile, httpHandler, keyFile, passphrase };

const runtimes: Runtime[] = [];
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.close();
});
function started(): Runtime {
  const runtime = createRuntime({ ...MEMORY, handlers: { 'a.b': { upstream: 'default', run } } });
  runtimes.push(runtime);
  return runtime;
}

function withHandler(handler: object): object {
  return { ...MEMORY, handlers: { 'a.b': { upstream: 'default', run, ...handler } } };
}

describe('options of createRuntime', () => {
  test.each<[what: string, options: object, field: string, rule: RegExp]>([
    ['a path as a key', { store: '/x', key: './a.key' }, 'key', /keyFile\(path\)/],
    ['bytes as a key', { store: '/x', key: Buffer.alloc(32) }, 'key', /rawKey\(bytes\)/],
    ['a misspelt option', { ...MEMORY, hanlders: {} }, 'hanlders', /did you mean handlers\?/],
    [
      'a policy outside the layers',
      { ...MEMORY, retry: { attemptsMax: 3 } },
      'retry',
      /is a policy, set in policies\.defaults\.retry/,
    ],
    [
      'a threshold of earlier versions',
      { ...MEMORY, policies: { defaults: { degradation: { readyOperationsLimited: 5 } } } },
      'policies.defaults.degradation.readyOperationsLimited',
      /is not known; known are leaveShare, /,
    ],
    [
      'a misspelt upstream option',
      { ...MEMORY, upstreams: { a: { concurency: 1 } } },
      'upstreams.a.concurency',
      /mean concurrency/,
    ],
    [
      'an upstream whose name is too long',
      { ...MEMORY, upstreams: { ['a'.repeat(65)]: {} } },
      `upstreams.${'a'.repeat(65)}`,
      /1 to 64 letters, digits, - and _ that begin with a letter/,
    ],
    ['upstreams that are none', { ...MEMORY, upstreams: { a: null } }, 'upstreams.a', /an object/],
    ['handlers that are none', { ...MEMORY, handlers: [] }, 'handlers', /an object/],
    [
      'a misspelt crisis option',
      { ...MEMORY, crisis: { localAfter: 0 } },
      'crisis.localAfter',
      /mean localAfterMs/,
    ],
    [
      'a crisis type that no request could name',
      { ...MEMORY, crisis: { type: 'a b' } },
      'crisis.type',
      /words of letters/,
    ],
    [
      'crisis resources that are no list',
      { ...MEMORY, crisis: { resources: { kind: 'contact', name: 'x' } } },
      'crisis.resources',
      /array/,
    ],
    [
      'a type that no request could name',
      { ...MEMORY, handlers: { 'pay ments.push': { upstream: 'default', run } } },
      'handlers.pay ments.push',
      /words of letters/,
    ],
    [
      'a misspelt handler option',
      withHandler({ strictorder: true }),
      'handlers.a.b.strictorder',
      /mean strictOrder/,
    ],
    [
      'a time-out that is text',
      withHandler({ attemptTimeoutMs: '10' }),
      'handlers.a.b.attemptTimeoutMs',
      /milliseconds/,
    ],
    [
      'exemptions that are text',
      withHandler({ cardDataExempt: 'payload' }),
      'handlers.a.b.cardDataExempt',
      /an array/,
    ],
    [
      'an exemption below nothing',
      withHandler({ cardDataExempt: ['orderId'] }),
      'handlers.a.b.cardDataExempt[0]',
      /payload\.orderId/,
    ],
    [
      'conflicts that are none',
      withHandler({ conflicts: false }),
      'handlers.a.b.conflicts',
      /true/,
    ],
    [
      'conflicts with nothing that reads the record',
      withHandler({ conflicts: true }),
      'handlers.a.b.conflicts',
      /needs a function that reads the record/,
    ],
    [
      'conflicts of which nothing but the rounds is known',
      withHandler({ conflicts: { roundsMax: 3 } }),
      'handlers.a.b.conflicts.fetchCurrent',
      /needs a function that reads the record/,
    ],
    [
      'a misspelt option of conflicts',
      withHandler({ conflicts: { fetchCurent: run } }),
      'handlers.a.b.conflicts.fetchCurent',
      /mean fetchCurrent/,
    ],
    [
      'rounds without an end',
      withHandler({ conflicts: { fetchCurrent: run, roundsMax: Number.POSITIVE_INFINITY } }),
      'handlers.a.b.conflicts.roundsMax',
      /from 1 to 1000/,
    ],
    [
      'no silence at all',
      withHandler({ conflicts: { fetchCurrent: run, silentMaxMs: 0 } }),
      'handlers.a.b.conflicts.silentMaxMs',
      /1 or more milliseconds/,
    ],
    [
      'a plan that nothing makes',
      withHandler({ conflicts: { fetchCurrent: run, asCrisisPlan: true } }),
      'handlers.a.b.conflicts.asCrisisPlan',
      /a function/,
    ],
    [
      'an authority that is named',
      withHandler({ conflicts: { fetchCurrent: run, isAuthority: 'server' } }),
      'handlers.a.b.conflicts.isAuthority',
      /true or false/,
    ],
    ['the device of the server', { ...MEMORY, device: 'srv' }, 'device', /not srv/],
    ['a device without a name', { ...MEMORY, device: '' }, 'device', /1 to 64 letters/],
    ['a device with an address', { ...MEMORY, device: 'a@b.c' }, 'device', /1 to 64 letters/],
    [
      'a declaration of an entity in place of its rules',
      { ...MEMORY, entities: [{ type: 'recipe', fields: {} }] },
      'entities[0]',
      /defineEntity/,
    ],
    [
      'an entity that is declared twice',
      { ...MEMORY, entities: [recipe, recipe] },
      'entities[1]',
      /declare each entity once/,
    ],
    [
      'a deadline of no tier',
      { ...MEMORY, policies: { tiers: { gold: { responseDeadlineMs: 1 } } } },
      'policies.tiers.gold',
      /premium/,
    ],
    ['a listener that is none', { ...MEMORY, onError: 'log' }, 'onError', /a function/],
    ['an observer that is none', { ...MEMORY, inspect: {} }, 'inspect', /a function/],
    ['a clock that is none', { ...MEMORY, clock: Date }, 'clock', /an object/],
  ])('UX-2 %s is refused at once', (_, options, field, rule) => {
    let runtime: Runtime | undefined;
    try {
      runtime = createRuntime(options as RuntimeOptions);
    } catch (error) {
      expect(error).toMatchObject({ code: 'HF_OPTION_INVALID', field });
      expect(String(error)).toMatch(rule);
      return;
    }
    runtimes.push(runtime);
    expect.unreachable();
  });

  test('UX-2 the same is checked of a handler that is registered later', async () => {
    const handle = started().handle('a b', { upstream: 'default', run });
    await expect(handle).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'handlers.a b',
    });
  });

  test('UX-2 a request of a type without a handler is told which types have one', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers: { 'a.b': { upstream: 'default', run } } });
    const refused = runtime.sync({ type: 'b.a', subject: 's', tier: 'basic' });
    await expect(clock.run(refused)).rejects.toThrow(/registered are a\.b\./);
  });
});

describe('options of the sources and of httpHandler', () => {
  const baseUrl = 'https://api.example.com';
  test.each<[what: string, call: () => unknown, field: string]>([
    ['keyFile without a path', () => untyped(api, 'keyFile')(), 'path'],
    ['keyFile with an empty path', () => keyFile(''), 'path'],
    [
      'passphrase with another cost',
      () => untyped(api, 'passphrase')('a long enough text', { n: 2 ** 15 }),
      'n',
    ],
    [
      'passphrase with a number',
      () => untyped(api, 'passphrase')('a long enough text', 2 ** 15),
      'options',
    ],
    ['httpHandler without options', () => untyped(api, 'httpHandler')(), 'options'],
    [
      'a misspelt option',
      () => untyped(api, 'httpHandler')({ baseUrl, header: () => ({}) }),
      'header',
    ],
    [
      'headers that HTTP can not carry',
      () => untyped(api, 'httpHandler')({ baseUrl, headers: { a: 'b\nc' } }),
      'headers',
    ],
    ['a plain connection', () => httpHandler({ baseUrl: 'http://api.example.com' }), 'baseUrl'],
    [
      'one to another machine of the network',
      () => httpHandler({ baseUrl: 'http://127.0.0.1.example.com' }),
      'baseUrl',
    ],
    ['one to every address', () => httpHandler({ baseUrl: 'http://0.0.0.0:8081' }), 'baseUrl'],
    [
      'consent that is none',
      () => untyped(api, 'httpHandler')({ baseUrl, allowInsecure: 'yes' }),
      'allowInsecure',
    ],
  ])('UX-2 SE-5 %s is refused at once', (_, call, field) => {
    expect(call).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field }));
  });

  test('UX-2 createKeyFile without a path', async () => {
    await expect(madeBy(untyped(api, 'createKeyFile'))).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
    });
  });

  test.each([
    'http://localhost:8080',
    'http://api.localhost',
    'http://127.0.0.1',
    'http://127.9.9.9:8081/v1',
    'http://[::1]:3000',
    'https://api.example.com',
  ])('SE-5 %s needs no consent', (url) => {
    expect(httpHandler({ baseUrl: url })).toBeTypeOf('function');
  });

  test('SE-5 a plain connection is made where that is asked for by name', () => {
    const options = { baseUrl: 'http://api.example.com', allowInsecure: true };
    expect(httpHandler(options)).toBeTypeOf('function');
    expect(() => httpHandler({ ...options, allowInsecure: false })).toThrow(/allowInsecure: true/);
  });

  test('SE-4 rawKey with text', () => {
    expect(() => rawKey('a key' as unknown as Uint8Array)).toThrow(
      expect.objectContaining({ code: 'HF_KEY_INVALID' }),
    );
  });
});

describe('options of calls', () => {
  test.each<[what: string, call: (runtime: Runtime) => unknown, field: string]>([
    ['close', (r) => untyped(r, 'close')({ deadline: 1 }), 'deadline'],
    [
      'close, a deadline that is text',
      (r) => untyped(r, 'close')({ deadlineMs: '1' }),
      'deadlineMs',
    ],
    ['close, a number', (r) => untyped(r, 'close')(1_000), 'options'],
    ['backup', (r) => untyped(r, 'backup')('/tmp/x', { progress: run }), 'progress'],
    ['backup, no path', (r) => untyped(r, 'backup')(undefined), 'path'],
    ['syncAll', (r) => untyped(r, 'syncAll')([], { onresult: run }), 'onresult'],
    [
      'syncAll, a listener that is none',
      (r) => untyped(r, 'syncAll')([], { onResult: 1 }),
      'onResult',
    ],
    ['operations.page', (r) => untyped(r.operations, 'page')({ after: 1 }), 'after'],
    ['operations.page, text', (r) => untyped(r.operations, 'page')({ limit: '1' }), 'limit'],
    [
      'operations.page, an object',
      (r) => untyped(r.operations, 'page')({ afterSeq: { valueOf: 1 } }),
      'afterSeq',
    ],
    [
      'executeResilientSync',
      (r) => untyped(r, 'executeResilientSync')({ type: 'a.b', tier: 'basic' }, 'u'),
      'run',
    ],
    [
      'deadLetters.purgeAll',
      (r) => untyped(r.deadLetters, 'purgeAll')({}, { dryrun: true }),
      'dryrun',
    ],
    [
      'deadLetters.purgeAll, text',
      (r) => untyped(r.deadLetters, 'purgeAll')({}, { dryRun: 'yes' }),
      'dryRun',
    ],
    [
      'deadLetters.purgeAll, a filter',
      (r) => untyped(r.deadLetters, 'purgeAll')({ typ: 'a.b' }),
      'filter.typ',
    ],
    [
      'deadLetters.replayAll',
      (r) => untyped(r.deadLetters, 'replayAll')({}, { evenIfAplied: true }),
      'evenIfAplied',
    ],
    [
      'deadLetters.replayAll, a signal',
      (r) => untyped(r.deadLetters, 'replayAll')({}, { signal: {} }),
      'signal',
    ],
    ['deadLetters.replay', (r) => untyped(r.deadLetters, 'replay')('x', { paylod: 1 }), 'paylod'],
  ])('UX-2 a misspelt or unfit option of %s is refused', async (_, call, field) => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({});
    await clock.run(runtime.ready);
    await expect(clock.run(madeBy(() => call(runtime)))).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field,
    });
  });

  test('OP-5 UX-2 nothing is purged by a call whose option is misspelt', async () => {
    const { clock, boot } = createWorld();
    const fails = (): Promise<never> => Promise.reject(permanentFailure('No.'));
    const { runtime } = boot({ handlers: { 'a.b': { upstream: 'default', run: fails } } });
    const operation = await clock.run(runtime.sync({ type: 'a.b', subject: 's', tier: 'basic' }));
    await clock.run(operation.outcome);
    await expect(
      clock.run(madeBy(() => untyped(runtime.deadLetters, 'purgeAll')({}, { dryrun: true }))),
    ).rejects.toThrow(/did you mean dryRun\?/);
    expect(await clock.run(runtime.deadLetters.purgeAll({}, { dryRun: true }))).toMatchObject({
      done: 1,
    });
    expect(await clock.run(runtime.deadLetters.show(operation.id))).toMatchObject({
      id: operation.id,
    });
  });

  test('CB-1 UX-2 a breaker is forced open for a reason that people can read, or not at all', () => {
    const upstream = started().upstream('default');
    for (const reason of [undefined, '', 7, { a: 1 }, 'x'.repeat(1_001)]) {
      expect(() => {
        untyped(upstream, 'forceOpen')(reason);
      }).toThrow(expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'reason' }));
    }
    expect(upstream.breaker).toBe('closed');
    expect(() => {
      untyped(upstream, 'disable')(7);
    }).toThrow(expect.objectContaining({ field: 'reason' }));
    upstream.disable();
    expect(upstream.breaker).toBe('disabled');
  });
});

describe('ids from outside', () => {
  const ids: readonly unknown[] = [{ toString: 1 }, undefined, null, 7, ['x'], Symbol('x')];
  test.each<[what: string, call: (runtime: Runtime, id: unknown) => unknown]>([
    ['operations.get', (r, id) => untyped(r.operations, 'get')(id)],
    ['deadLetters.show', (r, id) => untyped(r.deadLetters, 'show')(id)],
    ['deadLetters.replay', (r, id) => untyped(r.deadLetters, 'replay')(id)],
    ['deadLetters.purge', (r, id) => untyped(r.deadLetters, 'purge')(id)],
    ['quarantine.show', (r, id) => untyped(r.quarantine, 'show')(id)],
    ['quarantine.retry', (r, id) => untyped(r.quarantine, 'retry')(id)],
    ['quarantine.purge', (r, id) => untyped(r.quarantine, 'purge')(id)],
  ])('UX-2 %s refuses what is no text, and no store hears of it', async (_, call) => {
    const { clock, boot } = createWorld();
    const { runtime, store } = boot({});
    await clock.run(runtime.ready);
    const asked: unknown[] = [];
    for (const from of [store, store.beside]) {
      const find = from.find.bind(from);
      from.find = async (id) => {
        asked.push(id);
        return await find(id);
      };
    }
    for (const id of ids) {
      const made = madeBy(() => call(runtime, id));
      await expect(clock.run(made)).rejects.toMatchObject({
        code: 'HF_OPTION_INVALID',
        field: 'id',
      });
    }
    expect(asked).toEqual([]);
    // Control: a text is asked for, whatever it says.
    await expect(runtime.operations.get('x').view()).rejects.toMatchObject({
      code: 'HF_OPERATION_UNKNOWN',
    });
    expect(asked).toEqual(['x']);
  });
});
