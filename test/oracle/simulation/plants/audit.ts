/**
 * Planted bugs of the audit: something is done and not recorded, or recorded and not done.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const AUDIT: readonly Plant[] = [
  {
    name: 'ending-not-recorded',
    file: 'actors/operation/operationWriter.ts',
    find: '      noted: endedNote(resident, context),',
    replace: '      noted: undefined,',
    says: 'What was given up, cancelled or expired is in no entry of the audit.',
    finds: /^done and not recorded: /,
    seedsMax: 6,
  },
  {
    name: 'crisis-not-recorded',
    file: 'actors/operation/operationWriter.ts',
    find: '        return { ...write, audit: this.#notes.of(acceptedNote(resident, context)) };',
    replace: '        return write;',
    says: 'No entry of the audit says that there was a crisis.',
    finds: /^done and not recorded: crisis /,
    seedsMax: 6,
  },
  {
    name: 'notes-named-alike',
    file: 'actors/journal/auditTrail.ts',
    find: "    if (this.#prefix === '') this.#prefix = this.#random.uuid().slice(0, -COUNT_DIGITS);",
    replace: "    this.#prefix = '00000000-0000-4000-8000-';",
    says: 'Entries of each process have the ids that those of the process before had, and are taken for repeats.',
    finds: /^done and not recorded: /,
    seedsMax: 6,
  },
  {
    name: 'recorded-though-nothing-was-done',
    file: 'persistence/port/audit.ts',
    find: '  const isDone = EFFECTS.has(result.kind) && result.isRepeat !== true;',
    replace: '  const isDone = EFFECTS.size > 0 || result.isRepeat !== true;',
    says: 'The audit says that a dead letter was run again or purged, where somebody else was first and nothing was done.',
    finds: /^recorded and not done: /,
    about: 'orders people',
    seedsMax: 12,
  },
  {
    name: 'order-not-recorded',
    file: 'src/management/management.ts',
    find: '    if (noted !== null && isRecordedFirst(call)) await this.#record(noted);',
    replace: '    if (noted !== null && isRecordedFirst(call)) await this.#parts.whenOpen();',
    says: 'Orders about dead letters and conflicts are carried out without an entry that says who gave them.',
    finds: /^order not recorded: /,
    seedsMax: 6,
  },
];
