import { describe, expect, test } from 'vitest';
import type { PageState } from '../../../../inspector/page/model/pageState.ts';
import { createPageStore } from '../../../../inspector/page/model/pageStore.ts';
import {
  rememberedOf,
  serialOf,
  shownActor,
  shownActors,
} from '../../../../inspector/page/model/shown.ts';
import type { FeedMessage, Step, WatchedActor } from '../../../../inspector/protocol.ts';

function actor(number: number, id: string, state: string): WatchedActor {
  return {
    ...{ actor: number, id, machine: 'lamp', version: '1', states: [state] },
    ...{ sinceAtMs: 0, about: null },
  };
}

function step(serial: number, of: number, from: string, to: string): Step {
  return {
    ...{
      serial,
      ring: 'component',
      nth: serial,
      actor: of,
      atMs: serial * 100,
      event: 'went',
      transitions: [],
    },
    ...{ from: from === '' ? [] : [from], to: [to] },
  };
}

const hello: FeedMessage = {
  ...{ kind: 'hello', protocol: 1, holdfast: '1.0.0', name: 'app' },
  ...{ startedAtMs: 0, nowMs: 1_000, charts: [] },
};

function fed(...messages: FeedMessage[]) {
  const store = createPageStore(1_000);
  store.trigger.fed({ messages: [hello, ...messages], pageNowMs: 1_000 });
  const page = (): PageState => store.getSnapshot().context;
  return { store, page };
}

const lamps: FeedMessage = {
  kind: 'actors',
  actors: [actor(1, 'left', 'on'), actor(2, 'right', 'off')],
  isAll: true,
};
const steps: FeedMessage = {
  kind: 'steps',
  steps: [step(1, 1, 'off', 'dim'), step(2, 2, '', 'off'), step(3, 1, 'dim', 'on')],
};

describe('OB-1 the page at a moment', () => {
  test('OB-1 shows the present, then every actor as it was, then the present again', () => {
    const { store, page } = fed(lamps, steps);
    expect(shownActors(page()).map(({ states }) => states)).toEqual([['on'], ['off']]);
    store.trigger.pastChosen({ serial: 1 });
    expect(serialOf(page())).toBe(1);
    expect(shownActors(page()).map(({ states, actor: { id } }) => [id, states])).toEqual([
      ['left', ['dim']],
    ]);
    expect(shownActor(page(), 'right')).toMatchObject({ is: 'absent', states: [] });
    store.trigger.pastChosen({ serial: null });
    expect(shownActor(page(), '2')).toMatchObject({ is: 'there', states: ['off'] });
  });

  test('OB-1 what was remembered when one began to look back stays, whatever comes meanwhile', () => {
    const { store, page } = fed(lamps, steps);
    store.trigger.pastChosen({ serial: 2 });
    const more: FeedMessage = {
      kind: 'steps',
      steps: Array.from({ length: 2_000 }, (_, at) => step(at + 4, 1, 'on', 'on')),
    };
    store.trigger.fed({ messages: [more, { kind: 'ended', actors: [2], atMs: 9 }], pageNowMs: 2 });
    expect(page().steps[0]?.serial).toBe(4);
    expect(rememberedOf(page()).steps.map(({ serial }) => serial)).toEqual([1, 2, 3]);
    store.trigger.pastChosen({ serial: 1 });
    expect(shownActor(page(), '1')).toMatchObject({ states: ['dim'] });
    expect(shownActor(page(), '2')).toMatchObject({ is: 'absent', endedAtMs: null });
    store.trigger.pastChosen({ serial: null });
    expect(rememberedOf(page()).steps).toHaveLength(2_000);
  });

  test('OB-1 another process that takes over changes nothing of the moment that is looked at', () => {
    const { store, page } = fed(lamps, steps);
    store.trigger.pastChosen({ serial: 3 });
    store.trigger.fed({ messages: [hello], pageNowMs: 5_000 });
    expect(shownActor(page(), 'left')).toMatchObject({ is: 'there', states: ['on'] });
    store.trigger.pastChosen({ serial: null });
    expect(shownActor(page(), 'left')).toBeNull();
  });

  test('OB-1 an actor is found by its number, or by its id, the latest of that id', () => {
    const again: FeedMessage = {
      kind: 'actors',
      actors: [actor(5, 'left', 'off')],
      isAll: false,
    };
    const { page } = fed(lamps, again, { kind: 'ended', actors: [1], atMs: 700 });
    expect(shownActor(page(), 'left')?.actor.actor).toBe(5);
    expect(shownActor(page(), '1')).toMatchObject({ is: 'ended', endedAtMs: 700 });
    expect(shownActor(page(), 'nobody')).toBeNull();
  });
});
