// @vitest-environment jsdom
/**
 * The components of docs/how-to/show-work-in-react.md, rendered as an app renders them.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import { useSelector } from '@xstate/react';
import { act, createElement, type FunctionComponent } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { JsxEmit, ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Operation, transientFailure } from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

/** What the samples of the page export. */
interface Page {
  readonly Payment: FunctionComponent<{ readonly operation: Operation }>;
  readonly followed: (listen: (take: (known: unknown) => void) => () => void) => unknown;
  readonly useFollowed: (source: unknown) => { readonly value: string } | undefined;
}

/** The samples of the page in TSX, as one module. */
function page(): Page {
  const text = readFileSync('docs/how-to/show-work-in-react.md', 'utf8');
  const exported: Partial<Page> = {};
  for (const [, code = ''] of text.matchAll(/^```tsx\n([^]*?)^```$/gm)) {
    const { outputText } = transpileModule(code, {
      compilerOptions: {
        module: ModuleKind.CommonJS,
        target: ScriptTarget.ES2022,
        jsx: JsxEmit.ReactJSX,
      },
    });
    const require = createRequire(import.meta.url);
    runInThisContext(`(exports, require) => { ${outputText} }`)(exported, require);
  }
  return exported as Page;
}

/** What of the DOM is read here. */
interface Shown {
  readonly textContent: string;
}
interface Dom {
  readonly document: { createElement(tag: string): Shown };
}

let root: Root;
let shown: Shown;

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  shown = (globalThis as unknown as Dom).document.createElement('div');
  root = createRoot(shown);
});

afterEach(() => {
  act(() => {
    root.unmount();
  });
  vi.unstubAllGlobals();
});

/** A world whose bank is closed until it is opened. */
function bank() {
  const world = createWorld();
  let isOpen = false;
  const options = {
    residentsMax: 1,
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: async () => {
          await new Promise<void>((answer) => {
            world.clock.schedule(500, answer);
          });
          if (!isOpen) throw transientFailure('The bank is closed.');
          return null;
        },
      },
    },
  };
  const open = (): void => {
    isOpen = true;
  };
  return { ...world, options, open };
}

test('OP-11 the component of the how-to follows an operation through back-offs and a restart', async () => {
  const { Payment } = page();
  const { clock, boot, options, open } = bank();
  const first = boot(options);
  const operation = await clock.run(first.runtime.sync(REQUEST));
  act(() => {
    root.render(createElement(Payment, { operation }));
  });
  expect(shown.textContent).toBe('Saved, and on its way');
  await act(() => clock.advance(2_000));
  expect(shown.textContent).toBe('Saved, and tried again: The bank is closed.');

  first.kill();
  const { runtime } = boot(options);
  const found = runtime.operations.get(operation.id);
  act(() => {
    root.render(createElement(Payment, { operation: found }));
  });
  expect(shown.textContent).toBe('Loading');
  await act(() => clock.advance(1_000));
  expect(shown.textContent).toBe('Saved, and tried again: The bank is closed.');
  open();
  await act(() => clock.run(found.outcome));
  expect(shown.textContent).toBe('Paid');
  await clock.run(runtime.close());
});

test('OP-11 useSelector of @xstate/react follows it, too', async () => {
  const { clock, boot, options, open } = bank();
  const { runtime } = boot(options);
  const operation = await clock.run(runtime.sync(REQUEST));
  const rendered: unknown[] = [];
  const State: FunctionComponent = () => {
    const state = useSelector(operation.actor, (known) => known?.value);
    rendered.push(state);
    return createElement('p', null, state);
  };
  act(() => {
    root.render(createElement(State));
  });
  await act(() => clock.advance(2_000));
  expect(shown.textContent).not.toBe('completed');
  open();
  await act(() => clock.run(operation.outcome));
  expect(shown.textContent).toBe('completed');
  expect(rendered).toContain('backingOff');
  await clock.run(runtime.close());
});

test('OP-11 a component in another process shows what was sent to it', async () => {
  const { followed, useFollowed } = page();
  const { clock, boot, options, open } = bank();
  open();
  const { runtime } = boot(options);
  const operation = await clock.run(runtime.sync(REQUEST));
  const source = followed(
    (take) =>
      operation.actor.subscribe((known) => take(JSON.parse(JSON.stringify(known)))).unsubscribe,
  );
  const State: FunctionComponent = () => {
    const known = useFollowed(source);
    return createElement('p', null, known?.value);
  };
  act(() => {
    root.render(createElement(State));
  });
  await act(() => clock.run(operation.outcome));
  expect(shown.textContent).toBe('completed');
  await clock.run(runtime.close());
});
