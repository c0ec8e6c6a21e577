import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

const FOLDER = 'dist/inspector';
const COMPRESSED_MAX = 300_000;

const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
const texts = new Map(files.map((path) => [path, readFileSync(path, 'utf8')]));

/** Addresses of elsewhere that a browser might ask; names of XML are none. */
function outsideAddresses(text: string): readonly string[] {
  const found = text.match(/https?:\/\/[\w.-]+/g) ?? [];
  return found.filter((address) => address !== 'http://www.w3.org');
}

/** What the content policy of the server would refuse. */
function inlineParts(markup: string): readonly string[] {
  return markup.match(/\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)/g) ?? [];
}

describe('OB-1 the page of the inspector (of the last build)', () => {
  test('OB-1 has its parts', () => {
    for (const name of ['index.html', 'app.js', 'app.css', 'favicon.svg', 'licences.txt']) {
      expect(files).toContain(join(FOLDER, name));
    }
    expect(readFileSync(join(FOLDER, 'licences.txt'), 'utf8')).toMatch(
      /@xstate\/store \d[^]*preact \d/,
    );
  });

  test('OB-1 is small, all charts included', () => {
    const bytes = [...texts.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(bytes).toBeLessThan(COMPRESSED_MAX);
  });

  test('AC-2 asks nothing of elsewhere', () => {
    const outside = [...texts]
      .filter(([path]) => !path.endsWith('licences.txt'))
      .flatMap(([path, text]) => outsideAddresses(text).map((address) => `${path}: ${address}`));
    expect(outside).toEqual([]);
  });

  test('AC-2 needs no inline style or script', () => {
    const markup = [...texts].filter(([path]) => /\.(html|svg)$/.test(path));
    const inline = markup.flatMap(([path, text]) =>
      inlineParts(text).map((part) => `${path}: ${part}`),
    );
    expect(inline).toEqual([]);
    expect(existsSync(join(FOLDER, 'charts'))).toBe(true);
  });

  test('AC-2 control: what is not allowed is found', () => {
    expect(
      outsideAddresses('fetch("https://fonts.example/a") "http://www.w3.org/2000/svg"'),
    ).toEqual(['https://fonts.example']);
    expect(
      inlineParts('<p style="a"><style>a</style><script>1</script><a onclick="1">'),
    ).toHaveLength(4);
    expect(inlineParts('<script type="module" src="/app.js"></script>')).toEqual([]);
  });
});
