/** Reads by which an owner makes sure of its lock: few while it has it, all before it says that it was lost. */

import type * as FileSystem from 'node:fs';
import { closeSync, openSync, type readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { takeOwnership } from '../../../persistence/owner/owner.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const read = vi.hoisted((): string[] => []);

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof FileSystem>();
  const counted = (...given: Parameters<typeof readFileSync>) => {
    read.push(String(given[0]));
    return fs.readFileSync(...given);
  };
  return { ...fs, readFileSync: counted };
});

const COMMITS = 160;

test.skipIf(process.platform !== 'linux')(
  'SV-5 PF-6 an owner that has its lock waits for no list of all locks; one that lost it takes it again',
  () => {
    const folder = tempFolder();
    const ownership = takeOwnership(folder, 'test');
    read.length = 0;
    for (let commit = 0; commit < COMMITS; commit += 1) expect(ownership.confirm()).toBeNull();
    expect(read.length).toBeGreaterThan(0);
    expect(read).not.toContain('/proc/locks');
    // By a rule of POSIX that drops the lock of this process.
    closeSync(openSync(join(folder, 'owner.db'), 'r'));
    const found = Array.from({ length: COMMITS }, () => ownership.confirm()?.code ?? 'well');
    expect(found.filter((code) => code !== 'well')).toEqual(['HF_STORE_LOCK_LOST']);
    expect(read.filter((path) => path === '/proc/locks')).toHaveLength(1);
    read.length = 0;
    for (let commit = 0; commit < COMMITS; commit += 1) expect(ownership.confirm()).toBeNull();
    expect(read).not.toContain('/proc/locks');
    ownership.giveBack();
  },
);
