import { expect, test } from 'vitest';
import type { LoadedKey } from '../../../persistence/sealing/keySource.ts';
import { rawKey, withKeyTimeout } from '../../../persistence/sealing/keySource.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const REQUEST = { storeFolder: '/nowhere', kdf: null };

test('SE-2 SV-6 a key that comes in time is given on, and nothing is left that wakes', async () => {
  const clock = new VirtualClock();
  const source = withKeyTimeout(rawKey(new Uint8Array(32).fill(7)), clock, 1_000);
  expect(source.kind).toBe('raw');
  expect((await source.load(REQUEST)).key).toEqual(new Uint8Array(32).fill(7));
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('SE-2 SV-6 a key that comes too late is wiped', async () => {
  const clock = new VirtualClock();
  let answer: (loaded: LoadedKey) => void = () => undefined;
  const slow = {
    kind: 'vault',
    load: () =>
      new Promise<LoadedKey>((resolve) => {
        answer = resolve;
      }),
  };
  const loading = withKeyTimeout(slow, clock, 1_000).load(REQUEST);
  const refusal = loading.catch((error: unknown) => error);
  await clock.advance(1_000);
  expect(await refusal).toMatchObject({
    code: 'HF_KEY_UNAVAILABLE',
    retry: 'later',
    message:
      'The key source "vault" did not answer within 1000 ms. Crises are answered; the start is tried again.',
  });
  const key = new Uint8Array(32).fill(7);
  answer({ key, kdf: null });
  await clock.advance(0);
  expect(key).toEqual(new Uint8Array(32));
});

test('SE-2 SV-6 a source is asked what it was asked before, and what it fails with is given on', async () => {
  const clock = new VirtualClock();
  const asked: unknown[] = [];
  const failure = new Error('sealed');
  const failing = {
    kind: 'vault',
    load: (request: unknown) => {
      asked.push(request);
      return Promise.reject(failure);
    },
  };
  await expect(withKeyTimeout(failing, clock, 1_000).load(REQUEST)).rejects.toBe(failure);
  expect(asked).toEqual([REQUEST]);
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('SE-2 SV-6 a key that comes just in time is not wiped', async () => {
  const clock = new VirtualClock();
  let answer: (loaded: LoadedKey) => void = () => undefined;
  const slow = {
    kind: 'vault',
    load: () =>
      new Promise<LoadedKey>((resolve) => {
        answer = resolve;
      }),
  };
  const loading = withKeyTimeout(slow, clock, 1_000).load(REQUEST);
  await clock.advance(999);
  answer({ key: new Uint8Array(32).fill(7), kdf: null });
  expect((await loading).key).toEqual(new Uint8Array(32).fill(7));
});
