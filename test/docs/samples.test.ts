/**
 * Every sample of the pages for users is run, as test/support/samples/markdown.ts says, and those in
 * TypeScript are compiled. (What is built last is what they run on.)
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { samplesOf } from '../support/samples/markdown.ts';
import { REFERENCE_FRAMES, REFERENCE_NAMES } from '../support/samples/referenceFrames.ts';
import { faultsOf, fits } from '../support/samples/samplePage.ts';
import { typeErrorsOf } from '../support/samples/sampleTypes.ts';

const PAGES = [
  'README.md',
  'docs/README.md',
  'docs/tutorial.md',
  'docs/errors.md',
  'docs/card-data.md',
  'docs/conflicts.md',
  'docs/crisis.md',
  'docs/health.md',
  'docs/policies.md',
  ...pagesIn('docs/how-to'),
  ...pagesIn('docs/reference'),
].filter((page) => existsSync(page));
/** What is no program is looked at in another way below; modules are run by severalProcesses.test.ts, components by reactHook.test.ts. */
const LANGUAGES = /^(js|mjs|cjs|ts|tsx|sh|text|json|jsonc|yaml|dockerfile|ini|mermaid)$/;

const samples = PAGES.flatMap((page) => samplesOf(page, readFileSync(page, 'utf8'))).map(
  (sample) =>
    sample.place.startsWith('docs/reference/')
      ? {
          ...sample,
          frame: REFERENCE_FRAMES[sample.heading] ?? sample.frame,
          names: REFERENCE_NAMES[sample.heading] ?? '',
        }
      : sample,
);
const ofPage = (page: string) => samples.filter(({ place }) => place.startsWith(`${page}:`));

function pagesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
}

/** A page with one sample, which a test has made. */
const madePage = (code: string, comment = ''): readonly [string, string] => [
  'page.md',
  `Text.\n\n${comment}\`\`\`ts\n${code}\n\`\`\`\n`,
];

describe('UX-1 the samples of the guides', () => {
  test.each(PAGES.filter((page) => ofPage(page).length > 0))(
    'UX-1 each of %s runs, and prints what the page says',
    async (page) => {
      expect(await faultsOf(ofPage(page))).toEqual([]);
    },
  );

  test('UX-1 those in TypeScript compile under strict; control: one that does not is caught at its place', () => {
    const typed = samples.filter(
      ({ language, file, notRun }) => language === 'ts' && (file ?? notRun) === null,
    );
    const bad = samplesOf(...madePage('await runtime.sync({ type: 42 });'));
    expect(typeErrorsOf([...typed, ...bad])).toEqual([expect.stringMatching(/^page\.md:3 .*42/)]);
  });

  test('UX-1 of programs only those for a machine that is not here are left out', () => {
    const leftOut = samples.filter(({ language, notRun }) => language !== 'sh' && notRun !== null);
    const electron = /^docs\/how-to\/run-in-electron-and-bundlers\.md:/;
    expect(leftOut.map(({ place }) => place).filter((place) => !electron.test(place))).toEqual([]);
  });

  test('UX-1 what is data can be read', () => {
    // JSON is YAML; comments in it are not.
    const data = samples.filter(({ language }) => /^(yaml|jsonc?)$/.test(language));
    const faults = data.flatMap(({ place, code }) =>
      parseAllDocuments(code.replaceAll(/^\/\/.*\n/gm, '')).flatMap(({ errors }) =>
        errors.map(({ message }) => `${place} ${message}`),
      ),
    );
    expect(faults).toEqual([]);
  });

  test('UX-1 each says in what language it is', () => {
    const strange = samples.filter(({ language }) => !LANGUAGES.test(language));
    expect(strange.map(({ place, language }) => `${place} ${language}`)).toEqual([]);
    for (const page of PAGES) {
      expect(readFileSync(page, 'utf8').match(/^```/gm)?.length ?? 0, page).toSatisfy(
        (marks: number) => marks === 2 * ofPageBlocks(page),
      );
    }
  });
});

/** Blocks of a page, outputs included. */
function ofPageBlocks(page: string): number {
  return [...readFileSync(page, 'utf8').matchAll(/^```\w+(?: signature)?\n[^]*?^```$/gm)].length;
}

describe('UX-1 controls of the samples', () => {
  test('UX-1 control: one that throws, prints something else or does not end is caught', async () => {
    const bad = [
      ...samplesOf(...madePage("throw new Error('planted');")),
      ...samplesOf('page.md', '```js\nconsole.log(1);\n```\n\n<!-- output -->\n```text\n2\n```\n'),
      ...samplesOf(...madePage('process.exit(3);')),
      // What it leaves running holds up nobody.
      ...samplesOf('page.md', '```sh\nsleep 60 &\nexit 4\n```\n'),
    ];
    const faults = await faultsOf(bad);
    expect(faults).toHaveLength(4);
    expect(faults[3]).toContain('ended with 4');
    expect(faults[0]).toMatch(/^page\.md:3 Error: planted/);
    expect(faults[1]).toMatch(/^page\.md:1 printed\n1\n/);
    expect(faults[2]).toContain('ended the process');
  });

  test('UX-1 control: a comment that is misspelt is not passed over', () => {
    expect(() => samplesOf(...madePage('1;', '<!-- sample: nto run, x -->\n'))).toThrow(
      'page.md:4',
    );
    expect(() => samplesOf(...madePage('1;', '<!-- sample\nhidden set-up\n-->\n'))).toThrow(
      'not understood',
    );
  });

  test('UX-1 blocks that import nothing continue a program; control: a name from nowhere is caught', async () => {
    const page = (first: string): readonly [string, string] => [
      'docs/how-to/page.md',
      `\`\`\`js\n${first}\n\`\`\`\n\n\`\`\`js\nconsole.log(name);\n\`\`\`\n\n<!-- output -->\n\`\`\`text\nworker\n\`\`\`\n`,
    ];
    const imported = "import 'node:worker_threads';";
    expect(await faultsOf(samplesOf(...page(`${imported}\nconst name = 'worker';`)))).toEqual([]);
    const [fault] = await faultsOf(samplesOf(...page(imported)));
    expect(fault).toContain('name is not defined');
  });

  test('UX-1 control: an output fits as a whole, with … for anything', () => {
    expect(fits('a 17 b\n', 'a … b\n')).toBe(true);
    expect(fits('a 17 b\nc\n', 'a … b\n')).toBe(false);
  });
});
