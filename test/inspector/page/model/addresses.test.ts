import { describe, expect, test } from 'vitest';
import { Lines } from '../../../../inspector/page/model/feedClient.ts';
import { scrolledTo, windowOf } from '../../../../inspector/page/model/listWindow.ts';
import {
  commandOf,
  formatRoute,
  KEYS,
  parseRoute,
} from '../../../../inspector/page/model/route.ts';

describe('OB-1 addresses within the page', () => {
  test.each([
    ['', { view: '', of: null, query: {} }],
    ['#/', { view: '', of: null, query: {} }],
    ['#/actors', { view: 'actors', of: null, query: {} }],
    ['#/actors/12', { view: 'actors', of: '12', query: {} }],
    ['#/actors/breaker%3Apayments', { view: 'actors', of: 'breaker:payments', query: {} }],
    ['#/actors?q=a%20b&state=', { view: 'actors', of: null, query: { q: 'a b' } }],
    ['#/actors/%E0%A4%A', { view: 'actors', of: '%E0%A4%A', query: {} }],
  ])('OB-1 %s', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  test('OB-1 what is written is read as it was', () => {
    const route = { view: 'actors', of: 'a/b c?d#e', query: { q: 'x&y=z', state: 'a.b' } };
    expect(parseRoute(formatRoute(route))).toEqual(route);
    expect(formatRoute({})).toBe('#/');
    expect(formatRoute({ view: 'actors', query: { q: '' } })).toBe('#/actors');
  });
});

describe('OB-1 the keyboard', () => {
  const press = (key: string, before = '', isTyping = false) =>
    commandOf({ key, isWithModifier: false, isTyping }, before);

  test('OB-1 each key of the list is heard', () => {
    for (const { keys, command } of KEYS.filter(({ keys: its }) => its !== 'Shift+T')) {
      const [first = '', second] = keys.split(' ');
      const heard = press(first);
      if (second === undefined) expect(heard).toEqual({ command, before: '' });
      else expect(press(second, heard.before)).toEqual({ command, before: '' });
    }
    expect(press('T').command).toBe('theme');
    expect(press('ArrowDown').command).toBe('down');
  });

  test('OB-1 who types is left alone, but for the way out', () => {
    expect(press('j', '', true).command).toBeNull();
    expect(press('g', '', true)).toEqual({ command: null, before: '' });
    expect(press('Escape', '', true).command).toBe('back');
    expect(commandOf({ key: 'd', isWithModifier: true, isTyping: false }, 'g').command).toBeNull();
  });

  test('OB-1 a second key that leads nowhere is forgotten', () => {
    expect(press('x', 'g')).toEqual({ command: null, before: '' });
  });
});

describe('OB-1 the rows of a long list that are drawn', () => {
  test('OB-1 all that is seen, and little more', () => {
    for (const scrollTop of [0, 31, 3_200, 159_000]) {
      const { from, to } = windowOf(scrollTop, 600, 32, 5_000);
      expect(from * 32).toBeLessThanOrEqual(scrollTop);
      expect(to * 32).toBeGreaterThanOrEqual(Math.min(scrollTop + 600, 5_000 * 32));
      expect(to - from).toBeLessThan(50);
    }
    expect(windowOf(0, 600, 32, 0)).toEqual({ from: 0, to: 0 });
    expect(windowOf(9_999, 600, 32, 3)).toEqual({ from: 3, to: 3 });
  });

  test('OB-1 a small scroll draws nothing anew', () => {
    expect(windowOf(3_210, 600, 32, 5_000)).toEqual(windowOf(3_220, 600, 32, 5_000));
  });

  test('OB-1 a row is brought into sight by the shortest way', () => {
    expect(scrolledTo(0, 500, 600, 32)).toBe(0);
    expect(scrolledTo(20, 500, 600, 32)).toBe(500);
    expect(scrolledTo(50, 0, 600, 32)).toBe(51 * 32 - 600);
  });
});

test('OB-1 lines are whole wherever the stream is cut', () => {
  const text = '[1]\n[]\n\n["ä"]\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const lines = new Lines();
    expect([...lines.push(text.slice(0, cut)), ...lines.push(text.slice(cut))]).toEqual([
      '[1]',
      '[]',
      '["ä"]',
    ]);
  }
});
