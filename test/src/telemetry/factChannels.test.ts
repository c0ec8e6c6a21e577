import diagnostics from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { FACT_KINDS, FACT_TABLE } from '../../../actors/facts/factTable.ts';
import type { FactKind, FactMessage } from '../../../src/index.ts';
import { factChannels } from '../../../src/telemetry/log.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** What is published of a kind, until the test is over. */
function published<Kind extends FactKind>(kind: Kind): readonly FactMessage<Kind>[] {
  const messages: FactMessage<Kind>[] = [];
  const listener = (message: unknown, name: string | symbol): void => {
    expect(name).toBe(`holdfast:${kind}`);
    messages.push(message as FactMessage<Kind>);
  };
  diagnostics.subscribe(`holdfast:${kind}`, listener);
  onTestFinished(() => {
    diagnostics.unsubscribe(`holdfast:${kind}`, listener);
  });
  return messages;
}

describe('OB-6 node:diagnostics_channel', () => {
  test('OB-6 has a channel for each kind of fact, and says of which runtime it is', async () => {
    const ended = published('operation.ended');
    const started = published('runtime.started');
    const handlers = { 'payments.push': { upstream: 'default', run: () => null } };
    const { clock, boot } = createWorld();
    const one = boot({ handlers, name: 'one' }).runtime;
    const other = createWorld();
    const two = other.boot({ handlers, name: 'two' }).runtime;
    await other.clock.run(two.ready);
    await clock.run(one.ready);
    const operation = await clock.run(one.sync({ ...REQUEST, payload: { note: 'the-secret' } }));
    await clock.run(operation.outcome);
    await clock.advance(10);
    expect(ended).toMatchObject([
      { runtime: 'one', fact: { operationId: operation.id, ending: 'completed' } },
    ]);
    expect(Object.isFrozen(ended[0])).toBe(true);
    expect(Object.isFrozen(ended[0]?.fact)).toBe(true);
    expect(JSON.stringify(ended)).not.toMatch(/user-42|the-secret/);
    expect(started.map(({ runtime }) => runtime)).toEqual(['one', 'two']);
    await clock.run(one.close());
    await other.clock.run(two.close());
  });

  test('OB-6 the name of a runtime is that of its store where none is given', async () => {
    const { clock, boot } = createWorld();
    const started = published('runtime.started');
    const { runtime } = boot();
    await clock.run(runtime.ready);
    await clock.run(runtime.close());
    expect(started.map((message) => message.runtime)).toEqual([':memory:']);
  });

  test('OB-6 costs no fact without a subscriber, and one of a kind makes no fact of another', async () => {
    let made = 0;
    const table = {
      ...FACT_TABLE,
      'record.newer': (operationId: string) => {
        made += 1;
        return { operationId };
      },
    };
    const stream = new FactStream(new VirtualClock(), factChannels('it'), table);
    const others = published('operation.duplicated');
    stream.emit('record.newer', 'a');
    expect(made).toBe(0);
    const messages = published('record.newer');
    stream.emit('record.newer', 'b');
    // Told after the work that it is part of, as to every listener.
    expect(messages).toEqual([]);
    await Promise.resolve();
    expect(messages).toMatchObject([{ runtime: 'it', fact: { operationId: 'b' } }]);
    expect(others).toEqual([]);
    expect(made).toBe(1);
  });

  test('OB-6 whoever subscribes and leaves while it runs is told of what happens meanwhile', async () => {
    const stream = new FactStream(new VirtualClock(), factChannels('it'));
    for (const kind of FACT_KINDS)
      expect(diagnostics.hasSubscribers(`holdfast:${kind}`)).toBe(false);
    const told: unknown[] = [];
    const listener = (message: unknown): void => {
      told.push(message);
      diagnostics.unsubscribe('holdfast:record.newer', listener);
    };
    diagnostics.subscribe('holdfast:record.newer', listener);
    for (const id of ['a', 'b']) {
      stream.emit('record.newer', id);
      await Promise.resolve();
    }
    expect(told).toMatchObject([{ fact: { operationId: 'a' } }]);
  });
});
