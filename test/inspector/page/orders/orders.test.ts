import { describe, expect, test } from 'vitest';
import { type ConflictSeen, LOOK, ORDER } from '../../../../inspector/page/calls/calls.ts';
import {
  checked,
  isConfirmed,
  type Order,
  typedFor,
} from '../../../../inspector/page/orders/order.ts';
import {
  CRISIS_MODE_ORDERS,
  ordersOfBreaker,
  ordersOfCrisis,
  RELEASE_STORE,
} from '../../../../inspector/page/orders/ordersOfService.ts';
import {
  orderOfLetters,
  ordersOfConflict,
  ordersOfLetter,
  ordersOfOperation,
  ordersOfQuarantined,
} from '../../../../inspector/page/orders/ordersOfWork.ts';
import { checkFields } from '../../../../machines/vocabulary/optionFields.ts';
import { INSPECTOR_CALLS } from '../../../../src/inspect/startInspector.ts';
import { MANAGEMENT_CALLS } from '../../../../src/management/managementCalls.ts';

const conflict: ConflictSeen = {
  ...{ id: 'c0ffee00-1', state: 'awaitingReview', type: 'notes.put', reason: 'conflict' },
  ...{ openedAtMs: 1, questions: 2, isHeld: true, operationId: null, isToBeCarriedOut: false },
  sides: [
    { atMs: 0, isOurs: true },
    { atMs: null, isOurs: false },
  ],
  decisions: [],
};
const decided: ConflictSeen = {
  ...conflict,
  state: 'resolved',
  decisions: [
    { kind: 'resolved', by: { role: 'b' }, atMs: 2, isCarriedOut: true, operationId: 'o' },
  ],
};
const letters = { filter: { type: 'payments.push' }, which: 'of payments.push', count: 12 };
const id = '0190aaaa-bbbb';

const all: readonly Order[] = [
  ...ordersOfOperation(id),
  ...ordersOfOperation(id, true),
  ...ordersOfLetter({ id, mayBeApplied: true }),
  orderOfLetters('replay', letters),
  orderOfLetters('purge', letters),
  ...ordersOfConflict(conflict),
  ...ordersOfConflict(decided),
  ...ordersOfQuarantined(id),
  ...ordersOfCrisis(id),
  ...ordersOfBreaker('payments', {
    ...{ kind: 'forcedOpen', sinceAtMs: 5, by: 'ana', reason: 'maintenance' },
  }),
  ...CRISIS_MODE_ORDERS,
  RELEASE_STORE,
];

/** What a person might say to every field. */
function saidTo(order: Order): Record<string, string | boolean> {
  return Object.fromEntries(
    order.fields.map(({ name, kind, options }) => [
      name,
      kind === 'flag' ? true : kind === 'choice' ? String(options?.[0]?.value) : 'said',
    ]),
  );
}

describe('AC-2 orders of the page', () => {
  test('AC-2 every call that the page names is one of the registry, and none gives what is sealed', () => {
    const offered = new Map(MANAGEMENT_CALLS.map((call) => [call.name, call]));
    for (const name of Object.values(LOOK)) {
      expect(['view', 'viewSubjects'], name).toContain(offered.get(name)?.capability);
    }
    for (const name of Object.values(ORDER)) {
      expect(['operate', 'destroy'], name).toContain(offered.get(name)?.capability);
    }
  });

  test('AC-2 every order is offered, and its parameters are those that its call takes', () => {
    expect(new Set(all.map(({ call }) => call))).toEqual(new Set(Object.values(ORDER)));
    for (const order of all) {
      const call = MANAGEMENT_CALLS.find(({ name }) => name === order.call);
      const { params, faults } = checked(order, saidTo(order));
      expect(faults, order.call).toBeNull();
      expect(() => {
        checkFields(params ?? {}, call?.params ?? {}, '');
      }, order.call).not.toThrow();
    }
  });

  test('AC-2 the server offers to make each, with all that may be said for it', () => {
    const offered = new Map(INSPECTOR_CALLS.map((call) => [call.name, call]));
    for (const name of Object.values(LOOK)) expect(offered.get(name)?.kind, name).toBe('look');
    for (const order of all) {
      const { params } = checked(order, saidTo(order));
      const taken = offered.get(order.call);
      expect(taken?.kind, order.call).toBe('order');
      expect(
        Object.keys(params ?? {}).filter((name) => taken?.params.includes(name) !== true),
      ).toEqual([]);
    }
  });

  test('AC-2 control: a parameter that the call does not know would be found', () => {
    const call = MANAGEMENT_CALLS.find(({ name }) => name === ORDER.purgeLetter);
    expect(() => {
      checkFields({ id, dryrun: true }, call?.params ?? {}, '');
    }).toThrow(/dryrun/);
  });

  test('AC-2 what forgets for good asks for the last characters of what it is about', () => {
    for (const order of all) {
      const call = MANAGEMENT_CALLS.find(({ name }) => name === order.call);
      if (call?.capability === 'destroy') expect(order.isDestroying, order.call).toBe(true);
    }
    const purge = all.find(({ call }) => call === ORDER.purgeLetter);
    if (purge === undefined) throw new Error('no purge');
    expect(typedFor(purge)).toBe('aaa-bbbb');
    expect(
      ['', '0190aaaa', 'aa-bbbb', ' AAA-bbbb '].map((typed) => isConfirmed(purge, typed)),
    ).toEqual([false, false, false, true]);
    expect(typedFor(orderOfLetters('purge', letters))).toBe('12');
  });

  test('AC-2 OB-1 every order names who gives it, and what can not be taken back their role', () => {
    const nameless = (orders: readonly Order[]) =>
      orders
        .filter(
          ({ fields }) =>
            !fields.some(({ name, isNeeded }) => isNeeded && /^by(\.id)?$/.test(name)),
        )
        .map(({ call }) => call);
    expect(nameless(all)).toEqual([]);
    const roleless = all.filter(
      ({ fields }) => !fields.some(({ name, isNeeded }) => isNeeded && name === 'by.role'),
    );
    // A breaker's order is let go by whoever gave it.
    expect(roleless.filter(({ call }) => !call.startsWith('breaker.'))).toEqual([]);
    // Control: one without a name is found.
    expect(nameless(all.map((order) => ({ ...order, fields: [] })))).toHaveLength(all.length);
  });

  test('AC-2 OB-1 to answer a review is no retry: it is named, and confirmed as a purge is', () => {
    const [waiting] = ordersOfOperation(id);
    const [review] = ordersOfOperation(id, true);
    expect([waiting?.verb, waiting?.isDestroying]).toEqual(['Retry now', false]);
    expect([review?.verb, review?.isDestroying]).toEqual(['It was not applied: do it again', true]);
  });

  test('CB-1 who lets go of a breaker leaves what another holds, unless they name them', () => {
    const held = { kind: 'forcedOpen', sinceAtMs: 5, by: 'ana', reason: null };
    const release = ordersOfBreaker('payments', held).find(
      ({ call }) => call === ORDER.releaseBreaker,
    );
    if (release === undefined) throw new Error('no release');
    expect(checked(release, { by: 'bob' }).params).toEqual({ upstream: 'payments', by: 'bob' });
    expect(checked(release, { by: 'bob', of: 'ana' }).params).toEqual({
      ...{ upstream: 'payments', by: 'bob', of: 'ana' },
    });
    expect(ordersOfBreaker('payments', null).map(({ call }) => call)).not.toContain(
      ORDER.releaseBreaker,
    );
  });

  test('AC-2 every order says what will happen, and asks a question', () => {
    for (const { says, question, verb, done } of all) {
      expect(says.length).toBeGreaterThan(0);
      expect(question).toMatch(/\?$/);
      expect(verb).not.toBe('');
      expect(done(undefined)).toMatch(/\.$/);
    }
  });

  test('AC-2 a conflict is decided while it is open, and undone once it is decided', () => {
    const calls = (one: ConflictSeen) => ordersOfConflict(one).map(({ call }) => call);
    expect(calls(conflict)).toEqual([ORDER.resolveConflict]);
    expect(calls(decided)).toEqual([ORDER.undoConflict]);
    expect(calls({ ...conflict, sides: undefined })).toEqual([]);
    const undone = { ...decided.decisions?.[0], kind: 'undone' } as NonNullable<
      ConflictSeen['decisions']
    >[number];
    expect(calls({ ...decided, decisions: [...(decided.decisions ?? []), undone] })).toEqual([]);
  });

  test('AC-2 what may be applied already is said before it is replayed or purged', () => {
    const sayings = ordersOfLetter({ id, mayBeApplied: true }).map(({ says }) => says.join(' '));
    expect(sayings.every((said) => said.includes('may have been applied'))).toBe(true);
    const [plain] = ordersOfLetter({ id, mayBeApplied: false });
    expect(plain?.fields.map(({ name }) => name)).toEqual(['by.id', 'by.role']);
  });
});

describe('AC-2 what a person says for an order', () => {
  const [takeOn] = ordersOfCrisis('c1');
  const order = takeOn as Order;

  test('AC-2 goes where the call wants it, and what is empty is left out', () => {
    expect(checked(order, { 'by.id': ' staff-7 ', 'by.role': 'clinician', note: '' })).toEqual({
      params: { id: 'c1', by: { id: 'staff-7', role: 'clinician' } },
      faults: null,
    });
  });

  test('AC-2 what is missing, too long or not plain is told by field, and nothing is sent', () => {
    expect(checked(order, {})).toEqual({
      params: null,
      faults: { 'by.id': 'Fill this in.', 'by.role': 'Fill this in.' },
    });
    const { faults } = checked(order, {
      'by.id': 'x'.repeat(101),
      'by.role': 'two\nlines',
      note: 'x'.repeat(1_001),
    });
    expect(Object.keys(faults ?? {})).toEqual(['by.id', 'by.role', 'note']);
  });

  test('AC-2 a choice is one of those offered, and goes as its number', () => {
    const [take] = ordersOfConflict(conflict) as [Order];
    const by = { 'by.id': 'a', 'by.role': 'b' };
    expect(checked(take, { ...by, side: '2' }).params).toMatchObject({ side: 2 });
    expect(checked(take, { ...by, side: '3' }).faults).toEqual({ side: 'Choose one.' });
    expect(checked(take, by).faults).toEqual({ side: 'Fill this in.' });
  });
});
