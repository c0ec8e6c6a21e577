import { expect, test } from 'vitest';
import {
  causeText,
  className,
  HoldfastError,
  isHoldfastError,
  reviveError,
  toPlainError,
  unforeseen,
} from '../../../machines/vocabulary/errors.ts';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('It was to throw.');
}

const SECRET = 'diagnosis';

test.each([
  ['a parser', () => JSON.parse(`{"note": ${SECRET}}`)],
  ['a parser of numbers', () => BigInt(SECRET)],
  ['a bad key', () => (undefined as unknown as Record<string, unknown>)[SECRET]],
  ['a property of text', () => Object.defineProperty(Object.freeze({}), SECRET, { value: 1 })],
  ['quotes in quotes', () => thrower(`Got "${SECRET}" for 'name' and '${SECRET}'`)],
  ['what Node received', () => Buffer.alloc(SECRET as unknown as number)],
  ['a second line', () => thrower(`Something failed\n${SECRET}`)],
])('SE-5 the cause of an error is shown without data: %s', (_, run) => {
  const error = unforeseen('It failed', thrownBy(run));
  expect(error.message).toMatch(/^It failed \(\w+/);
  expect(`${causeText(error.cause)}${JSON.stringify(toPlainError(error))}`).not.toContain(SECRET);
});

function thrower(message: string): never {
  throw new Error(message);
}

test('UX-2 what was not foreseen shows class and message of its cause, and keeps it', () => {
  const cause = thrownBy(() => (undefined as unknown as () => void)());
  const error = unforeseen('The store failed', cause);
  expect(error).toMatchObject({ code: 'HF_INTERNAL', retry: 'later', cause });
  expect(error.message).toBe('The store failed (TypeError: undefined is not a function).');
  expect(causeText(Object.assign(new Error('no room'), { code: 'ENOSPC' }))).toBe(
    'Error ENOSPC: no room',
  );
  for (const odd of [null, undefined, 42, 'text', Symbol('s'), Object.create(null)]) {
    expect(causeText(odd)).toMatch(/^\w+$/);
  }
});

test('UX-2 an error keeps its causes over a thread or a socket: what they say and where they came from', () => {
  const deep = thrownBy(() => (undefined as unknown as () => void)());
  const cause = new Error(`The disk of "${SECRET}" failed`, { cause: deep });
  const over = reviveError(
    JSON.parse(
      JSON.stringify(toPlainError(new HoldfastError('HF_STORE_IO', 'It failed.', { cause }))),
    ) as ReturnType<typeof toPlainError>,
  );
  expect(isHoldfastError(over)).toBe(true);
  expect(over.cause).toMatchObject({
    name: 'Error',
    message: 'The disk of … failed',
    cause: { name: 'TypeError', message: 'undefined is not a function' },
  });
  const { stack = '' } = over.cause as Error;
  expect(stack).toMatch(/^Error: The disk of … failed\n {4}at .*errors\.test\.ts:\d+:\d+/);
  expect(stack).not.toContain(SECRET);
});

test('UX-2 an endless chain of causes ends', () => {
  const error = new Error('one');
  error.cause = error;
  let depth = 0;
  let next = toPlainError(unforeseen('It failed', error)).cause;
  while (next !== undefined) {
    next = next.cause;
    depth += 1;
  }
  expect(depth).toBe(8);
});

test('SE-5 the class of an error is named, and nothing that was written in its place', () => {
  expect(className(new TypeError('x'))).toBe('TypeError');
  expect(className(Object.assign(new Error('x'), { name: 'PaymentDeclinedError' }))).toBe(
    'PaymentDeclinedError',
  );
  for (const name of [
    'Jane has measles',
    'JaneHasMeasles',
    'patient_4711_Error',
    'E'.repeat(60),
    '',
  ]) {
    expect(className(Object.assign(new Error('x'), { name }))).toBe('an error');
  }
  expect(className('text')).toBe('string');
});
