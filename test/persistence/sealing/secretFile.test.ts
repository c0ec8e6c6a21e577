import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSecretFile } from '../../../persistence/sealing/secretFile.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const RULES = { what: 'passphrase file', exposed: 'HF_KEY_FILE_EXPOSED', mayBePipe: true } as const;

test('SE-5 a secret file is read by its owner alone, also behind a link, and never repeated', async () => {
  const folder = tempFolder();
  const path = join(folder, 'secret');
  writeFileSync(path, 'correct horse\n', { mode: 0o600 });
  symlinkSync(path, join(folder, 'link'));
  expect(await readSecretFile(join(folder, 'link'), RULES)).toBe('correct horse\n');

  chmodSync(path, 0o640);
  const refusal: unknown = await readSecretFile(path, RULES).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'HF_KEY_FILE_EXPOSED' });
  expect(String(refusal)).toMatch(/chmod 600/);
  expect(String(refusal)).not.toContain('horse');

  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  writeFileSync(join(open, 'secret'), 'x', { mode: 0o600 });
  await expect(readSecretFile(join(open, 'secret'), RULES)).rejects.toThrow(/in the place of/);
});

test('UX-2 what is no secret file says so', async () => {
  const folder = tempFolder();
  const path = join(folder, 'long');
  await expect(readSecretFile(path, RULES)).rejects.toThrow(/there is no such file/);
  await expect(readSecretFile(folder, RULES)).rejects.toThrow(/no plain file/);
  writeFileSync(path, 'x'.repeat(65_537), { mode: 0o600 });
  await expect(readSecretFile(path, RULES)).rejects.toThrow(/more than 65536 bytes/);
  await expect(readSecretFile('/dev/null', { ...RULES, mayBePipe: false })).rejects.toThrow(
    /no plain file/,
  );
});

test('UX-2 a path below a file says what failed, and a device is read where a pipe may be', async () => {
  const path = join(tempFolder(), 'secret');
  writeFileSync(path, 'x', { mode: 0o600 });
  await expect(readSecretFile(join(path, 'below'), RULES)).rejects.toThrow(/failed with ENOTDIR/);
  expect(await readSecretFile('/dev/null', RULES)).toBe('');
});

// Only root can give a file away.
test.runIf(process.getuid?.() === 0)(
  'SE-5 one of another user is refused, and so is a folder',
  async () => {
    const folder = join(tempFolder(), 'folder');
    mkdirSync(folder, { mode: 0o700 });
    const path = join(folder, 'secret');
    writeFileSync(path, 'x', { mode: 0o600 });
    chownSync(folder, 65_534, 65_534);
    await expect(readSecretFile(path, RULES)).rejects.toThrow(/in the place of/);
    chownSync(path, 65_534, 65_534);
    await expect(readSecretFile(path, RULES)).rejects.toThrow(/belongs to another user/);
  },
);
