/**
 * Loaded before everything else into a process that is recorded, and into its writer thread. It plants
 * defects in better-sqlite3 that no switch of holdfast could: a weaker `synchronous`, told of as FULL.
 * It can also make the WAL be folded in early, so that short recordings hold checkpoints.
 */
'use strict';

const Database = require('better-sqlite3');

const synchronous = process.env.HOLDFAST_SABOTAGE_SYNCHRONOUS;
const checkpointPages = process.env.HOLDFAST_CHECKPOINT_PAGES;
const pragma = Database.prototype.pragma;

Database.prototype.pragma = function sabotaged(text, options) {
  if (synchronous !== undefined && /^\s*synchronous\b/i.test(text)) {
    if (!text.includes('=')) return options?.simple === true ? 2 : [{ synchronous: 2 }];
    return pragma.call(this, `synchronous = ${synchronous}`, options);
  }
  if (checkpointPages !== undefined && /^\s*wal_autocheckpoint\s*=/i.test(text)) {
    return pragma.call(this, `wal_autocheckpoint = ${checkpointPages}`, options);
  }
  return pragma.call(this, text, options);
};
