import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseMethod, parsePath, readHeaders } from '../../../../src/cli/run/routes.ts';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

/** An upstream that takes requests with the token that it wants now, and answers 503 to others. */
async function tokenUpstream(wanted: string) {
  const seen: { method?: string; url?: string; headers: IncomingHttpHeaders; isTaken: boolean }[] =
    [];
  const state = { wanted };
  const server = createServer(({ method, url, headers }, response) => {
    const isTaken = headers.authorization === `Bearer ${state.wanted}`;
    seen.push({ ...(method && { method }), ...(url && { url }), headers, isTaken });
    response.writeHead(isTaken ? 204 : 503).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

function stage(upstream: string, lines: readonly object[]) {
  const folder = tempFolder();
  const at = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const file = at(
    'in.ndjson',
    lines.map((line) => `${JSON.stringify({ subject: 'u', tier: 'basic', ...line })}\n`).join(''),
  );
  const key = at('key', `${'5a'.repeat(32)}\n`);
  const args = ['run', file, '--upstream', upstream, '--store', join(folder, 's')];
  return { at, args: [...args, '--key-file', key, '--json'] };
}

describe('holdfast run', () => {
  test('UX-1 sends each type by its method to its path, with the headers of a file', async () => {
    const upstream = await tokenUpstream('t1');
    const { at, args } = stage(upstream.url, [
      { type: 'moods.put', entity: { type: 'mood', id: 'a/b' } },
      { type: 'mail.send', method: 'PATCH', path: 'own' },
      { type: 'sms.send' },
      { type: 'moods.put' },
    ]);
    const headers = at('headers', '# of the api\nAuthorization: Bearer t1\nX-Team: care\n');
    const { exitCode, stdout } = await runCli([
      ...args,
      ...[
        '--method',
        'moods.put=PUT',
        '--method',
        '*=DELETE',
        '--path',
        'moods.put=moods/{entity}',
      ],
      ...['--header-file', headers],
    ]);
    // The last names no entity to put into its path.
    expect({ exitCode, last: JSON.parse(stdout) as unknown }).toMatchObject({
      exitCode: 3,
      last: { completed: 3, deadLettered: 1 },
    });
    expect(upstream.seen.map(({ method, url }) => `${method} ${url}`).toSorted()).toEqual([
      'DELETE /v1/sms/send',
      'PATCH /v1/own',
      'PUT /v1/moods/a%2Fb',
    ]);
    expect(upstream.seen.every(({ headers: sent }) => sent['x-team'] === 'care')).toBe(true);
  });

  test('UX-1 takes a token that is replaced while it runs', async () => {
    const upstream = await tokenUpstream('t2');
    const { at, args } = stage(upstream.url, [{ type: 'mail.send' }]);
    const headers = at('headers', 'Authorization: Bearer t1\n');
    const running = startCli([...args, '--header-file', headers]);
    await expect.poll(() => upstream.seen.length).toBeGreaterThan(0);
    at('headers', 'Authorization: Bearer t2\n');
    expect(await running.result).toMatchObject({ exitCode: 0 });
    expect(upstream.seen.map(({ isTaken }) => isTaken).at(-1)).toBe(true);
  });

  test('SE-5 UX-2 refuses headers that others can read, and repeats nothing of them', async () => {
    const { at, args } = stage('http://127.0.0.1:10', [{ type: 'mail.send' }]);
    const headers = at('headers', 'Authorization: Bearer t1\n');
    chmodSync(headers, 0o644);
    const exposed = await runCli([...args, '--header-file', headers]);
    expect(exposed).toMatchObject({ exitCode: 2, stdout: '' });
    expect(exposed.stderr).toMatch(/chmod 600/);
    for (const content of ['Bearer hush', 'A B: hush', 'X-Name: hush\u0000hush']) {
      const refusal: unknown = await readHeaders(at('bad', content)).catch(
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({ code: 'HF_OPTION_INVALID' });
      expect(String(refusal)).not.toContain('hush');
    }
  });

  test('UX-2 a method or path that is none is refused', () => {
    expect(parseMethod('a.b=PUT', new Map([['*', 'POST']]))).toEqual(
      new Map([
        ['*', 'POST'],
        ['a.b', 'PUT'],
      ]),
    );
    for (const text of ['PUT', '=PUT', 'a.b=', 'a b=PUT', 'a.b=put', 'a.b=TRACE'])
      expect(() => parseMethod(text)).toThrow(/Give a type|is GET/);
    for (const text of ['a.b=../x', 'a.b=http://evil', 'a.b={entity}/..'])
      expect(() => parsePath(text)).toThrow(/path|must/);
    expect(parsePath('a.b=moods/{entity}?full=1').get('a.b')).toBe('moods/{entity}?full=1');
  });
});
