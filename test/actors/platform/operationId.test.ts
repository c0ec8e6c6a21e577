import { expect, test } from 'vitest';
import { operationId } from '../../../actors/platform/operationId.ts';
import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const UUID_VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('OP-1 an id is a UUID of version 7 and of the variant of RFC 9562', () => {
  for (let count = 0; count < 200; count += 1) {
    expect(operationId(systemClock.now(), systemRandom)).toMatch(UUID_VERSION_7);
    expect(operationId(new VirtualClock().now(), seededRandom(count))).toMatch(UUID_VERSION_7);
  }
});

test('OP-1 an id begins with the time in milliseconds, so that ids sort by it', async () => {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const ids: string[] = [];
  for (let count = 0; count < 50; count += 1) {
    ids.push(operationId(clock.now(), random));
    expect(Number.parseInt(ids.at(-1)?.replaceAll('-', '').slice(0, 12) ?? '', 16)).toBe(
      clock.now(),
    );
    await clock.advance(1 + random.below(100_000));
  }
  expect(ids.toSorted()).toEqual(ids);
});

test('OP-1 ids of one millisecond differ', () => {
  const clock = new VirtualClock();
  const ids = Array.from({ length: 10_000 }, () => operationId(clock.now(), systemRandom));
  expect(new Set(ids).size).toBe(ids.length);
});
