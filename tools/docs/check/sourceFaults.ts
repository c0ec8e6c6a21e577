/**
 * What the source of a chart leaves unsaid: guards, actions, actors and events without a sentence, and states
 * that do not say how long one can stay in them.
 *
 * @module
 */

import { type ChartDoc, howLong, isMomentary, placed } from '../text/chartDoc.ts';
import type { Said } from '../text/chartSource.ts';
import { namesIn } from '../text/names.ts';

/** One sentence a fault, with where it is and what to do. */
export function sourceFaults(doc: ChartDoc): readonly string[] {
  const { model, said, path } = doc;
  const transitions = placed(model);
  const guards = transitions.flatMap(({ guard }) => (guard === null ? [] : namesIn(guard)));
  const actions = [
    ...transitions.flatMap((transition) => transition.actions),
    ...model.states.flatMap(({ entry, exit }) => [...entry, ...exit]),
  ];
  const events = transitions
    .map(({ event }) => event)
    .filter((event) => event !== '' && !event.startsWith('xstate.'));
  const actors = model.states.flatMap(({ invokes }) => invokes);
  const unsaid = (kind: string, used: readonly string[], sentences: ReadonlyMap<string, Said>) =>
    [...new Set(used)].flatMap((name) => {
      const rule = sentences.get(name);
      if (rule === undefined) {
        return [`${path}: ${kind} ${name} is in no setup and no type of the files beside it`];
      }
      if (rule.meaning !== '') return [];
      return [
        `${rule.path}:${rule.line}: ${kind} ${name} has no description; write a comment above it`,
      ];
    });
  const unused = (kind: string, used: readonly string[], sentences: ReadonlyMap<string, Said>) =>
    [...sentences.values()]
      .filter(({ name }) => !used.includes(name))
      .map((rule) => `${rule.path}:${rule.line}: ${kind} ${rule.name} is used nowhere; remove it`);
  return [
    ...unsaid('guard', guards, said.guards),
    ...unsaid('action', actions, said.actions),
    ...unsaid('actor', actors, said.actors),
    ...unsaid('event', events, said.events),
    ...unused('guard', guards, said.guards),
    ...unused('action', actions, said.actions),
    ...unused('event', events, said.events),
    ...staysUnsaid(doc),
  ];
}

function staysUnsaid({ model, path }: ChartDoc): readonly string[] {
  return model.states
    .filter(({ kind }) => kind === 'atomic')
    .filter((state) => !isMomentary(model, state) && howLong(model.states, state) === null)
    .map(
      (state) =>
        `${path}: state ${model.id}.${state.path} does not say how long it lasts at most; write meta.lasts`,
    );
}
