/**
 * What others wrote and this package brings along (SE-5): where it is from, what it may run, and under
 * which licence. It asks no registry: `npm ci` refuses what does not fit the hashes of the lock file, and
 * this holds the lock file and what is installed against each other.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly engines?: { readonly node?: string };
}
type Packages = Readonly<Record<string, Locked>>;

/** Licences that ask for no more than to be named, and say nothing of what uses the work. */
const PERMISSIVE = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD']);
/** A tool that is not shipped may also be under one that binds changes of its own files only, or, of data, asks to be named. */
const FOR_TOOLS = new Set([
  ...PERMISSIVE,
  'BlueOak-1.0.0',
  'MPL-2.0',
  'EPL-2.0',
  'CC-BY-4.0',
  'MIT-0',
  'CC0-1.0',
]);
/** The Node.js of `engines` in package.json. */
const OLDEST = [20, 19] as const;
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

function packagesOf(path: string): Packages {
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Packages };
  return Object.fromEntries(Object.entries(packages).filter(([place]) => place !== ''));
}

/** The packages without a sound hash. */
function unhashed(packages: Packages): string[] {
  return places(packages, ({ integrity }) => !SHA512.test(integrity ?? ''));
}

/** The packages that no licence of the list covers; of `A OR B` one is enough. */
function unlicensed(packages: Packages): string[] {
  return places(packages, ({ license = '', dev }) => {
    const allowed = dev === true ? FOR_TOOLS : PERMISSIVE;
    const choices = license.replace(/^\((.*)\)$/, '$1').split(' OR ');
    return !choices.some((name) => allowed.has(name));
  });
}

/** The packages that ask for a newer Node.js than this one does, of which `npm ci` warns. */
function tooNew(packages: Packages): string[] {
  return places(packages, ({ engines }) => !isMetByOldest(engines?.node ?? '*'));
}

/** Whether the oldest Node.js that this package runs on is in a range such as `^18.18 || >=20`. */
function isMetByOldest(range: string): boolean {
  return range.split('||').some((all) =>
    all
      .trim()
      .replaceAll(/([<>=^~]) +/g, '$1')
      .split(/ +/)
      .every((one) => {
        const [, sign = '', major = '*', minor = '0'] =
          /^([<>=^~]*)v?(\d+|\*|x)?(?:\.(\d+))?/.exec(one) ?? [];
        if (/[*x]/.test(major)) return true;
        const isAfter =
          OLDEST[0] - Number(major) || (one.split('.')[1] === 'x' ? 0 : OLDEST[1] - Number(minor));
        if (sign.startsWith('>')) return isAfter >= 0;
        if (sign.startsWith('<')) return isAfter < 0 || (sign === '<=' && isAfter === 0);
        return OLDEST[0] === Number(major) && isAfter >= 0;
      }),
  );
}

function places(packages: Packages, isAmiss: (locked: Locked) => boolean): string[] {
  return Object.entries(packages).flatMap(([place, locked]) => (isAmiss(locked) ? [place] : []));
}

const locked = packagesOf('package-lock.json');

describe('SE-5 UX-1 what others wrote', () => {
  test('the lock file is read', () => {
    expect(Object.keys(locked).length).toBeGreaterThan(100);
  });

  test('comes with a hash each, which npm ci holds it to', () => {
    expect(unhashed(locked)).toEqual([]);
  });

  test('is installed as it was locked, and nothing beside it', () => {
    const installed = packagesOf('node_modules/.package-lock.json');
    const other = places(installed, () => true).filter(
      (place) => installed[place]?.integrity !== locked[place]?.integrity,
    );
    expect(other).toEqual([]);
    const missing = places(locked, ({ optional }) => optional !== true);
    expect(missing.filter((place) => installed[place] === undefined)).toEqual([]);
    const folders = readdirSync('node_modules').filter((name) => !name.startsWith('.'));
    const scoped = folders.flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(`node_modules/${name}`).map((own) => `${name}/${own}`)
        : name,
    );
    const known = scoped.filter((name) => installed[`node_modules/${name}`] !== undefined);
    expect(scoped.filter((name) => existsSync(`node_modules/${name}/package.json`))).toEqual(known);
  });

  test('runs no script when it is installed, but for the one that brings SQLite', () => {
    expect(places(locked, ({ hasInstallScript }) => hasInstallScript === true)).toEqual([
      'node_modules/better-sqlite3',
    ]);
  });

  test('asks for no newer Node.js, so that npm ci warns of nothing', () => {
    expect(tooNew(locked)).toEqual([]);
    const planted = {
      'a/newer': { engines: { node: '>=22' } },
      'a/newest': { engines: { node: '^22.13.0 || >=24' } },
      'a/fits': { engines: { node: '^18.18.0 || ^20.9.0 || >=21.1.0' } },
      'a/each': { engines: { node: '20.x || 22.x' } },
    };
    expect(tooNew(planted)).toEqual(['a/newer', 'a/newest']);
  });

  test('is under a licence that lets it be used so', () => {
    expect(unlicensed(locked)).toEqual([]);
  });

  test('that does cryptography is pinned exactly', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Readonly<Record<string, string>>;
    };
    for (const name of ['@noble/ciphers', '@noble/hashes']) {
      expect(dependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test('control: a package without a hash, and one under another licence, are found', () => {
    const sound = `sha512-${'a'.repeat(86)}==`;
    expect(
      unhashed({ good: { integrity: sound }, bad: {}, weak: { integrity: 'sha1-abc=' } }),
    ).toEqual(['bad', 'weak']);
    expect(
      unlicensed({
        good: { license: '(GPL-3.0 OR MIT)' },
        tool: { license: 'MPL-2.0', dev: true },
        bad: { license: 'MPL-2.0' },
        none: {},
      }),
    ).toEqual(['bad', 'none']);
  });
});
