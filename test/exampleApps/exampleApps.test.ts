/**
 * The example apps, each as a user has it: in a folder of its own outside the repository, with holdfast
 * installed from the tarball of the last build. Each checks itself, and ends with 0 or 1.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packPackage } from '../support/package/packedPackage.ts';
import { installExample, npm } from './installedExample.ts';

const CHECK_MS_MAX = 240_000;
/** What each must have said, and with which faults planted it must fail, saying what. */
const APPS: Readonly<
  Record<string, { says: readonly string[]; plants: Readonly<Record<string, RegExp>> }>
> = {
  gateway: {
    says: [
      'a second process waits for the store while the first has it',
      'by its ledger 0 payments are missing, 0 doubled',
      'Each payment was taken exactly once',
    ],
    plants: {
      'double-apply': /FAILED:[^]*by its ledger 0 payments are missing, [1-9]\d* doubled/,
      'forget-store': /FAILED:[^]*by its ledger [1-9]\d* payments are missing/,
    },
  },
  desktop: {
    says: [
      'offline, all 6 changes are kept',
      'another passphrase opens nothing',
      'online again, nothing waits any more',
      'Nothing was lost, doubled or out of order',
    ],
    plants: { 'double-apply': /FAILED:[^]*changes, each once: [1-9]/ },
  },
  'two-devices': {
    says: [
      'a person is asked of /place: Harbour Street 2, or by video?',
      'Both devices and the service hold the same; nothing was lost and nothing doubled.',
    ],
    plants: {
      'ignore-versions': /FAILED:[^]*lost: [^n]/,
      'edit-twice': /FAILED:[^]*and doubled: [^n]/,
    },
  },
  'tested-app': { says: ['pass 6', 'fail 0'], plants: {} },
};

let folder = '';
let tarball = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-examples-'));
  tarball = packPackage(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(Object.entries(APPS))('UX-1 the example %s', (name, { says, plants }) => {
  const app = (): string => join(folder, name);
  const builds = readdirSync(join('examples', name)).includes('tsconfig.json') ? ['build'] : [];

  beforeAll(async () => {
    await installExample(name, tarball, app());
  });

  for (const script of builds) {
    test('UX-1 compiles against the types that were installed', async () => {
      const { exitCode, said } = await npm(app(), ['run', script], CHECK_MS_MAX);
      expect(exitCode, said).toBe(0);
    });
  }

  test('UX-1 runs and finds itself well', async () => {
    const { exitCode, said } = await npm(app(), ['test'], CHECK_MS_MAX);
    expect(exitCode, said).toBe(0);
    for (const line of says) expect(said).toContain(line);
  });

  for (const [plant, finding] of Object.entries(plants)) {
    test(`UX-1 control: with ${plant} planted it fails and says so`, async () => {
      const { exitCode, said } = await npm(app(), ['test', '--', '--plant', plant], CHECK_MS_MAX);
      expect(exitCode, said).toBe(1);
      expect(said).toMatch(finding);
    });
  }
});

test('UX-1 every folder of examples is among them, with its packages pinned', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  expect(folders.map((one) => one.name).toSorted()).toEqual(Object.keys(APPS).toSorted());
  for (const { name } of folders) {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join('examples', name, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>;
    const { holdfast, ...others } = { ...dependencies, ...devDependencies };
    expect(holdfast).toBe(`^${ownVersion()}`);
    for (const version of Object.values(others)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

test('UX-1 what can not be had is named where no registry can be reached', async () => {
  const nowhere = join(folder, 'nowhere');
  process.env['npm_config_registry'] = 'http://127.0.0.1:9/';
  process.env['npm_config_cache'] = join(folder, 'empty-cache');
  process.env['npm_config_fetch_retries'] = '0';
  try {
    await expect(installExample('tested-app', tarball, nowhere)).rejects.toThrow(
      /needs zod@[\d.]+, .*no registry can be reached/,
    );
  } finally {
    for (const name of ['registry', 'cache', 'fetch_retries']) {
      delete process.env[`npm_config_${name}`];
    }
  }
});

function ownVersion(): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
}
