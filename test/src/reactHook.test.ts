import { useSelector } from '@xstate/react';
import { createElement, type ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import type { OperationActor } from '../../actors/port.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

interface Props {
  readonly actor: OperationActor | undefined;
}

function StateOf({ actor }: Props): ReactElement {
  const state = useSelector(actor, (snapshot) => snapshot?.value ?? 'parked');
  return createElement('p', null, typeof state === 'string' ? state : state.delivery);
}

test('OP-1 a component of React shows the state of an operation by useSelector', async () => {
  const world = createWorld();
  let answer: ((response: Json) => void) | undefined;
  const { runtime } = world.boot({
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () =>
          new Promise<Json>((resolve) => {
            answer = resolve;
          }),
      },
    },
  });
  const operation = await world.clock.run(runtime.sync(REQUEST));
  await world.clock.advance(10);
  const { actor } = operation;
  const shown = (): string => renderToString(createElement(StateOf, { actor }));
  expect(shown()).toBe('<p>attempting</p>');

  // The server renders once; a browser renders again when the hook's subscription tells it to.
  let told = 0;
  const subscription = actor?.subscribe(() => {
    told += 1;
  });
  answer?.(null);
  await world.clock.run(operation.outcome);
  expect(told).toBeGreaterThan(0);
  subscription?.unsubscribe();
  expect(shown()).toBe('<p>completed</p>');
  expect(renderToString(createElement(StateOf, { actor: operation.actor }))).toBe('<p>parked</p>');
});
