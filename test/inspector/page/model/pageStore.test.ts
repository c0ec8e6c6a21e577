import { expect, test } from 'vitest';
import { createPageStore } from '../../../../inspector/page/model/pageStore.ts';
import type { FeedMessage, Note } from '../../../../inspector/protocol.ts';

const note = (serial: number): Note => ({ serial, atMs: serial, tone: 'plain', text: `${serial}` });
const hello: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '0', name: 'demo', charts: [] },
  ...{ startedAtMs: 1, nowMs: 1 },
};

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

test('OB-1 what is shown while nobody tells of it grows no older', () => {
  const store = createPageStore(0);
  store.trigger.fed({ messages: [hello], pageNowMs: 1 });
  store.trigger.ticked({ pageNowMs: 1_001 });
  expect(store.getSnapshot().context.nowMs).toBe(1_001);
  store.trigger.fed({ messages: [{ kind: 'away', reason: 'killed', atMs: 2 }], pageNowMs: 1_500 });
  store.trigger.ticked({ pageNowMs: 9_001 });
  expect(store.getSnapshot().context.nowMs).toBe(1_001);
});
