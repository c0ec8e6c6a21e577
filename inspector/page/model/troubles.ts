/**
 * What is wrong, worst first, each with since when and where to look: what somebody who was woken reads first.
 *
 * @module
 */

import type { AnswerTimes, Overview, UpstreamOverview, WatchedActor } from '../../protocol.ts';
import {
  asSentence,
  causesText,
  levelSaid,
  phaseSaid,
  type Said,
  storageSaid,
} from '../words/health.ts';
import { countOf, countText, spanText } from '../words/time.ts';
import { type Tone, toneRank } from '../words/tone.ts';
import { breakerSaid, holdSaid, isShut, waitText } from '../words/upstream.ts';
import { pilesOf } from './piles.ts';
import { type WaitsAt, waitsAt } from './queue.ts';
import type { Route } from './route.ts';

export interface Trouble {
  readonly id: string;
  readonly tone: Tone;
  readonly text: string;
  readonly sinceAtMs: number | null;
  /** When something is tried next. */
  readonly nextAtMs: number | null;
  /** Where more of it is seen; `null` for nowhere else. */
  readonly to: Partial<Route> | null;
}

type Finding = Partial<Trouble> & Pick<Trouble, 'id' | 'tone' | 'text'>;

/** The first words with which health tells what is in the list anyway, or in that of what waits for a person. */
const TOLD_HERE =
  /^(no work is accepted|storage |the store is held|work for .* is due|breaker of |.* is at level |.* takes (no crisis|crises, and) |\d+ cris(is waits|es wait) since |\d+ cris(is|es) can't be read|answers to |\d+ (cris(is|es) (is not|are not|answered and not|delivered and not)|conflicts? waits?|records? set aside|handlers? (is|are) silent|dead letters?|operations? waits? for (a (decision|review|handler|holdfast as new))))/;

/** It lasts longer than the delay that it tells of. */
const WAS_LATE = /^the event loop was /;

/**
 * @param actors the components among them say since when a level holds
 */
export function troublesOf(
  overview: Overview,
  actors: ReadonlyMap<number, WatchedActor>,
): readonly Trouble[] {
  const sinceOf = standingSince(actors);
  const own: readonly Finding[] = [
    ...processFindings(overview),
    ...crisisFindings(overview),
    ...overview.upstreams.flatMap((upstream) =>
      upstreamFindings(upstream, sinceOf, waitsAt(overview.queue, upstream.name)),
    ),
    ...overview.stuck.map(({ upstream, because, forMs }) => ({
      id: `stuck:${upstream}`,
      tone: 'bad' as const,
      text: `Work for ${upstream} is due and nothing begins: ${waitText(because)}`,
      sinceAtMs: overview.atMs - forMs,
      to: { view: 'actors', query: { upstream } },
    })),
    ...overview.answers.flatMap(answerFindings),
    ...peopleFindings(overview),
  ];
  const isLate = own.some(({ id }) => id === 'eventLoop');
  const others = overview.reasons
    .filter((reason) => !TOLD_HERE.test(reason) && !(isLate && WAS_LATE.test(reason)))
    .map((reason) => ({ id: reason, tone: 'warn' as const, text: asSentence(reason) }));
  return [...own, ...others]
    .map((finding) => ({ sinceAtMs: null, nextAtMs: null, to: null, ...finding }))
    .toSorted((one, other) => toneRank(one.tone) - toneRank(other.tone));
}

function processFindings(overview: Overview): readonly Finding[] {
  const { phase, storage, isHeld, level, causes, eventLoop } = overview;
  const findings: Finding[] = [];
  const [phaseTone, phaseText] = phaseSaid(phase);
  if (phaseTone !== 'good') {
    findings.push({ id: 'phase', tone: phaseTone, text: phaseText, to: actor('supervisor') });
  }
  const [storageTone, storageText] = storageSaid(storage.state);
  if (storageTone !== 'good') {
    findings.push({
      id: 'storage',
      tone: storageTone,
      text: `Storage: ${storageText}`,
      sinceAtMs: storage.sinceAtMs,
      to: actor('storageHealth'),
    });
  }
  if (isHeld) {
    const text = 'The store is held: nothing but crises runs until it is released';
    findings.push({ id: 'held', tone: 'warn', text });
  }
  if (overview.crisisCapability !== 'operational') {
    const text = 'Crises of the usual type are answered and wait: it has no handler';
    findings.push({ id: 'crises', tone: 'warn', text });
  }
  // Where an upstream is down, that is the news; the level of the whole only follows.
  const [levelTone, levelText] = levelSaid(level);
  const follows = causes.every((cause) => cause === 'breaker' || cause === 'ramp');
  if (levelTone !== 'good' && !follows) {
    const text = `Level of service: ${levelText} ${causesText(causes)}`;
    findings.push({ id: 'level', tone: levelTone, text: text.trim() });
  }
  if (eventLoop.delayMs >= EVENT_LOOP_LATE_MS) {
    const text = `The event loop is late by ${spanText(eventLoop.delayMs)}: answers to crises wait as long`;
    findings.push({ id: 'eventLoop', tone: 'bad', text });
  }
  return findings;
}

/** From here on an answer to a crisis may be late. */
const EVENT_LOOP_LATE_MS = 200;

/** How many crises an attempt of whose delivery has failed, and which people need not know of yet. */
export function notDeliveredYet(undelivered: Overview['undelivered']): number {
  const tried = undelivered.filter(({ isLong, failed }) => !isLong && failed > 0);
  return tried.reduce((sum, { count }) => sum + count, 0);
}

/** Whether they can be delivered, and whether they are. */
export function crisesSaid({ crises, undelivered, crisisCapability }: Overview): Said {
  const long = undelivered.filter(({ isLong }) => isLong);
  const left = Math.max(
    crises['unacknowledged'] ?? 0,
    long.reduce((sum, { count }) => sum + count, 0),
  );
  if (left > 0) return ['bad', `${countText(left)} not delivered`];
  const unread = crises['unreadable'] ?? 0;
  if (unread > 0) return ['bad', `${countText(unread)} can’t be read`];
  const late = notDeliveredYet(undelivered);
  if (late > 0) return ['warn', `Answered; ${countText(late)} not delivered yet`];
  return crisisCapability === 'operational'
    ? ['good', 'Answered and delivered']
    : ['warn', 'Answered, and wait'];
}

/** Whom nobody has taken on first, then where they are not delivered and why: each crisis is told of once in each. */
function crisisFindings({ crises, undelivered }: Overview): readonly Finding[] {
  const count = (name: string): number => crises[name] ?? 0;
  const long = undelivered.filter(({ isLong }) => isLong);
  const left = count('exhausted');
  const nobodyLeft = left === 0 ? '' : `; of ${countText(left)} nobody is left to be told`;
  const told: readonly (readonly [string, Tone, string])[] = [
    [
      'unacknowledged',
      'bad',
      `not delivered, and nobody has taken ${count('unacknowledged') === 1 ? 'it' : 'them'} on${nobodyLeft}`,
    ],
    ['refused', 'bad', 'answered, and neither stored nor delivered since the start'],
    ['unkept', 'bad', 'delivered and not kept since the start'],
  ];
  const to = { view: 'crises' };
  const unread = count('unreadable');
  const sinceAtMs = count('unacknowledgedSinceAtMs') || null;
  return [
    ...(unread === 0
      ? []
      : [
          {
            id: 'crises:unreadable',
            tone: count('unreadableUntaken') > 0 ? ('bad' as const) : ('warn' as const),
            text: `${countOf(unread, 'crisis', 'crises')} that can’t be read, and may not have been delivered`,
            sinceAtMs: count('unreadableSinceAtMs') || null,
            to,
          },
        ]),
    ...told
      .filter(([name]) => count(name) > 0)
      .map(([name, tone, text]) => ({
        id: `crises:${name}`,
        tone,
        text: `${countOf(count(name), 'crisis', 'crises')} ${text}`,
        sinceAtMs: name === 'unacknowledged' ? sinceAtMs : null,
        to,
      })),
    ...long.map((at) => ({
      id: `crises:at:${at.upstream ?? ''}`,
      tone: 'bad' as const,
      text: at.says,
      sinceAtMs: at.sinceAtMs,
      to,
    })),
  ];
}

function peopleFindings(overview: Overview): readonly Finding[] {
  const piles = pilesOf(overview);
  if (piles.length === 0) return [];
  const text = `Waits for a person: ${piles.map(({ text: pile }) => pile).join(', ')}`;
  return [{ id: 'people', tone: 'warn', text, to: piles[0]?.to ?? null }];
}

function upstreamFindings(
  upstream: UpstreamOverview,
  sinceOf: (id: string) => number | null,
  { turn, inLane }: WaitsAt,
): readonly Finding[] {
  const { name, breaker, level, causes, hold, downSinceAtMs, nextTryAtMs, overhanging } = upstream;
  const findings: Finding[] = [];
  const to = { view: 'actors', query: { upstream: name } };
  if (isShut(breaker)) {
    const [, text] = breakerSaid(breaker);
    const is = hold === null ? text.toLowerCase() : holdSaid(hold);
    const waiting = turn + inLane;
    const wait = waiting === 1 ? '1 operation waits' : `${countText(waiting)} operations wait`;
    findings.push({
      id: `upstream:${name}`,
      tone: 'bad',
      text: `${name} is ${is}${waiting === 0 ? '' : `: ${wait} for it`}`,
      sinceAtMs: hold?.sinceAtMs ?? downSinceAtMs,
      nextAtMs: hold === null ? nextTryAtMs : null,
      to,
    });
  } else if (hold !== null) {
    const text = `${name}: ${holdSaid(hold)}`;
    findings.push({ id: `hold:${name}`, tone: 'warn', text, sinceAtMs: hold.sinceAtMs, to });
  }
  const [levelTone, levelText] = levelSaid(level);
  if (levelTone !== 'good' && !isShut(breaker) && breaker !== 'untried') {
    findings.push({
      id: `level:${name}`,
      tone: 'warn',
      text: `${name} is at level ${levelText.toLowerCase()} ${causesText(causes, 'it')}`.trim(),
      sinceAtMs: sinceOf(`degradation:${name}`),
      to,
    });
  }
  if (overhanging > 0) {
    const text = `${countOf(overhanging, 'handler')} of ${name} silent far beyond the time-out`;
    findings.push({ id: `overhang:${name}`, tone: 'warn', text, to });
  }
  return findings;
}

function answerFindings(answers: AnswerTimes): readonly Finding[] {
  const { of, count, p99Ms, deadlineMs } = answers;
  if (count === 0 || p99Ms <= deadlineMs) return [];
  const whom = of === 'crisis' ? 'crises' : of;
  return [
    {
      id: `late:${of}`,
      tone: of === 'crisis' ? 'bad' : 'warn',
      text: `Answers to ${whom} are late: 1 in 100 takes ${spanText(p99Ms)} or longer, and may take ${spanText(deadlineMs)}`,
    },
  ];
}

/** How answers stand to their deadline, in words. */
export function lateText({ count, p50Ms, p99Ms, maxMs, deadlineMs }: AnswerTimes): string {
  if (count === 0) return 'none yet';
  if (p50Ms > deadlineMs) return 'half of them or more are beyond';
  if (p99Ms > deadlineMs) return '1 in 100 or more are beyond';
  return maxMs > deadlineMs ? 'within, but the slowest' : 'all within';
}

function actor(id: string): Partial<Route> {
  return { view: 'actors', of: id };
}

function standingSince(actors: ReadonlyMap<number, WatchedActor>): (id: string) => number | null {
  const since = new Map<string, number | null>();
  for (const { id, about, sinceAtMs } of actors.values()) {
    if (about === null) since.set(id, sinceAtMs);
  }
  return (id) => since.get(id) ?? null;
}
