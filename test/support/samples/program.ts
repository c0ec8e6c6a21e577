/**
 * Samples as whole programs: with the frame around them, and the imports that a piece of code leaves out.
 *
 * @module
 */

import * as holdfast from '../../../src/index.ts';
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
const ALONE = '{\n//…\n}\n';

const PLACE = /^(?:\/\/|#)….*$/m;
const IMPORT = /^import [^]*? from '[^']+';\n|^import '[^']+';\n/gm;

/** Values that have to be imported by name. */
const VALUES = new Map<string, string>([
  ...Object.keys(testing).map((name) => [name, 'holdfast/testing'] as const),
  ...Object.keys(holdfast).map((name) => [name, 'holdfast'] as const),
]);

/** The whole program of a sample in JavaScript or TypeScript. */
export function programOf({ frame, code }: Pick<Sample, 'frame' | 'code'>): string {
  const around = frame ?? NAMES + (/\b(const|let) runtime\b/.test(code) ? ALONE : RUNTIME);
  const own = code.match(IMPORT) ?? [];
  const framed = around.match(IMPORT) ?? [];
  const body = around.replace(IMPORT, '').replace(PLACE, () => code.replace(IMPORT, ''));
  const imports = [...new Set([...framed, ...own])];
  return [...imports, ...missingImports(imports.join(''), body), body, 'export {};\n'].join('\n');
}

/** The whole script of a sample of the shell. */
export function scriptOf({ frame, code }: Pick<Sample, 'frame' | 'code'>): string {
  return (frame ?? '#…').replace(PLACE, () => code.trimEnd());
}

function missingImports(imports: string, body: string): readonly string[] {
  const text = body.replaceAll(/\/\/.*$/gm, '');
  return [...VALUES]
    .filter(([name]) => new RegExp(`(?<![.\\w'])${name}\\b(?!['\\w:])`).test(text))
    .filter(([name]) => !new RegExp(`\\b${name}\\b`).test(imports))
    .map(([name, from]) => `import { ${name} } from '${from}';`);
}
