/**
 * The drill while large records are merged: what other devices made of them is hostile in size.
 *
 * @module
 */

import type { Handler } from '../../../actors/port.ts';
import { conflictFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { CRISIS_TYPE } from '../stage/crises.ts';
import { type Stage, WORK } from '../stage/stage.ts';
import type { Scenario } from './scenario.ts';

const RECORD_TYPE = 'plans.put';
/** Contacts of a record, each of which both sides have changed: a mebibyte in all. */
const ITEMS = 10_000;
const PAYLOAD_BYTES_MAX = 8 * 1_024 * 1_024;

/** A crisis plan, as this side has it: every contact with another name, and texts that take long to compare and search. */
function recordOf(side: string): Json {
  return {
    blankLines: `${'\n'.repeat(side === 'mine' ? 20_000 : 30_000)}${side}`,
    digits: `${side} ${'4111 4111 '.repeat(5_000)}`,
    marks: `${side}${'\u0301\u0316'.repeat(5_000)}`,
    emergencyContacts: Array.from({ length: ITEMS }, (_, at) => ({
      ...{ id: `c${at}`, name: `${side} ${at}`, phones: [`+49 30 ${at}`], note: 'x'.repeat(30) },
    })),
  };
}

/** An upstream that never holds what an edit was made on, so that each is merged again and again. */
function hostileRecords(onMerge: () => void): Handler {
  const other = recordOf('other');
  let version = 0;
  return {
    upstream: WORK,
    run: () => {
      throw conflictFailure('The record has another version.');
    },
    conflicts: {
      fetchCurrent: () => {
        version += 1;
        onMerge();
        return { value: other, version: `"v${version}"` };
      },
    },
  };
}

export const hostileMerge: Scenario = {
  name: 'hostile-merge',
  title: 'A hostile record merged meanwhile',
  means: `edits of a record of 1 MiB with ${ITEMS.toLocaleString('en')} items, blank lines, digits of cards and heaps of marks meet one in which all of it is another`,
  seconds: { full: 16, short: 5 },
  crises: { full: 4_000, short: 200 },
  async run(stage: Stage) {
    let merges = 0;
    const runtime = await stage.openWell({
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      handlers: {
        [CRISIS_TYPE]: stage.crisisHandler,
        [RECORD_TYPE]: hostileRecords(() => {
          merges += 1;
        }),
      },
    });
    const mine = recordOf('mine');
    let isOver = false;
    let edits = 0;
    const edit = async (): Promise<void> => {
      while (!isOver) {
        edits += 1;
        const operation = await runtime.sync({
          type: RECORD_TYPE,
          subject: `person-${edits}`,
          entity: { type: 'crisis_plan', id: `plan-${edits}` },
          payload: mine,
        });
        await Promise.race([operation.outcome, stage.pauseFor(1 / 4)]);
      }
    };
    const editing = edit();
    await stage.stream(runtime);
    isOver = true;
    await editing;
    stage.saw(merges > 0, `${edits} edits were merged with another's ${merges} times`);
  },
};
