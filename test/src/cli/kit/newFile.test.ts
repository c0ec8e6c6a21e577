/** Files that commands write for people: what is told where they can't be written. */

import { open } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { append } from '../../../../src/cli/kit/newFile.ts';

test('UX-1 a full disk is told by name, with what to do', async () => {
  // Linux has a file for that: each write to it fails as on a full disk.
  const file = await open('/dev/full', 'a');
  onTestFinished(() => file.close());
  await expect(append('./user-42.html', file, 'a page')).rejects.toMatchObject({
    code: 'HF_OPTION_INVALID',
    message: "Can't write ./user-42.html: its disk is full. Name a new file.",
  });
});
