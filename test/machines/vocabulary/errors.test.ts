import { expect, test } from 'vitest';
import {
  causeText,
  className,
  framesOf,
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

test('UX-2 an error is what it was made as, and its defaults are the cautious ones', () => {
  const plain = new HoldfastError('HF_INTERNAL', 'It failed.');
  expect(plain).toMatchObject({ name: 'HoldfastError', retry: 'never', mayBeStored: false });
  expect([plain.field, plain.path, plain.line, plain.at, plain.cause]).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
  expect('cause' in plain).toBe(false);
  expect(plain.stack).toContain('errors.test.ts');
  const given = {
    ...({ field: 'a.b', path: '/p', line: 3, retry: 'later', mayBeStored: true } as const),
    ...{ at: ['payload', 0], cause: 'why' },
  };
  expect(new HoldfastError('HF_INTERNAL', 'It failed.', given)).toMatchObject(given);
});

test('SE-5 where in a payload the fault lies shows in no log of the error', () => {
  const error = new HoldfastError('HF_INTERNAL', 'x', { at: [SECRET] });
  expect(error.at).toEqual([SECRET]);
  expect(`${JSON.stringify(error)}${JSON.stringify(toPlainError(error))}`).not.toContain(SECRET);
  expect(Object.keys(error)).not.toContain('at');
});

test('UX-2 an error without a stack leaves the stacks of others as they were', () => {
  const limit = Error.stackTraceLimit;
  expect(new HoldfastError('HF_INTERNAL', 'x', { withStack: false }).stack).not.toContain('at ');
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new HoldfastError('HF_INTERNAL', 'x', { withStack: true }).stack).toContain('at ');
});

test('UX-2 an error of ours is known by its brand, also from another copy of the package', () => {
  expect(isHoldfastError({ [Symbol.for('holdfast.error')]: true })).toBe(true);
  const shown = Object.getOwnPropertySymbols(new HoldfastError('HF_INTERNAL', 'x'));
  expect(shown).toEqual([Symbol.for('holdfast.error')]);
  for (const other of [null, undefined, 'HF_INTERNAL', {}, new Error('HF_INTERNAL')]) {
    expect(isHoldfastError(other)).toBe(false);
  }
});

test('UX-2 SE-5 the cause of an error of ours is its code and message', () => {
  expect(causeText(new HoldfastError('HF_CLOSED', 'It is closed.'))).toBe(
    'HF_CLOSED: It is closed.',
  );
  const text = (code: unknown, message = 'x') =>
    causeText(Object.assign(new Error(message), { code }));
  expect(text('A'.repeat(60))).toBe(`Error ${'A'.repeat(60)}: x`);
  for (const code of ['A'.repeat(61), 'two words', '', 7]) expect(text(code)).toBe('Error: x');
  expect(text(undefined, '')).toBe('Error');
  expect(text(undefined, '  spaced  \nsecond')).toBe('Error: spaced');
  expect(text(undefined, 'y'.repeat(300))).toBe(`Error: ${'y'.repeat(200)}`);
  expect(text(undefined, "Cannot read property x of 'name' here")).toBe(
    'Error: Cannot read property … of … here',
  );
  expect(text(undefined, 'must be a number. Received 7')).toBe('Error: must be a number.');
  expect(text(undefined, 'a `b` c')).toBe('Error: a … c');
});

test('UX-2 an error over a thread keeps what it says of itself', () => {
  const place = { field: 'f', path: '/p', line: 2, retry: 'now', mayBeStored: true } as const;
  const plain = toPlainError(new HoldfastError('HF_STORE_IO', 'It failed.', place));
  expect(plain).toEqual({ code: 'HF_STORE_IO', message: 'It failed.', ...place, cause: undefined });
  const over = reviveError(plain);
  expect(over).toMatchObject({ code: 'HF_STORE_IO', message: 'It failed.', ...place });
  expect(over.cause).toBeUndefined();
  expect(over.stack).not.toContain('errors.test.ts');
});

test('UX-2 a cause of ours keeps its words over a thread, and one that is no error its kind', () => {
  const own = new HoldfastError('HF_CLOSED', 'It is "closed".');
  const causeOf = (cause: unknown) =>
    reviveError(toPlainError(new HoldfastError('HF_INTERNAL', 'x', { cause }))).cause as Error;
  expect(causeOf(own)).toMatchObject({ name: 'HoldfastError', message: 'It is "closed".' });
  expect(causeOf('text')).toMatchObject({ name: 'string', message: '', stack: 'string: ' });
  expect(causeOf(null)).toBeUndefined();
  expect('cause' in causeOf(new Error('alone'))).toBe(false);
});

test('SE-5 of a stack only places in files are kept', () => {
  const place = '    at run (file:///app/x.js:1:2)';
  const others = [
    '    at /app/y.js:3:4',
    '    at node:internal/z:5:6',
    '    at C:\\app\\w.js:7:8',
    '    at async Object.run (node:internal/z:5:6)',
  ];
  const strangers = [
    `Error: ${SECRET}`,
    'at run (file:///app/x.js:1:2)',
    `    at ${SECRET}`,
    `    at run (file:///app/x.js:1:2) ${SECRET}`,
    `x   at run (file:///app/x.js:1:2)`,
    '    at <anonymous>',
  ];
  expect(framesOf([strangers[0], place, ...others, ...strangers].join('\n'))).toEqual([
    place,
    ...others,
  ]);
});
