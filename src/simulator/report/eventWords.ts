/**
 * Words for the events of a trace, for the history of a run.
 *
 * @module
 */

import type { DiskRow, Task, TraceEvent } from '../oracle/trace.ts';

/** Ids differ at their end; they begin with the time. */
const ID_END = 6;
const ID_LENGTH = 36;

/** Describes an event in a line of the history. */
export function eventWords(event: TraceEvent): string {
  switch (event.event) {
    case 'accepted':
      return `${event.key} is accepted as ${idEnd(event.id)}`;
    case 'refused':
      return `${event.key} is refused: ${event.code ?? 'an error without a code'}`;
    case 'answered':
      return `${event.key} is answered after ${event.waitedMs} ms, as ${idEnd(event.id)}`;
    case 'ended': {
      const { status, attempts, code } = event.outcome;
      const after = attempts === undefined ? '' : ` after ${attempts} attempts`;
      const why = code === null || code === undefined ? '' : `: ${code}`;
      return `${idEnd(event.id)} is told to be ${status}${after}${why}`;
    }
    case 'attempted':
      return `attempt ${event.attempt} of ${taskWords(event.task)} reaches the upstream (key ${event.key})`;
    case 'attemptOver':
      return `attempt ${event.attempt} of ${taskWords(event.task)} is over${event.isSpent ? '' : ', broken off'}`;
    case 'returned':
      return `the handler of attempt ${event.attempt} of ${taskWords(event.task)} returns`;
    case 'applied':
      return `${taskWords(event.task)} is applied${event.isLate === true ? ', late' : ''} (key ${event.key})`;
    case 'disk':
      return `on disk: ${rowsWords(event.rows)}`;
    case 'finished':
      return `in the end on disk: ${rowsWords(event.rows)}`;
    case 'overdue':
      return `${idEnd(event.id)} has not ended ${event.afterMs} ms after all was well, and is ${event.state}; health says: ${event.said}`;
    case 'ordered': {
      const { call, id, by, code } = event;
      return `${call}${id === null ? '' : ` of ${idEnd(id)}`}${by === null ? '' : ` by ${by}`}: ${code ?? 'done'}`;
    }
    default: {
      if ('rows' in event) return `${event.event}: ${rowsWords(event.rows)}`;
      const { event: name, ...rest } = event;
      return `${name} ${JSON.stringify(rest)}`;
    }
  }
}

/** The end of an operation's id tells most tasks apart. */
function taskWords(task: Task): string {
  return typeof task === 'string' && task.length === ID_LENGTH ? idEnd(task) : String(task);
}

function idEnd(id: string): string {
  return `…${id.slice(-ID_END)}`;
}

/** Counts the rows in each state. */
function rowsWords(rows: readonly Pick<DiskRow, 'state'>[]): string {
  const counts = new Map<string, number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const words = [...counts].map(([state, count]) => `${count} ${state}`).toSorted();
  return words.length === 0 ? 'nothing' : words.join(', ');
}

/** Milliseconds since the start, as days and the time of day. */
export function timeOf(ms: number): string {
  const [day, rest] = [Math.floor(ms / 86_400_000), ms % 86_400_000];
  return `${day}d ${new Date(rest).toISOString().slice(11, 23)}`;
}
