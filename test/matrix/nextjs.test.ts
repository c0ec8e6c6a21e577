/** An app of Next.js as its documentation sets it up, without any setting for holdfast. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { installPackage, run } from '../support/package/installPackage.ts';
import { packPackage } from '../support/package/packedPackage.ts';
import { nodeOf } from '../support/package/tools.ts';

const NODE = nodeOf(process.versions.node);
const NEXT = 'node_modules/next/dist/bin/next';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-packed-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const FILES = {
  'app/layout.js': 'export default ({ children }) => <html><body>{children}</body></html>;',
  'app/page.js': 'export default () => <p>Payments</p>;',
  'app/pay/route.js': `
    import { createRuntime, rawKey } from 'holdfast';
    export const dynamic = 'force-dynamic';
    const runtime = (globalThis.runtime ??= createRuntime({
      store: './sync-store',
      key: rawKey(new Uint8Array(32).fill(7)),
      upstreams: { api: {} },
      handlers: { 'payments.push': { upstream: 'api', run: async () => ({ isPaid: true }) } },
    }));
    export async function POST() {
      const operation = await runtime.sync({ type: 'payments.push', subject: 'mia', tier: 'basic' });
      const { status, response } = await operation.outcome;
      return Response.json({ status, response });
    }`,
};

/** Starts it on a port that is free; resolves with its address. */
async function started(app: string): Promise<string> {
  const child: ChildProcess = spawn(NODE.program, [NEXT, 'start', '-p', '0', '-H', '127.0.0.1'], {
    cwd: app,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  for await (const text of child.stdout ?? []) {
    said += String(text);
    const address = /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(said)?.[0];
    if (address !== undefined && said.includes('Ready')) return address;
  }
  throw new Error(`It ended: ${said}`);
}

test('UX-1 Next.js builds and runs a route that imports holdfast', async () => {
  const app = await installPackage({
    ...{ tarball: packPackage(folder), manager: 'npm', node: NODE, sqlite: 'pinned' },
    takesBuilt: true,
    dependencies: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
  });
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(app, file)), { recursive: true });
    writeFileSync(join(app, file), text);
  }
  await run(NODE.program, [NEXT, 'build'], { cwd: app, node: NODE });
  const answer = await fetch(`${await started(app)}/pay`, { method: 'POST' });
  expect(await answer.json()).toEqual({ status: 'completed', response: { isPaid: true } });
});
