import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tempFolder } from './support/store/tempFolder.ts';

/** What each example must have said; it ends with another exit code when its own check fails. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'quickstart.mjs': ['accepted', 'completed after 3 attempts { paid: 1250 }'],
  'payments.mjs': ['sent again: found the first', '12 of 12 payments taken exactly once'],
  'restart.mjs': ['the first process is dead', 'completed', 'taken exactly once'],
  'testing.mjs': ['40 orders, each applied once, in ', 'duplicated: 0'],
  'crisis.mjs': ['112', 'on disk and synced', 'delivery completed after 4 attempts'],
};
/** Not run by itself: the service that the others talk to. */
const PARTS = new Set(['paymentService.mjs']);

/** The folders beside them are apps of their own: test/exampleApps. */
const scripts = readdirSync('examples').filter((name) => name.endsWith('.mjs'));

async function runExample(name: string): Promise<string> {
  const folder = tempFolder();
  const { stdout } = await promisify(execFile)(process.execPath, [resolve('examples', name)], {
    cwd: folder,
    timeout: 25_000,
  });
  return stdout;
}

describe('UX-1 the examples, with the built package by its name', () => {
  for (const [name, lines] of Object.entries(EXAMPLES)) {
    test(`UX-1 ${name} runs and does what it says`, async () => {
      const said = await runExample(name);
      for (const line of lines) expect(said).toContain(line);
    });
  }

  test('UX-1 every example is among them', () => {
    const files = scripts.filter((name) => !PARTS.has(name));
    expect(files.toSorted()).toEqual(Object.keys(EXAMPLES).toSorted());
  });

  test('UX-1 examples know the package by its name only', () => {
    for (const name of scripts) {
      const imports = [
        ...readFileSync(join('examples', name), 'utf8').matchAll(/ from '([^']+)'/g),
      ];
      for (const [, from] of imports) {
        expect(from, name).toMatch(/^(holdfast(\/testing)?$|node:|\.\/paymentService\.mjs$)/);
      }
    }
  });
});

describe('UX-1 the README', () => {
  const readme = readFileSync('README.md', 'utf8');

  test('UX-1 the pictures in it are there, and the chart is the one that is drawn from the source', () => {
    const pictures = [...readme.matchAll(/(?:src(?:set)?="|!\[[^\]]*\]\()([^")]+)/g)];
    const paths = pictures.map(([, path = '']) => path);
    expect(paths).toContain('docs/machines/circuitBreaker.svg');
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  test('UX-1 the code of the page on testing is the file that runs', () => {
    const page = readFileSync('docs/how-to/test-your-app.md', 'utf8');
    expect(page).toContain(readFileSync('examples/testing.mjs', 'utf8'));
  });

  test('UX-1 names every example that runs by itself', () => {
    for (const name of Object.keys(EXAMPLES)) expect(readme).toContain(name);
  });
});

describe('UX-1 links between pages', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownIn('docs')];

  test('UX-1 every relative link leads to a file that is there', () => {
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.flatMap(brokenLinks)).toEqual([]);
  });

  test('UX-1 control: a link to nowhere is seen', () => {
    expect(linksOf('[a](nowhere.md) [b](https://example.com) [c](#words)')).toEqual(['nowhere.md']);
  });
});

function markdownIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

/** Relative targets of the links in a page, without their anchors. */
function linksOf(text: string): readonly string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

function brokenLinks(page: string): readonly string[] {
  return linksOf(readFileSync(page, 'utf8'))
    .filter((target) => !existsSync(resolve(page, '..', target)))
    .map((target) => `${page} → ${target}`);
}
