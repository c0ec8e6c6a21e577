import { describe, expect, test } from 'vitest';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { FACT_TABLE } from '../../../actors/facts/factTable.ts';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../../src/virtual/virtualClock.ts';

/** A stream that says how many facts it has made. */
function openStream() {
  const clock = new VirtualClock();
  let made = 0;
  const table = {
    ...FACT_TABLE,
    'operation.duplicated': (operationId: string) => {
      made += 1;
      return { operationId };
    },
  };
  const stream = new FactStream(clock, {}, table);
  return { clock, stream, made: () => made };
}

/** Resolves once what was emitted has been told. */
const told = (): Promise<void> => Promise.resolve();

const idsOf = (facts: readonly Fact[]): readonly unknown[] =>
  facts.map((fact) => ('operationId' in fact ? fact.operationId : fact.kind));

describe('OB-5 the stream of facts', () => {
  test('OB-5 makes no fact while nobody listens, taps or not', () => {
    const { stream, made } = openStream();
    const tapped: string[] = [];
    stream.tap('operation.duplicated', (id) => tapped.push(id));
    stream.emit('operation.duplicated', 'a');
    expect(tapped).toEqual(['a']);
    expect(made()).toBe(0);
    const leave = stream.subscribe(() => undefined);
    stream.emit('operation.duplicated', 'b');
    expect(made()).toBe(1);
    leave();
    stream.emit('operation.duplicated', 'c');
    expect(made()).toBe(1);
    expect(tapped).toEqual(['a', 'b', 'c']);
  });

  test('OB-5 makes one fact for all who listen, at the time of the wall clock, frozen', async () => {
    const { clock, stream, made } = openStream();
    const seen: Fact[] = [];
    stream.subscribe((fact) => seen.push(fact));
    stream.subscribe((fact) => seen.push(fact));
    clock.setWall(5);
    stream.emit('operation.duplicated', 'a');
    expect(made()).toBe(1);
    await told();
    expect(seen).toEqual([
      { kind: 'operation.duplicated', atMs: VIRTUAL_EPOCH_MS + 5, operationId: 'a' },
      { kind: 'operation.duplicated', atMs: VIRTUAL_EPOCH_MS + 5, operationId: 'a' },
    ]);
    expect(seen[0]).toBe(seen[1]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  test('OB-5 what a listener sets off comes after, for every listener in the same order', async () => {
    const { stream } = openStream();
    const first: Fact[] = [];
    const second: Fact[] = [];
    stream.subscribe((fact) => {
      first.push(fact);
      if (first.length === 1) stream.emit('operation.duplicated', 'set off');
    });
    stream.subscribe((fact) => second.push(fact));
    stream.emit('operation.duplicated', 'a');
    stream.emit('operation.duplicated', 'b');
    await told();
    expect(idsOf(first)).toEqual(['a', 'b', 'set off']);
    expect(idsOf(second)).toEqual(['a', 'b', 'set off']);
  });

  test('OB-5 whoever has left is told nothing more, not even of the present fact', async () => {
    const { stream } = openStream();
    const seen: Fact[] = [];
    let leave = (): void => undefined;
    stream.subscribe(() => {
      leave();
    });
    leave = stream.subscribe((fact) => seen.push(fact));
    stream.emit('operation.duplicated', 'a');
    await told();
    expect(seen).toEqual([]);
  });

  test('OB-5 whoever comes later is not told of what happened before, though that is still to be told', async () => {
    const { stream } = openStream();
    const seen: Fact[] = [];
    stream.subscribe((fact) => {
      if (idsOf([fact])[0] === 'a') stream.subscribe((later) => seen.push(later));
    });
    stream.emit('operation.duplicated', 'a');
    stream.emit('operation.duplicated', 'b');
    await told();
    stream.emit('operation.duplicated', 'c');
    await told();
    expect(idsOf(seen)).toEqual(['c']);
  });

  test('OB-5 nobody is told in the midst of the work that tells', async () => {
    const { stream } = openStream();
    let isAtWork = true;
    const seen: boolean[] = [];
    stream.subscribe(() => seen.push(isAtWork));
    stream.emit('operation.duplicated', 'a');
    isAtWork = false;
    await told();
    expect(seen).toEqual([false]);
  });

  test('SV-2 a listener that throws, or rejects, is told of once and harms nobody', async () => {
    const { stream } = openStream();
    const noted: unknown[] = [];
    stream.tap('failure.noted', (error) => noted.push(error));
    const thrown = new Error('bad listener');
    const rejected = new Error('bad later');
    stream.subscribe(() => {
      throw thrown;
    });
    const later: unknown = async () => await Promise.reject(rejected);
    stream.subscribe(later as (fact: Fact) => void);
    const seen: Fact[] = [];
    stream.subscribe((fact) => seen.push(fact));
    for (const id of ['a', 'b', 'c']) stream.emit('operation.duplicated', id);
    await new Promise(setImmediate);
    expect(noted).toEqual([thrown, rejected]);
    expect(idsOf(seen)).toEqual(['a', 'b', 'c', 'failure.noted', 'failure.noted']);
  });
});
