/** Which causes of a start that failed may pass, so that it is tried again (SV-6). */

import { expect, test } from 'vitest';
import { adviceFor } from '../../../../persistence/files/atomicFile.ts';
import { storeFailure } from '../../../../persistence/sqlite/driver/failures.ts';

test.each([
  ['EIO', 'later'],
  ['EROFS', 'later'],
  ['ENOSPC', 'later'],
  ['EBUSY', 'later'],
  ['ESTALE', 'later'],
  ['EMFILE', 'later'],
  ['EACCES', 'never'],
  ['ENOTDIR', 'never'],
  ['ENOENT', 'never'],
] as const)('SV-6 what the system calls %s is to be tried again: %s', (code, retry) => {
  const cause = Object.assign(new Error('as of the system'), { code });
  expect(adviceFor(cause)).toBe(retry);
  expect(storeFailure(cause, '/a/store')).toMatchObject({ path: '/a/store', retry });
});
