/**
 * Samples as whole programs: with the frame around them, and the imports that a piece of code leaves out.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import * as holdfast from '../../../src/index.ts';
import * as merge from '../../../src/merge/index.ts';
import * as schemas from '../../../src/schemas/index.ts';
import * as testing from '../../../src/testing/index.ts';
import type { Sample } from './markdown.ts';

/** The names that samples without a program of their own take for granted. */
const NAMES = `
interface Payment { readonly amountCents: number; readonly token: string }
const store = ':memory:';
const key = rawKey(new Uint8Array(32).fill(7));
const baseUrl = 'https://api.example.com/v1';
const subject = 'user-42';
const payload: Payment = { amountCents: 1_250, token: 'tok_1' };
const request = { type: 'payments.push', subject, tier: 'premium', payload } as const;
`;
/** And a runtime, where the sample makes none. */
const RUNTIME = `
const options = {
  store,
  upstreams: { payments: {}, shop: {} },
  handlers: {
    'payments.push': defineHandler<Payment, { receipt: string }>()({
      upstream: 'payments',
      run: httpHandler<{ receipt: string }>({ baseUrl }),
    }),
    'orders.push': { upstream: 'shop', run: httpHandler({ baseUrl }) },
  },
};
const runtime = createRuntime(options);
await runtime.ready;
const operation = await runtime.sync(request);
const { id } = operation;
{
//…
}
await runtime.close({ deadlineMs: 0 });
`;
/** What a reader does by Ctrl-C. */
const CLOSED = 'await runtime.close({ deadlineMs: 0 });\n';
const ALONE = '{\n//…\n}\n';

const PLACE = /^\/\/….*$/m;
const IMPORT = /^import [^]*? from '[^']+';\n|^import '[^']+';\n/gm;
/** Of a file that the page shows: what it exports stands in the program around the sample. */
const OF_PAGE = /^import type .* from '\.\/.*';\n$/;

/** Values that have to be imported by name. */
const VALUES = new Map<string, string>([
  ...Object.keys(merge).map((name) => [name, 'holdfast/merge'] as const),
  ...Object.keys(schemas).map((name) => [name, 'holdfast/schemas'] as const),
  ...Object.keys(testing).map((name) => [name, 'holdfast/testing'] as const),
  ...Object.keys(holdfast).map((name) => [name, 'holdfast'] as const),
]);

/** Types that have to be, in the declarations of the last build. */
const TYPES = new Map<string, string>(
  ['holdfast', 'testing', 'schemas', 'merge'].flatMap((file) => {
    const declared = readFileSync(`dist/${file}.d.ts`, 'utf8');
    const from = file === 'holdfast' ? file : `holdfast/${file}`;
    return [...declared.matchAll(/^export declare (?:interface|type) (\w+)/gm)].map(
      ([, name = '']): [string, string] => [name, from],
    );
  }),
);

/**
 * The whole program of a sample in JavaScript or TypeScript.
 *
 * @param names declarations that it takes for granted besides the usual ones
 */
export function programOf({ frame, code, isWhole }: Sample, names = ''): string {
  if (isWhole)
    return `${code}\n${/^const runtime = /m.test(code) && !/\.close\(/.test(code) ? CLOSED : ''}export {};\n`;
  const around = frame ?? NAMES + names + (/\b(const|let) runtime\b/.test(code) ? ALONE : RUNTIME);
  const own = code.match(IMPORT) ?? [];
  const framed = around.match(IMPORT) ?? [];
  const body = around.replace(IMPORT, '').replace(PLACE, () => code.replace(IMPORT, ''));
  const imports = [...new Set([...framed, ...own])].filter((line) => !OF_PAGE.test(line));
  return [...imports, ...missingImports(imports.join(''), body), body, 'export {};\n'].join('\n');
}

function missingImports(imports: string, body: string): readonly string[] {
  const text = body.replaceAll(/\/\/.*$/gm, '');
  const isMissing = (name: string): boolean =>
    new RegExp(`(?<![.\\w'])${name}\\b(?!['\\w:])`).test(text) &&
    !new RegExp(`\\b${name}\\b`).test(imports) &&
    !new RegExp(`\\b(?:const|let|function|interface|type) ${name}\\b`).test(text);
  return [
    ...[...VALUES].map(([name, from]) => [name, `import { ${name} } from '${from}';`]),
    ...[...TYPES].map(([name, from]) => [name, `import type { ${name} } from '${from}';`]),
  ].flatMap(([name = '', line = '']) => (isMissing(name) ? [line] : []));
}
