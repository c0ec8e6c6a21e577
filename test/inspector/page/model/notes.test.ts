import { expect, test } from 'vitest';
import { applyMessages } from '../../../../inspector/page/model/applyMessages.ts';
import { firstState } from '../../../../inspector/page/model/pageState.ts';
import { createPageStore } from '../../../../inspector/page/model/pageStore.ts';
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

test('OB-1 what another link tells is not taken for what was told before', () => {
  const store = createPageStore(0);
  const told = [hello, { kind: 'notes' as const, notes: [note(1), note(2)] }];
  store.trigger.fed({ messages: told, pageNowMs: 1 });
  store.trigger.themeChosen({ theme: 'dark' });
  store.trigger.linkFollowed({ pageNowMs: 2 });
  expect(store.getSnapshot().context).toMatchObject({ hello: null, notes: [], theme: 'dark' });
  store.trigger.fed({ messages: [hello, { kind: 'notes', notes: [note(1)] }], pageNowMs: 3 });
  expect(store.getSnapshot().context.notes).toEqual([note(1)]);
});
