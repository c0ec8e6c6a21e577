import { expect, test } from 'vitest';
import { applyMessages } from '../../../../inspector/page/model/applyMessages.ts';
import { firstState } from '../../../../inspector/page/model/pageState.ts';
import type { FeedMessage, Note } from '../../../../inspector/protocol.ts';

const note = (serial: number): Note => ({ serial, atMs: serial, tone: 'plain', text: `${serial}` });
const hello: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '0', name: 'demo', charts: [] },
  ...{ startedAtMs: 1, nowMs: 1 },
};

test('OB-1 what happened stays over a change of process, and is there once where it is told again', () => {
  const one = applyMessages(firstState(0), [hello, { kind: 'notes', notes: [note(1)] }], 1);
  const away: FeedMessage = { kind: 'away', reason: 'killed', atMs: 2 };
  const again: FeedMessage = { kind: 'notes', notes: [note(1), note(2)] };
  const two = applyMessages(one, [away, hello, again], 3);
  expect(two.notes.map(({ serial }) => serial)).toEqual([1, 2]);
  const many = Array.from({ length: 300 }, (_, at) => note(at + 3));
  expect(applyMessages(two, [{ kind: 'notes', notes: many }], 4).notes).toHaveLength(100);
});
