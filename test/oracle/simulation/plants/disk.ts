/**
 * Planted bugs of the store and the files beside it.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const DISK: readonly Plant[] = [
  {
    name: 'spill-not-synced',
    file: 'persistence/sqlite/file/spillFile.ts',
    find: '      if (written < bytes.length) throw noRoom(this.#path);\n      file.sync();',
    replace: '      if (written < bytes.length) throw noRoom(this.#path);',
    says: 'A crisis that is spilled is not synced, so a power cut takes it.',
    finds: /^lost: crisis/,
    seedsMax: 40,
  },
  {
    name: 'spill-over-the-last',
    file: 'persistence/sqlite/file/spillFile.ts',
    find: '    this.#end += HEAD_BYTES + envelope.length;\n',
    replace: '',
    says: 'Each crisis that is spilled is written over the one before.',
    finds: /^lost: crisis/,
    seedsMax: 20,
  },
  {
    name: 'spill-not-taken-up',
    file: 'persistence/sqlite/file/crisisSpills.ts',
    find: '    const writes = this.#read(this.#acceptances, this.#acceptancesPath);',
    replace: '    const writes: readonly AcceptWrite[] = [];',
    says: 'A process that starts does not read what an earlier one spilled.',
    finds: /^lost: crisis/,
    seedsMax: 20,
  },
  {
    name: 'spill-without-room',
    file: 'persistence/sqlite/file/crisisSpills.ts',
    find: '    this.#acceptances.reserve();\n',
    replace: '',
    says: 'No room is taken for crises in advance, so none is kept on a full disk.',
    finds: /^crisis not kept on a full disk: /,
    seedsMax: 80,
  },
  {
    name: 'outside-not-taken-up',
    file: 'actors/engine.ts',
    find: '    if (!isCopy) this.onOutside(info.outside);\n',
    replace: '',
    says: 'A crisis that another thread has answered and kept is not delivered after a kill.',
    finds: /^(still waiting|not settled): /,
    seedsMax: 40,
  },
  {
    name: 'spill-over-what-was-not-read',
    file: 'persistence/sqlite/file/spillFile.ts',
    find: '    if (!this.#isRead) this.read();\n',
    replace: '',
    says: 'A crisis is spilled over what could not be read when the store was opened.',
    finds: /^lost: crisis/,
    about: 'disk crisis',
    seedsMax: 40,
  },
  {
    name: 'behind-the-anchor-runs',
    file: 'actors/engine.ts',
    find: '    const isHeld = await this.anchor.compare();\n',
    replace: '    await this.anchor.compare();\n    const isHeld = false;\n',
    says: 'A folder that was put back runs, though its anchor tells of that.',
    finds: /^(ran while held|attempted after|applied twice)/,
    seedsMax: 40,
  },
  {
    name: 'never-compared-in-full',
    file: 'actors/recovery/anchorKeeper.ts',
    find: "      if (!this.#isCompared) await store.commit([{ kind: 'anchored', isKept: this.#isKept }]);\n",
    replace: '',
    says: 'The anchor is written before the store says that it was compared, so that a kill is an alarm.',
    finds: /^held though nothing was put back: /,
    seedsMax: 40,
  },
  {
    name: 'views-behind-the-writer',
    file: 'actors/work/operations.ts',
    find: 'this.#parts.store.beside.find(id)',
    replace: 'this.#parts.store.find(id)',
    says: 'A view is read in order with what is written, so it waits for a disk that hangs.',
    finds: /^a view waits for a write: /,
    seedsMax: 20,
  },
  {
    name: 'purge-ends-trouble',
    file: 'actors/journal/journal.ts',
    find: '      if (this.failure === null || this.isHanging) this.#health.committed(generation);\n      else this.#health.refused();',
    replace: '      this.#health.committed(generation);',
    says: 'A purge that the disk takes ends its trouble, and what it had refused is never written.',
    finds: /^(wait without a true reason|still waiting|not settled): /,
    about: 'disk',
    seedsMax: 40,
  },
];
