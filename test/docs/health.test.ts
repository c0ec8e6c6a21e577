import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createRuntime } from '../../src/createRuntime.ts';

test('HM-1 health.md names each field of health, and no other', async () => {
  const runtime = createRuntime({ store: ':memory:' });
  await runtime.ready;
  const page = readFileSync('docs/health.md', 'utf8');
  const table = page.split('## Fields')[1]?.split(/\n## /)[0] ?? '';
  const heads = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map(([, head = '']) => head);
  const named = heads.flatMap((head) => [...head.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const fields = Object.keys(runtime.getHealthStatus());
  await runtime.close();
  expect(new Set(named)).toEqual(new Set(fields));
});
