import { describe, expect, test } from 'vitest';
import { compareEdit } from '../../../machines/conflict/compareEdit.ts';
import type { Comparison } from '../../../machines/conflict/editBase.ts';
import type { EntityRecord } from '../../../machines/conflict/entityRecord.ts';
import { mergeEdit } from '../../../machines/conflict/mergeEdit.ts';
import { afterRemote } from '../../../machines/conflict/recordNews.ts';
import type { Onlooker } from '../../../machines/conflict/remembered.ts';
import { crisisPlan } from '../../../machines/merge/entities/crisisPlan.ts';
import type { Current } from '../../../machines/vocabulary/record.ts';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';

const ABOUT = { entity: { type: 'crisis_plan', id: 'p-1' }, subject: 'user-42' };
const DAY_MS = 86_400_000;
const EDITED_AT_MS = 2_000;

const sam = { id: 'sam', name: 'Sam', phones: ['+49 30 1111111'] };
const robin = { id: 'robin', name: 'Robin', phones: ['+49 30 2222222'] };
const path = '/emergencyContacts/robin';
const WITH_ROBIN: Current = { version: '"1"', value: { emergencyContacts: [sam, robin] } };
const WITHOUT_ROBIN: Current = {
  version: '"2"',
  value: { emergencyContacts: [sam] },
  meta: {
    vv: { phone: 1 },
    actor: 'phone',
    hlc: { ms: 1_500, c: 0 },
    tombstones: [{ path, confirmed: true, by: 'user-42', at: 1_500, reason: 'asked' }],
    heard: { phone: 1_500 },
  },
};

function seenAt(nowMs: number): Onlooker {
  return { device: 'tablet', rules: crisisPlan, nowMs, silentMaxMs: 400 * DAY_MS };
}

function heard(record: EntityRecord | null, current: Current, atMs: number): EntityRecord {
  return afterRemote(record, ABOUT, current, seenAt(atMs), false).record;
}

/** An edit of the tablet, made on this version. */
function edit(record: EntityRecord, base: Current, payload: JsonObject): Comparison {
  const body = { payload, base: { version: base.version, value: base.value } };
  return {
    record,
    edit: { body, acceptedAtMs: EDITED_AT_MS, round: 0 },
    rules: crisisPlan,
    device: 'tablet',
    nowMs: EDITED_AT_MS,
    draw: 'b',
  };
}

function contactsOf(made: ReturnType<typeof mergeEdit>): unknown {
  if (!made.isMerged) throw new Error('They are merged.');
  const { emergencyContacts } = made.merged.payload as {
    readonly emergencyContacts: readonly { readonly id: string }[];
  };
  return emergencyContacts.map(({ id }) => id);
}

describe('a contact whose removal a person has confirmed', () => {
  const stale = { emergencyContacts: [sam, robin], note: 'written on the tablet' };

  test('CF-5 CF-7 does not come back by an edit that was made before that was heard', () => {
    const began = heard(null, WITH_ROBIN, 1_000);
    const first = edit(began, WITH_ROBIN, stale);
    const compared = compareEdit(first);
    expect(compared).toMatchObject({ kind: 'merge', current: WITH_ROBIN });
    // It is refused, and the upstream is asked.
    const asked = afterRemote(began, ABOUT, WITHOUT_ROBIN, seenAt(3_000), true).record;
    const made = mergeEdit({ ...first, record: asked, current: asked.current });
    expect(contactsOf(made)).toEqual(['sam']);
    expect(made).toMatchObject({
      review: [],
      merged: { payload: { note: 'written on the tablet' }, meta: { tombstones: [{ path }] } },
    });
  });

  test('CF-5 CF-7 nor where it was heard before the edit, which the app made of what it had', () => {
    const record = heard(heard(null, WITH_ROBIN, 1_000), WITHOUT_ROBIN, 1_600);
    const made = mergeEdit({ ...edit(record, WITH_ROBIN, stale), current: record.current });
    expect(contactsOf(made)).toEqual(['sam']);
    expect(made).toMatchObject({ merged: { meta: { tombstones: [{ path }] } } });
  });

  test('CF-5 control: comes back where the person puts it in again, having seen that it was gone', () => {
    const record = heard(heard(null, WITH_ROBIN, 1_000), WITHOUT_ROBIN, 1_600);
    const again = { emergencyContacts: [sam, robin] };
    const value = { emergencyContacts: [sam], note: 'of the phone' };
    const later = { ...WITHOUT_ROBIN, version: '"3"', value };
    const seen = heard(record, later, 2_500);
    const made = mergeEdit({ ...edit(seen, WITHOUT_ROBIN, again), current: seen.current });
    expect(contactsOf(made)).toEqual(['sam', 'robin']);
  });
});
