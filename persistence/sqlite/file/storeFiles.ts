/**
 * Watches the files that a connection has open: deleting, moving, replacing or cutting them does not stop SQLite, which
 * would go on writing into a file that nobody can find any more.
 *
 * @module
 */

import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syncFile, syncFolder } from '../../files/durableFiles.ts';
import { foldersTellChanges } from '../../files/fileSystems.ts';
import { storeFailure } from '../driver/failures.ts';
import { FILE_MODE, foldIfUnread, foldWal, WAL_BYTES_KEPT } from './connection.ts';
import { KeyringKept } from './keyringKept.ts';

type Found = Pick<Stats, 'ino' | 'dev' | 'size' | 'ctimeMs'> | null;

/**
 * Age below which a folder's change may share its time with a second one: twice the coarsest clock, since an old ext4
 * keeps whole seconds. The change time is compared, which nobody can set; programs that copy folders set the
 * modification time back.
 */
const FOLDER_CLOCK_MS = 2_000;

/** The files of one store, over all its connections. */
export class StoreFiles {
  readonly #path: string;
  readonly #walPath: string;
  readonly #keyring: KeyringKept;
  #data: Found = null;
  #wal: Found = null;
  /** The folder's state when every file in it was last found right; `null` while that is not certain. */
  #folder: Found = null;
  #folderTells = false;
  readonly #markCopy: (path: string) => void;
  #isLost = false;

  /** @param markCopy marks a copy of the file as the store itself */
  constructor(path: string, storeId: string, markCopy: (path: string) => void) {
    this.#path = path;
    this.#markCopy = markCopy;
    this.#walPath = `${path}-wal`;
    this.#keyring = new KeyringKept(path, storeId);
  }

  /**
   * True while the open connection is the only way to what the store holds: it must not be closed.
   */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * To be called before the file is opened: completes a rescue that a crash interrupted, and makes sure that the file
   * is still the one that was open before.
   *
   * @throws HoldfastError `HF_STORE_LOST`.
   */
  beforeOpen(): void {
    const rescued = look(rescuedPath(this.#path));
    if (rescued !== null && !existsSync(this.#path)) this.#putBack();
    else if (rescued !== null && isSame(rescued, look(this.#path))) this.#endRescue();
    if (this.#data === null || isSame(look(this.#path), this.#data)) return;
    throw this.#lost('is not the file that was open. Put that one back, or restore a backup');
  }

  /** To be called once a connection is open. */
  opened(): void {
    this.#data = look(this.#path);
    this.#wal = look(this.#walPath);
    this.#folder = null;
    this.#keyring.opened();
    this.#folderTells = foldersTellChanges(dirname(this.#path));
  }

  /**
   * To be called before each transaction.
   *
   * @throws HoldfastError `HF_STORE_LOST` when the -wal was cut: what was appended to it would be
   * out of reach after a crash; and as {@link afterCommit}, as long as a file is lost.
   */
  beforeWrite(db: Database.Database): void {
    if (this.#isLost) this.#confirmData(db);
    if (!this.#isWalCut()) return;
    throw new HoldfastError(
      'HF_STORE_LOST',
      `${this.#walPath} was cut short by another program while it was open. What was cut off is lost, ` +
        'unless that program had folded it into the database; the rest goes on.',
      { path: this.#walPath, retry: 'later' },
    );
  }

  /**
   * To be called after each commit and before anybody is told of it. If a file is gone, the contents of the connection
   * are written back. Returns a fault that harmed no commit, for the operator.
   *
   * @throws HoldfastError `HF_STORE_LOST`, also when it could be written back: the commit may not
   * have reached the disk, and people must know.
   */
  afterCommit(db: Database.Database): HoldfastError | null {
    this.#confirmData(db);
    return this.#keyring.confirm();
  }

  /**
   * Removes erased data from the -wal. Returns whether it was done: not while anybody reads, nor while a file is at
   * fault, which the next commit reports.
   *
   * @throws errors of SQLite.
   */
  clearWal(db: Database.Database): boolean {
    const isInPlace =
      isSame(look(this.#path), this.#data) && isSame(look(this.#walPath), this.#wal);
    if (this.#isLost || !isInPlace || this.#isWalCut()) return false;
    const isCleared = foldIfUnread(db);
    this.#wal = look(this.#walPath);
    return isCleared;
  }

  /**
   * To be called before the connection is closed: a keyring that vanished since the last commit is restored, if the
   * folder is still ours. Never throws; returns the fault.
   */
  beforeClose(): HoldfastError | null {
    try {
      const isOurs = this.#data !== null && isSame(look(this.#path), this.#data);
      return isOurs ? this.#keyring.confirm() : null;
    } catch (error) {
      return storeFailure(error, this.#path);
    }
  }

  #isWalCut(): boolean {
    const kept = Math.min(this.#wal?.size ?? 0, WAL_BYTES_KEPT);
    if (endOf(this.#walPath, kept) !== 'missing') return false;
    const wal = look(this.#walPath);
    return wal !== null && isSame(wal, this.#wal) && wal.size < kept;
  }

  #confirmData(db: Database.Database): void {
    const folder = look(dirname(this.#path));
    if (this.#isUntouched(folder)) return;
    const data = look(this.#path);
    const wal = look(this.#walPath);
    if (isSame(data, this.#data) && isSame(wal, this.#wal)) {
      this.#wal = wal;
      this.#isLost = false;
      // By the same clock, the -wal having been written just now.
      const isSettled = (wal?.ctimeMs ?? 0) - (folder?.ctimeMs ?? 0) > FOLDER_CLOCK_MS;
      this.#folder = isSettled && this.#folderTells ? folder : null;
      return;
    }
    this.#folder = null;
    this.#isLost = true;
    if (!isSame(data, this.#data)) {
      if (data !== null) throw this.#lost(`was replaced by another file. ${AWAY}`);
      if (wal !== null && !isSame(wal, this.#wal)) throw this.#lost(`was deleted. ${WAL_AWAY}`);
      this.#rescue(() => this.#writeBack(db));
      this.#data = null;
      this.#isLost = false;
      throw this.#lost(`was deleted while it was open, and was written back. ${FIND_OUT}`);
    }
    // Contents of the file that nobody can find any more move into the one that is there.
    this.#rescue(() => foldWal(db, this.#path));
    if (wal !== null) throw this.#lost(`has another -wal than was open. ${WAL_AWAY}`);
    this.#isLost = false;
    throw this.#lost(`had its -wal deleted while it was open; nothing is missing. ${FIND_OUT}`);
  }

  /**
   * True if no name in the folder can have been added, removed or changed since all was found right, and the -wal has
   * kept its length. Both are seen without asking for the times of a file that is written: Linux, from 6.13 on, would
   * give its next write a time of its own, and each commit would then sync the journal of the file system too
   * (docs/decisions/0031).
   */
  #isUntouched(folder: Found): boolean {
    if (folder === null || folder.ctimeMs !== this.#folder?.ctimeMs) return false;
    return isSame(folder, this.#folder) && endOf(this.#walPath, this.#wal?.size ?? 0) === 'end';
  }

  #rescue(write: () => void): void {
    try {
      write();
    } catch (error) {
      const { message } = storeFailure(error, this.#path);
      throw this.#lost(`was deleted or moved, and can't be written back yet: ${message} ${KEPT}`);
    }
  }

  /** Writes a whole copy of what the connection sees, then puts it where the file was. */
  #writeBack(db: Database.Database): void {
    const copy = `${this.#path}.rescue`;
    rmSync(copy, { force: true });
    closeSync(openSync(copy, 'wx', FILE_MODE));
    db.prepare('VACUUM INTO ?').run(copy);
    this.#markCopy(copy);
    syncFile(copy);
    // Under this name it is known to be complete.
    renameSync(copy, rescuedPath(this.#path));
    syncFolder(dirname(this.#path));
    this.#putBack();
  }

  /** The old -wal, which is in the copy, must go first: it would be taken for the new file's. */
  #putBack(): void {
    this.#keyring.confirm();
    rmSync(this.#walPath, { force: true });
    rmSync(`${this.#path}-shm`, { force: true });
    syncFolder(dirname(this.#path));
    // Unlike a rename it never takes the place of a file that has just been put there.
    linkSync(rescuedPath(this.#path), this.#path);
    this.#endRescue();
  }

  /** The second name goes once the first is on disk. */
  #endRescue(): void {
    syncFolder(dirname(this.#path));
    rmSync(rescuedPath(this.#path), { force: true });
  }

  #lost(what: string): HoldfastError {
    return new HoldfastError('HF_STORE_LOST', `The store at ${this.#path} ${what}.`, {
      path: this.#path,
      retry: 'later',
    });
  }
}

const KEPT = 'Nothing is lost as long as this process lives. Put the file or its folder back';
const AWAY = `Move that away: what the store held is then written back. ${KEPT}`;
const WAL_AWAY = `Move away the -wal that is there now. ${KEPT}`;
const FIND_OUT = 'Find out what deletes it';

function rescuedPath(path: string): string {
  return `${path}.rescued`;
}

function look(path: string): Found {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

const TWO_BYTES = new Uint8Array(2);

/** Whether a file ends at `size` bytes or is longer; `missing` if it is shorter or can't be read. */
function endOf(path: string, size: number): 'end' | 'goesOn' | 'missing' {
  if (size === 0) return 'missing';
  try {
    // O_NOATIME, if supported: reading must not change the times either.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOATIME ?? 0));
    try {
      const found = readSync(file, TWO_BYTES, 0, 2, size - 1);
      return found === 2 ? 'goesOn' : found === 1 ? 'end' : 'missing';
    } finally {
      closeSync(file);
    }
  } catch {
    return 'missing';
  }
}

function isSame(a: Found, b: Found): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev;
}
