import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declarationsIn } from '../../../../tools/docs/reference/declarations.ts';
import { referencePages } from '../../../../tools/docs/reference/referencePages.ts';
import { stalePages, writePages } from '../../../../tools/docs/text/markdown.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const DECLARED = `
/**
 * The key is read from a file (SE-1, SE-2). See {@link KeySource}, docs/errors.md, and RT-2.
 *
 * - an item
 * - another
 *
 * @param path where it lies
 * @throws HoldfastError \`HF_KEY_INVALID\`.
 *
 * @example
 * const key = keyFile('./a.key'); // { not a tag }
 */
export declare function keyFile(path: string): KeySource;

/** What a source has, and what it is not said of. */
declare interface Hidden {
    /** From beneath. */
    readonly kind: 'a' | 'b';
}

/** A source. */
export declare interface KeySource extends Hidden {
    /** Gives it. @throws HoldfastError \`HF_KEY_MISSING\`. */
    load(): void;
    load(again: boolean): void;
    /** How long. Default 1 s. */
    readonly withinMs?: number | undefined;
}

/** Made of others. */
export declare type PassphraseOptions = Pick<Hidden, 'kind'> & Partial<Omit<Rest, 'gone'>> & {
    /** Its own. */
    readonly own: string;
};

declare interface Rest {
    readonly gone: string;
    readonly stays: string;
}

/** On no page. */
export declare type Unlisted = string;

export { }
`;

function pages(text = DECLARED): ReadonlyMap<string, string> {
  const written = referencePages({
    declared: new Map([
      ['holdfast', declarationsIn(text)],
      ['holdfast/new', declarationsIn('export declare type Fresh = string;')],
    ]),
    known: new Set(['RT-2']),
  });
  return new Map(written.map((page) => [page.path, page.text]));
}

const keys = pages().get('docs/reference/keys.md') ?? '';

test('OB-3 UX-1 a name has its signature, what is said of it, what it throws, and its example', () => {
  expect(keys).toContain(`## keyFile

The key is read from a file. See [\`KeySource\`](keys.md#keysource), [docs/errors.md](../errors.md), and [RT-2](../requirements.md#rt-2).

- an item
- another

\`\`\`ts signature
function keyFile(path: string): KeySource;
\`\`\`

- \`path\`: where it lies

**Throws** \`HF_KEY_INVALID\`.

\`\`\`ts
const key = keyFile('./a.key'); // { not a tag }
\`\`\``);
});

test('OB-3 UX-1 fields are a list, with those of a base that has no entry; methods have headings', () => {
  expect(keys).toContain('- `withinMs?`: `number` How long. Default 1 s.');
  expect(keys).toContain("- `kind`: `'a' | 'b'` From beneath.");
  expect(keys).toContain('```ts signature\nload(): void;\nload(again: boolean): void;\n```');
  expect(keys).toContain('**Throws** `HF_KEY_MISSING`.');
  expect(keys.match(/^### KeySource\.load$/gm)).toHaveLength(1);
});

test('OB-3 UX-1 of a type that is made of others, those of its fields that it has', () => {
  const [, entry = ''] = keys.split('## PassphraseOptions');
  expect(entry).toContain('- `own`: `string` Its own.');
  expect(entry).toContain('- `kind`');
  expect(entry).toContain('- `stays?`');
  expect(entry).not.toContain('`gone`');
});

test('OB-3 a name that no page lists is on the last one, and what is not exported on none', () => {
  const all = [...pages().values()].join('\n');
  expect(pages().get('docs/reference/types.md')).toContain('## Unlisted');
  expect(pages().get('docs/reference/README.md')).toContain('[`Unlisted`](types.md#unlisted)');
  expect(all).not.toContain('## Hidden');
  expect(pages().get('docs/reference/new.md')).toContain('## Fresh');
});

test('OB-3 control: a page that was left behind, or belongs to nothing, is told', () => {
  const folder = tempFolder();
  const path = join(folder, 'keys.md');
  const written = [{ path, text: keys }];
  expect(stalePages(folder, written, 'subject')).toEqual([`${path} is stale; run npm run docs`]);
  writePages(folder, written);
  expect(stalePages(folder, written, 'subject')).toEqual([]);
  appendFileSync(path, 'By hand.\n');
  expect(stalePages(folder, written, 'subject')).toHaveLength(1);
  expect(stalePages(folder, [], 'subject')).toEqual([
    `${path} belongs to no subject; run npm run docs`,
  ]);
});
