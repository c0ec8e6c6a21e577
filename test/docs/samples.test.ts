import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { createRuntime } from '../../src/createRuntime.ts';
import * as holdfast from '../../src/index.ts';

const PAGES = [
  'README.md',
  'docs/guide.md',
  'docs/errors.md',
  'docs/card-data.md',
  ...readdirSync('docs/how-to').map((page) => `docs/how-to/${page}`),
];

function samples(): [string, string][] {
  return PAGES.flatMap((page) => {
    const blocks = readFileSync(page, 'utf8').matchAll(/^```js\n([^]*?)^```/gm);
    return [...blocks].map(([, code = ''], at): [string, string] => [`${page} ${at + 1}`, code]);
  });
}

test.each(samples())('UX-2 sample %s is JavaScript, and imports what there is', (_, code) => {
  const { diagnostics = [] } = ts.transpileModule(code, {
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
  });
  expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  for (const [, names = ''] of code.matchAll(/import \{([^}]+)\} from 'holdfast'/g)) {
    for (const name of names.split(',')) expect(holdfast).toHaveProperty(name.trim());
  }
});

test('HM-1 the guide names each field of health, and no other', async () => {
  const runtime = createRuntime({ store: ':memory:' });
  await runtime.ready;
  const page = readFileSync('docs/guide.md', 'utf8');
  const table = page.split('## Health')[1]?.split(/\n###? /)[0] ?? '';
  const heads = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map(([, head = '']) => head);
  const named = heads.flatMap((head) => [...head.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const fields = Object.keys(runtime.getHealthStatus());
  await runtime.close();
  expect(new Set(named)).toEqual(new Set(fields));
});
