// Bundles serveSynthetic.ts, since Node.js 20 reads no TypeScript, and runs it.

import { build } from 'rolldown';

const file = 'node_modules/.cache/holdfast-synthetic/serveSynthetic.js';
await build({
  input: 'test/support/inspector/serveSynthetic.ts',
  platform: 'node',
  external: [/^node:/, /^xstate/, 'better-sqlite3'],
  output: { file, format: 'esm', codeSplitting: false },
});
await import(new URL(`../../../${file}`, import.meta.url).href);
