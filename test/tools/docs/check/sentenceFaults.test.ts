import { describe, expect, test } from 'vitest';
import { buildDocs } from '../../../../tools/docs/buildDocs.ts';
import { SENTENCES_FILE, sentenceFaults } from '../../../../tools/docs/check/traceFaults.ts';
import { DOOR_SOURCE, doorInput } from '../../../support/docs/doorDocs.ts';
import { sampleChart } from '../../draw/sampleChart.ts';

const written = (more: Parameters<typeof doorInput>[0] = {}) =>
  buildDocs(doorInput(more)).pages.find(({ path }) => path === SENTENCES_FILE)?.text ?? '';

const rule = (name: string, text: string, means: string, uses: readonly string[] = []) => ({
  ...{ kind: means === '' ? ('function' as const) : ('guard' as const) },
  ...{ name, text, means, uses },
});

describe('OB-3 a rule that changed asks for its sentence', () => {
  const chart = (...rules: readonly ReturnType<typeof rule>[]) => [{ ...sampleChart(), rules }];
  const before = chart(
    rule('isOver', 'a > 3 && isLate(a)', 'It is over.', ['isLate']),
    rule('isLate', 'a > 5', ''),
  );
  const { text } = sentenceFaults(before, null, []);
  const id = sampleChart().id;
  const asked = (after: typeof before, stillTrue: readonly string[] = []) =>
    sentenceFaults(after, text, stillTrue).faults;

  test('OB-3 with nothing written before, or nothing changed, nothing is asked', () => {
    expect(asked(before)).toEqual([]);
    expect(sentenceFaults(before, text, [])).toEqual({ text, faults: [] });
  });

  test.each([
    ['its own text', chart(rule('isOver', 'a > 4', 'It is over.'), rule('isLate', 'a > 5', ''))],
    [
      'a function behind it that no sentence tells of',
      chart(
        rule('isOver', 'a > 3 && isLate(a)', 'It is over.', ['isLate']),
        rule('isLate', 'a > 6', ''),
      ),
    ],
  ])(
    'OB-3 %s: until its sentence is another one, or somebody says it is still true',
    (_, after) => {
      const { faults, text: kept } = sentenceFaults(after, text, []);
      expect(faults).toEqual([
        `${id}: guard isOver changed, and its sentence did not: “It is over.” Mend it; where it is still true, run npm run docs -- --still-true ${id}.isOver`,
      ]);
      // Written again it is asked again.
      expect(sentenceFaults(after, kept, []).faults).toEqual(faults);
      const mended = after.map((one) => ({
        ...one,
        rules: one.rules.map((each) => ({
          ...each,
          means: each.means && 'It is over after four.',
        })),
      }));
      expect(asked(mended)).toEqual([]);
      for (const name of ['isOver', `${id}.isOver`]) {
        const confirmed = sentenceFaults(after, text, [name]);
        expect(confirmed.faults).toEqual([]);
        expect(sentenceFaults(after, confirmed.text, []).faults).toEqual([]);
      }
    },
  );

  test('OB-3 a name that no chart has confirms nothing', () => {
    expect(asked(before, ['isGone'])).toEqual([
      '--still-true isGone: no chart has a rule of that name',
    ]);
  });

  test('OB-3 the docs of a door whose guard was turned round can not be checked before its sentence was read', () => {
    const source = DOOR_SOURCE.replace('isLocked: () => false', 'isLocked: () => true');
    expect(source).not.toBe(DOOR_SOURCE);
    const faults = buildDocs(doorInput({ source, sentences: written() })).faults;
    expect(faults.filter((fault) => fault.includes('its sentence did not'))).toHaveLength(1);
    const read = doorInput({ source, sentences: written(), stillTrue: ['isLocked'] });
    expect(buildDocs(read).faults).toEqual([]);
  });
});
