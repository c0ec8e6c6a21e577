import { expect, test } from 'vitest';
import {
  type Approval,
  approvalText,
  isDate,
  readApprovals,
  standingOf,
  withApproval,
  writeApprovals,
} from '../../../inspector/charts/approvals.ts';

const approval: Approval = {
  machine: 'crisis',
  hash: 'sha256:one',
  version: '2',
  name: 'A. Moreau',
  role: 'clinical lead',
  date: '2026-11-27',
};
const chart = { id: 'crisis', hash: 'sha256:one', version: '2' };

test('OB-4: an approval is void as soon as the hash of its chart is another', () => {
  expect(standingOf(chart, [])).toMatchObject({ state: 'never', approvals: [] });
  expect(standingOf(chart, [approval])).toMatchObject({ state: 'approved', approvals: [approval] });
  // The control: nothing but the hash is another.
  expect(standingOf({ ...chart, hash: 'sha256:two' }, [approval])).toMatchObject({
    state: 'void',
    approvals: [approval],
  });
  expect(standingOf({ ...chart, id: 'scheduler' }, [approval])).toMatchObject({ state: 'never' });
  const later = { ...approval, hash: 'sha256:two', date: '2026-12-01' };
  const both = [later, approval];
  expect(standingOf({ ...chart, hash: 'sha256:three' }, both).approvals).toEqual([later]);
  expect(standingOf(chart, both)).toMatchObject({ state: 'approved', approvals: [approval] });
});

test('OB-4: approvals are written in one order, one for each person, role and version', () => {
  const again = { ...approval, date: '2026-11-28', note: 'once more' };
  const other = { ...approval, name: 'B. Ito' };
  const all = [approval, other, again].reduce<readonly Approval[]>(withApproval, []);
  expect(all).toEqual([other, again]);
  expect(writeApprovals(all)).toBe(writeApprovals(all.toReversed()));
  expect(readApprovals(writeApprovals(all))).toEqual([other, again]);
});

test('OB-4: a file of approvals that holds something else is none', () => {
  const wrong = [
    {},
    { ...approval, date: '2026-02-30' },
    { ...approval, version: 2 },
    { ...approval, name: undefined },
    // A name that looks like another, and one that begins a line of its own.
    { ...approval, name: 'A.\u200b Moreau' },
    { ...approval, role: 'lead\n\n# Approved' },
    { ...approval, note: 'a\u202eb' },
  ];
  for (const one of wrong) {
    expect(readApprovals(JSON.stringify({ format: 1, approvals: [one] }))).toBeNull();
  }
  expect(readApprovals('{')).toBeNull();
  expect(readApprovals(JSON.stringify({ format: 2, approvals: [] }))).toBeNull();
  expect([isDate('2026-11-27'), isDate('2026-13-01'), isDate('today')]).toEqual([
    true,
    false,
    false,
  ]);
});

const OFFERED = { id: 'crisis', hash: 'sha256:ab', version: '2' } as const;
const NOW_MS = Date.UTC(2026, 10, 30, 23, 59);

test('OB-4 the text that a reviewer takes from the page is an approval of the chart shown', () => {
  const text = approvalText(OFFERED, { name: ' A. Moreau ', role: 'clinical lead' }, NOW_MS);
  const approvals = readApprovals(text ?? '');
  expect(approvals).toEqual(
    [{ ...{ machine: 'crisis', hash: 'sha256:ab', version: '2' }, name: 'A. Moreau' }].map(
      (one) => ({ ...one, role: 'clinical lead', date: '2026-11-30' }),
    ),
  );
  expect(standingOf(OFFERED, approvals ?? []).state).toBe('approved');
  expect(standingOf({ ...OFFERED, hash: 'sha256:cd' }, approvals ?? []).state).toBe('void');
});

test('OB-4 there is none without a name and a role, or with what is not seen', () => {
  for (const who of [
    { name: '', role: 'lead' },
    { name: 'A', role: ' ' },
    { name: 'A\u202eB', role: 'lead' },
  ]) {
    expect(approvalText(OFFERED, who, NOW_MS)).toBeNull();
  }
});
