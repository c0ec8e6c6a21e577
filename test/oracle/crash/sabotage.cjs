/**
 * Loaded before everything else into a process that is recorded, and into its writer thread. It plants
 * defects in better-sqlite3 that no switch of holdfast could: a weaker `synchronous`, told of as FULL,
 * or commits that are told of before they are made, or a WAL left as a failed sync left it. It can also make the WAL be folded in early, so
 * that short recordings hold checkpoints.
 */
'use strict';

const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');
const Database = require('better-sqlite3');

const synchronous = process.env.HOLDFAST_SABOTAGE_SYNCHRONOUS;
const commitLateMs = process.env.HOLDFAST_SABOTAGE_COMMIT_LATE_MS;
const leavesWal = process.env.HOLDFAST_SABOTAGE_LEAVES_WAL !== undefined;
const checkpointPages = process.env.HOLDFAST_CHECKPOINT_PAGES;
const { pragma, prepare, exec, close } = Object.fromEntries(
  ['pragma', 'prepare', 'exec', 'close'].map((name) => [name, Database.prototype[name]]),
);

/** The databases whose last commit was told of and is still to be made. */
const late = new Set();

function commitNow(db) {
  if (late.delete(db)) exec.call(db, 'COMMIT');
}

Database.prototype.pragma = function sabotaged(text, options) {
  commitNow(this);
  if (leavesWal && text === 'wal_checkpoint(NOOP)') return [{ busy: 0, log: -1, checkpointed: -1 }];
  if (synchronous !== undefined && /^\s*synchronous\b/i.test(text)) {
    if (!text.includes('=')) return options?.simple === true ? 2 : [{ synchronous: 2 }];
    return pragma.call(this, `synchronous = ${synchronous}`, options);
  }
  if (checkpointPages !== undefined && /^\s*wal_autocheckpoint\s*=/i.test(text)) {
    return pragma.call(this, `wal_autocheckpoint = ${checkpointPages}`, options);
  }
  return pragma.call(this, text, options);
};

if (leavesWal) {
  // What JavaScript writes to a WAL is that which was there: as if it had not.
  const { writeSync } = fs;
  fs.writeSync = (descriptor, bytes, from, length, at) =>
    fs.readlinkSync(`/proc/self/fd/${descriptor}`).endsWith('-wal')
      ? length
      : writeSync(descriptor, bytes, from, length, at);
  syncBuiltinESMExports();
}

if (commitLateMs !== undefined) {
  Database.prototype.prepare = function sabotaged(sql) {
    const statement = prepare.call(this, sql);
    const run = statement.run.bind(statement);
    // What comes before a late commit is made becomes part of it.
    if (/^\s*BEGIN\b/i.test(sql)) statement.run = () => (late.has(this) ? this : run());
    if (/^\s*COMMIT\b/i.test(sql)) {
      statement.run = () => {
        if (late.has(this)) return this;
        late.add(this);
        setTimeout(commitNow, Number(commitLateMs), this);
        return this;
      };
    }
    return statement;
  };
  Database.prototype.exec = function sabotaged(sql) {
    commitNow(this);
    return /^\s*ROLLBACK\b/i.test(sql) && !this.inTransaction ? this : exec.call(this, sql);
  };
  Database.prototype.close = function sabotaged() {
    commitNow(this);
    return close.call(this);
  };
}
