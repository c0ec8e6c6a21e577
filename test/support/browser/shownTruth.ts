/**
 * Whether the page shows what is so: what stands in it, read as a person reads it, beside what the runtime itself
 * answers.
 *
 * @module
 */

import type { Page } from 'playwright-core';
import {
  breakerSaid,
  levelSaid,
  paceSaid,
  phaseSaid,
  storageSaid,
} from '../../../inspector/page/words/health.ts';
import type { HealthStatus } from '../../../src/views/health.ts';

interface ShownUpstream {
  readonly name: string;
  readonly breaker: string;
  readonly facts: Readonly<Record<string, string>>;
}

interface Shown {
  readonly strip: Readonly<Record<string, string>>;
  readonly upstreams: readonly ShownUpstream[];
  /** What stands beside the heading of the queue. */
  readonly queue: string;
}

/** Runs in the page. */
const READ = `(() => {
  const text = (element) => (element?.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const said = (element) => {
    const copy = element.cloneNode(true);
    for (const sign of copy.querySelectorAll('.sign')) sign.remove();
    return text(copy);
  };
  const list = (root) => Object.fromEntries(
    [...(root?.querySelectorAll('dt') ?? [])].map((term) => [text(term), said(term.nextElementSibling)]),
  );
  return {
    strip: list(document.querySelector('dl.strip')),
    queue: text([...document.querySelectorAll('section.panel')]
      .find((panel) => panel.querySelector('h2')?.textContent === 'Queue')?.querySelector('.aside')),
    upstreams: [...document.querySelectorAll('article[aria-label^="Upstream "]')].map((tile) => ({
      name: tile.getAttribute('aria-label').slice('Upstream '.length),
      breaker: said(tile.querySelector('header .mark')),
      facts: list(tile.querySelector('dl')),
    })),
  };
})()`;

/** What the overview shows otherwise than it is, a sentence each. */
export async function overviewFaults(page: Page, health: HealthStatus): Promise<readonly string[]> {
  const shown = await page.evaluate<Shown>(READ);
  const faults: string[] = [];
  const expect = (what: string, seen: string | undefined, so: string): void => {
    if (seen?.startsWith(so) !== true) faults.push(`${what}: shows "${seen}", is "${so}"`);
  };
  expect('phase', shown.strip['Phase'], phaseSaid(health.phase)[1]);
  expect('level', shown.strip['Level of the process'], levelSaid(health.level)[1]);
  expect('storage', shown.strip['Storage'], storageSaid(health.storage.state)[1]);
  const operations = shown.strip['Operations'] ?? '';
  for (const [name, word] of [
    ['accepted', 'accepted'],
    ['completed', 'delivered'],
  ] as const) {
    const count = `${health.operations[name].toLocaleString('en')} ${word}`;
    if (!operations.includes(count)) faults.push(`operations: shows "${operations}", is ${count}`);
  }
  const turns = `${health.waiting.turn.toLocaleString('en')} wait for their turn`;
  expect('what waits', shown.queue, turns);
  for (const [name, upstream] of Object.entries(health.upstreams)) {
    const tile = shown.upstreams.find((one) => one.name === name);
    expect(`breaker of ${name}`, tile?.breaker, breakerSaid(upstream.breaker)[1]);
    expect(`level of ${name}`, tile?.facts['Level'], levelSaid(upstream.level)[1].toLowerCase());
    const waiting = health.queue
      .filter((row) => row.upstream === name)
      .reduce((sum, { turn, inLane }) => sum + turn + inLane, 0);
    const isTold = tile?.facts['Waiting'] !== undefined;
    if (isTold !== waiting > 0) faults.push(`${name}: shows ${isTold}, ${waiting} wait`);
    expect(`pace of ${name}`, tile?.facts['Pace'], paceSaid(upstream.flow.pace)[1]);
  }
  return faults;
}
/** The names of the states that the chart on the page marks as active, innermost only, as views and health name them. */
export async function shownStates(page: Page): Promise<readonly string[]> {
  const active = await page.evaluate<readonly string[]>(
    `[...document.querySelectorAll('main svg [data-state].active')].map((state) => state.dataset.state)`,
  );
  return active
    .filter(
      (path) =>
        !active.some((other) => other.startsWith(`${path}.`) || (path === '' && other !== '')),
    )
    .map((path) => path.slice(path.lastIndexOf('.') + 1));
}
