import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStaticFiles } from '../../../inspector/server/replies.ts';
import { ServedInspector } from '../../support/inspector/servedInspector.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

describe('AC-2 the files of the page', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html><title>page</title>'],
    ['/index.html', 'text/html; charset=utf-8', '<!doctype html><title>page</title>'],
    ['/app.js', 'text/javascript; charset=utf-8', 'export {};'],
    ['/app.css', 'text/css; charset=utf-8', 'body{}'],
    ['/charts/supervisor.svg', 'image/svg+xml; charset=utf-8', '<svg/>'],
    ['/charts/supervisor.json', 'application/json; charset=utf-8', '{}'],
  ])('AC-2: %s is one of them', async (path, type, text) => {
    const inspector = await ServedInspector.start();
    const reply = await inspector.ask({ path });
    expect(reply).toMatchObject({ status: 200, text, headers: { 'content-type': type } });
  });

  test.each([
    '/../secret.txt',
    '/charts/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/..\\secret.txt',
    '/charts/..%5c..%5csecret.txt',
    '//etc/passwd',
    '/charts',
    '/charts/',
    '/app.js/',
    '/app.js%00.css',
    '/./app.js',
    '/APP.JS',
    '/link.txt',
    '/linked/secret.txt',
    '/__proto__',
    '/constructor',
  ])('AC-2: %s is none', async (path) => {
    const inspector = await ServedInspector.start();
    const reply = await inspector.ask({ path });
    expect(reply.status).toBe(404);
    expect(reply.text).not.toContain('beside-the-page');
  });

  test.each([
    ['gzip, deflate, br', 'gzip'],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.0', undefined],
    ['identity', undefined],
    ['xgzip', undefined],
    ['', undefined],
  ])('OB-1: whoever accepts %j gets %s', async (accepted, coding) => {
    const inspector = await ServedInspector.start();
    const { headers } = await inspector.ask({
      path: '/app.js',
      headers: { 'accept-encoding': accepted },
    });
    expect(headers['content-encoding']).toBe(coding);
    expect(headers.vary).toBe('accept-encoding');
  });

  test('OB-1: what is compressed is the file', async () => {
    const { server } = await ServedInspector.start();
    const reply = await fetch(`${server.url}/app.js`);
    expect(reply.headers.get('content-encoding')).toBe('gzip');
    expect(await reply.text()).toBe('export {};');
  });

  test('AC-2: a link in the folder is not followed, and files of other kinds are left out', async () => {
    const folder = tempFolder();
    await mkdir(join(folder, 'page'));
    await writeFile(join(folder, 'secret.txt'), 'beside-the-page');
    await writeFile(join(folder, 'page', 'index.html'), 'page');
    await writeFile(join(folder, 'page', 'data.db'), 'another kind');
    await symlink(join(folder, 'secret.txt'), join(folder, 'page', 'link.txt'));
    await symlink(folder, join(folder, 'page', 'linked'));
    const files = await readStaticFiles(join(folder, 'page'));
    expect([...files.keys()].toSorted()).toEqual(['/', '/index.html']);
  });

  test('AC-2: the page is that of the start, whatever becomes of its folder', async () => {
    const inspector = await ServedInspector.start();
    await rm(join(inspector.folder, 'page'), { recursive: true });
    expect(await inspector.ask({ path: '/app.js' })).toMatchObject({ status: 200 });
  });

  test.each(['nowhere', 'empty'])(
    'UX-2: a folder that is %s is said, with what to do',
    async (what) => {
      const folder = tempFolder();
      const place = what === 'empty' ? folder : join(folder, what);
      await expect(readStaticFiles(place)).rejects.toMatchObject({
        code: 'HF_INSPECTOR_UNAVAILABLE',
        path: place,
        message: expect.stringContaining('npm run build') as string,
      });
    },
  );
});
