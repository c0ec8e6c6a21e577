/**
 * Shrinks the messages that wait for a slow viewer as far as they stay true: the size depends on
 * the number of live actors, not on how long the viewer reads nothing.
 *
 * @module
 */

import { rowsOf } from './minutes.ts';
import type { FeedMessage, News, Note, Overview, Step, WatchedActor } from './protocol.ts';

/** News that are kept for a slow viewer. */
const NEWS_MAX = 200;
/** Entries of one message. */
const PIECE_MAX = 500;

type MessageOf<Kind extends FeedMessage['kind']> = Extract<FeedMessage, { readonly kind: Kind }>;

/**
 * Messages with the same end result: the last step of each actor, the last news, and nothing that
 * was overtaken. Gaps in the serials say that something was left out.
 */
export function squeezed(messages: readonly FeedMessage[]): FeedMessage[] {
  // A hello starts from nothing.
  const from = messages.findLastIndex(({ kind }) => kind === 'hello');
  let hello: MessageOf<'hello'> | null = null;
  let away: MessageOf<'away'> | null = null;
  let overview: MessageOf<'overview'> | null = null;
  let isAll = false;
  let endedAtMs = 0;
  let news: News[] = [];
  let notes: Note[] = [];
  let minutes: readonly Overview[] = [];
  const actors = new Map<number, WatchedActor>();
  const ended = new Set<number>();
  const last = new Map<number, Step>();
  for (const message of messages.slice(Math.max(0, from))) {
    switch (message.kind) {
      case 'hello':
        hello = message;
        break;
      case 'actors':
        if (message.isAll) {
          isAll = true;
          actors.clear();
          ended.clear();
          last.clear();
        }
        for (const one of message.actors) {
          actors.set(one.actor, one);
          // The message about the actor has its state.
          last.delete(one.actor);
        }
        break;
      case 'steps':
        for (const step of message.steps) last.set(step.actor, step);
        break;
      case 'ended':
        endedAtMs = message.atMs;
        for (const number of message.actors) {
          last.delete(number);
          // The viewer knows nothing of an actor that began meanwhile, or that is not in its list.
          if (!actors.delete(number) && !isAll) ended.add(number);
        }
        break;
      case 'news':
        news = [...news, ...message.news].slice(-NEWS_MAX);
        break;
      case 'notes':
        notes = [...notes, ...message.notes].slice(-NEWS_MAX);
        break;
      case 'minutes':
        minutes = [...minutes, ...message.minutes];
        break;
      case 'overview':
        overview = message;
        break;
      case 'away':
        away = message;
        break;
      default:
        message satisfies never;
    }
  }
  const steps = [...last.values()].toSorted((a, b) => a.serial - b.serial);
  const left: (FeedMessage | null)[] = [
    hello,
    isAll || actors.size > 0 ? { kind: 'actors', actors: [...actors.values()], isAll } : null,
    ended.size > 0 ? { kind: 'ended', actors: [...ended], atMs: endedAtMs } : null,
    steps.length > 0 ? { kind: 'steps', steps } : null,
    news.length > 0 ? { kind: 'news', news } : null,
    notes.length > 0 ? { kind: 'notes', notes } : null,
    minutes.length > 0 ? { kind: 'minutes', minutes } : null,
    overview,
    away,
  ];
  return left.filter((message) => message !== null);
}

/** The same messages, cut so that none has more entries than this: each is quick to write and to read. */
export function inPieces(
  messages: readonly FeedMessage[],
  entriesMax: number = PIECE_MAX,
): FeedMessage[] {
  return messages.flatMap((message): readonly FeedMessage[] => {
    switch (message.kind) {
      case 'actors':
        // The first piece replaces the list, and the others add to it.
        return cut(message, message.actors, entriesMax, (actors, at) => ({
          ...message,
          actors,
          isAll: message.isAll && at === 0,
        }));
      case 'ended':
        return cut(message, message.actors, entriesMax, (actors) => ({ ...message, actors }));
      case 'steps':
        return cut(message, message.steps, entriesMax, (steps) => ({ ...message, steps }));
      case 'news':
        return cut(message, message.news, entriesMax, (news) => ({ ...message, news }));
      case 'minutes': {
        // A minute has a row for each upstream and queue, and a row is as long as an entry of other messages.
        const rows = Math.max(...message.minutes.map(rowsOf));
        const countMax = Math.max(1, Math.floor(entriesMax / rows));
        return cut(message, message.minutes, countMax, (minutes) => ({ ...message, minutes }));
      }
      default:
        return [message];
    }
  });
}

/** A message that is small enough stays the same object, so that it can be a key. */
function cut<Entry>(
  message: FeedMessage,
  entries: readonly Entry[],
  entriesMax: number,
  piece: (entries: readonly Entry[], at: number) => FeedMessage,
): readonly FeedMessage[] {
  if (entries.length <= entriesMax) return [message];
  const count = Math.ceil(entries.length / entriesMax);
  return Array.from({ length: count }, (_, at) =>
    piece(entries.slice(at * entriesMax, (at + 1) * entriesMax), at),
  );
}
