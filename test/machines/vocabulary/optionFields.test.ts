import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkFields,
  checkId,
  checkOption,
  completeOptions,
  count,
  milliseconds,
  type OptionRule,
  type OptionRules,
  share,
  spanMs,
} from '../../../machines/vocabulary/optionFields.ts';

/** The field that is refused and the sentence; `null` where all is well. */
function refusal(check: () => unknown): { field: string; message: string } | null {
  try {
    check();
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'HF_OPTION_INVALID' });
    const { field, message } = error as { field: string; message: string };
    return { field, message };
  }
}

const nested: OptionRules = {
  level: { fields: { deep: { fields: { count: count(1) } } } },
  list: { each: { fields: { name: { required: 'text' } } } },
  named: {
    entries: { fields: { size: share() } },
    named: { matches: (name) => /^[a-z]+$/.test(String(name)), rule: 'must be named in letters' },
  },
};

describe('UX-2 one checker for all options', () => {
  const signal = new AbortController().signal;
  test.each<[rule: OptionRule, fit: readonly unknown[], unfit: readonly unknown[]]>([
    ['anything', [null, 1, {}], []],
    ['boolean', [true, false], ['true', 0, null]],
    ['function', [() => 1], [{}, 'x']],
    ['text', ['x'], ['', 1, null]],
    ['array', [[]], [{}, 'x']],
    ['object', [{}], [[], null, 'x']],
    ['span', [0, 0.5, 1e12], [-1, Number.NaN, Number.POSITIVE_INFINITY, '1']],
    ['instant', [0, -1, 1.5], [Number.NaN, '2026-01-01', null]],
    ['sequence', [0, 7], [-1, 1.5, '1', { valueOf: 1 }]],
    ['signal', [signal], [{}, null, 'x']],
    [count(1, 3), [1, 3], [0, 4, 1.5, '1', null]],
    [spanMs(0), [0, 1], [-1, 0.5, 1e12]],
    [share(0.5), [0.5, 1], [0.4, 1.1, '0.7']],
    [milliseconds(1), [1, 1e12], [0.5, Number.POSITIVE_INFINITY, '1']],
    [{ min: 1, max: Number.POSITIVE_INFINITY, whole: true }, [1], [0, 1.5, 2 ** 60]],
    [{ oneOf: ['a', 'b'] }, ['a', 'b'], ['c', '', 1]],
    [{ either: ['function', { oneOf: ['a'] }] }, ['a', () => 1], ['b', 1]],
    [{ orNull: spanMs() }, [null, 1], [0, 'x']],
    [{ each: 'text' }, [[], ['a']], ['a', [''], [undefined]]],
    [{ required: 'text' }, ['a'], [undefined, '']],
  ])('UX-2 %o', (rule, fit, unfit) => {
    for (const value of fit) checkOption(value, rule, 'field');
    for (const value of unfit) {
      expect(refusal(() => checkOption(value, rule, 'field'))).not.toBeNull();
    }
    const isRequired = typeof rule === 'object' && 'required' in rule;
    if (!isRequired) checkOption(undefined, rule, 'field');
  });

  test('UX-2 the refusal says where, what is wrong, and what to write', () => {
    const refused = (options: unknown) => refusal(() => checkFields(options, nested, 'options'));
    expect(refused([])).toEqual({ field: 'options', message: 'options must be an object.' });
    expect(refusal(() => checkFields(null, nested, ''))).toEqual({
      field: 'options',
      message: 'options must be an object.',
    });
    expect(refusal(() => checkFields(null, nested, 'policy'))).toEqual({
      field: 'policy',
      message: 'policy must be an object.',
    });
    expect(refused({ size: 1 })?.message).toBe(
      'options.size is not known; known are level, list, named.',
    );
    expect(refused({ list: [{ name: 'a' }, undefined] })).toEqual({
      field: 'options.list[1]',
      message: 'options.list[1] is missing.',
    });
    const folders: OptionRule = { required: { each: 'text' } };
    expect(refusal(() => checkOption(undefined, folders, 'folders'))?.message).toBe(
      'folders is missing.',
    );
    expect(refusal(() => checkOption(undefined, { required: { required: 'text' } }, 'at'))).toEqual(
      {
        field: 'at',
        message: 'at is missing.',
      },
    );
    expect(refused({ level: { deep: { coutn: 1 } } })).toEqual({
      field: 'options.level.deep.coutn',
      message: 'options.level.deep.coutn is not known; did you mean count? known are count.',
    });
    expect(refusal(() => checkFields({ a: 1 }, {}, ''))?.message).toBe(
      'a is not known; there is none to give.',
    );
    expect(refused({ list: [{ name: 'a' }, {}] })).toEqual({
      field: 'options.list[1].name',
      message: 'options.list[1].name is missing; it must be a text that is not empty.',
    });
    expect(refused({ named: { A: {} } })?.message).toBe(
      'options.named.A must be named in letters.',
    );
    expect(refused({ named: { a: undefined } })?.message).toBe('options.named.a is missing.');
    expect(refused({ named: { a: { size: 2 } } })?.message).toBe(
      'options.named.a.size must be a number from 0 to 1.',
    );
    const either: OptionRule = { either: ['function', { oneOf: ['a', 'b'] }] };
    expect(refusal(() => checkOption(1, either, 'how'))?.message).toBe(
      'how must be a function, or one of a, b.',
    );
    expect(refusal(() => checkOption(0, { orNull: spanMs() }, 'every'))?.message).toBe(
      'every must be a whole number from 1 to 31622400000, or null.',
    );
    expect(refusal(() => checkOption('1', share(), 'share'))?.message).toBe(
      'share must be a number from 0 to 1.',
    );
    const open: OptionRule = { min: 2, max: Number.POSITIVE_INFINITY, whole: true };
    expect(refusal(() => checkOption(1, open, 'tries'))?.message).toBe(
      'tries must be a whole number from 2.',
    );
    expect(refusal(() => checkOption(1, milliseconds(2), 'every'))?.message).toBe(
      'every must be 2 or more milliseconds.',
    );
  });

  test('UX-2 an unknown name is refused at every depth, one that is also on every object included', () => {
    const anyName = fc.oneof(
      fc.constantFrom('constructor', '__proto__', 'toString', 'hasOwnProperty'),
      fc.string({ minLength: 1 }),
    );
    fc.assert(
      fc.property(anyName, fc.constantFrom(0, 1, 2), (name, depth) => {
        fc.pre(!['level', 'list', 'named', 'deep', 'count', 'size'].includes(name));
        // As JSON gives them: `__proto__` is a name like others there.
        const unknown: unknown = JSON.parse(`{${JSON.stringify(name)}:1}`);
        const options = [unknown, { level: unknown }, { level: { deep: unknown } }][depth];
        const prefix = ['', 'level.', 'level.deep.'][depth];
        expect(refusal(() => checkFields(options, nested, ''))?.field).toBe(`${prefix}${name}`);
      }),
    );
  });

  test('UX-2 defaults fill in what is left out, and the answer cannot be changed', () => {
    const rules = { a: count(0), b: count(0) };
    const defaults = { a: 1, b: 2 };
    const completed = completeOptions({ a: undefined, b: 5 }, defaults, rules, 'policy');
    expect(completed).toEqual({ a: 1, b: 5 });
    expect(Object.isFrozen(completed)).toBe(true);
    expect(completeOptions(undefined, defaults, rules, 'policy')).toEqual(defaults);
    expect(refusal(() => completeOptions({ a: -1 }, defaults, rules, 'policy'))?.field).toBe(
      'policy.a',
    );
  });
});

test('UX-2 the id of an operation is a text', () => {
  checkId('operation-1');
  for (const id of [undefined, null, 7, {}]) {
    expect(refusal(() => checkId(id))).toEqual({
      field: 'id',
      message: 'id must be the id of an operation, a text.',
    });
  }
});
