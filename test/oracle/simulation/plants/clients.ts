/**
 * What clients, owners and the page get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CLIENTS: readonly Plant[] = [
  {
    name: 'client-waits-for-dead-owner',
    file: 'src/connect/line.ts',
    find: '    for (const { reject } of open) reject(new LineEnded());',
    replace: '    void open;',
    says: 'A line that has ended does not say so to what was asked on it, so no next owner is asked.',
    finds: /^client unheard: the outcome of /,
    seedsMax: 10,
  },
  {
    name: 'client-asks-no-next-owner',
    file: 'src/connect/ownerLink.ts',
    find: "      if (open.patience === 'boundedWithoutOwner') open.cancelDeadline();\n      this.#send(open);",
    replace: "      if (open.patience === 'boundedWithoutOwner') open.cancelDeadline();",
    says: 'What waits for an owner is not sent to the next one.',
    finds: /^client unheard: /,
    seedsMax: 10,
  },
  {
    name: 'client-call-without-time-limit',
    file: 'src/connect/ownerLink.ts',
    find: "      if (patience !== 'endless') this.#limit(open);",
    replace: '',
    says: 'A call of a client waits for ever while the owner stands still.',
    finds: /^client unheard: .* for \d+ ms/,
    seedsMax: 10,
  },
  {
    name: 'client-not-told-of-missed-end',
    file: 'src/connect/ownerDesk.ts',
    find: '        if (now !== null) told(now);',
    replace: '',
    says: 'A client that watches an operation is not told what changed while nobody owned the store.',
    finds: /^client unheard: the end of /,
    seedsMax: 40,
  },
  {
    name: 'client-crisis-waits-for-owner',
    file: 'src/connect/clientCrises.ts',
    find: 'const TOLD_WITHIN_MS = 100;',
    replace: 'const TOLD_WITHIN_MS = 10_000;',
    says: 'A client keeps a person in crisis waiting for an owner that stands still.',
    finds: /^crisis of a client waited: /,
    seedsMax: 20,
  },
  {
    name: 'client-sessions-are-kept',
    file: 'src/connect/lineServer.ts',
    find: '      onEnded: () => this.#sessions.delete(session),',
    replace: '      onEnded: () => undefined,',
    says: 'Lines that have ended count as open, so that an owner takes no more clients after some time.',
    finds: /^client turned away: /,
    seedsMax: 40,
  },
  {
    name: 'page-applies-no-steps',
    file: 'inspector/page/model/applyMessages.ts',
    find: '  draft.actors.set(step.actor, { ...actor, states: step.to, sinceAtMs: step.atMs });',
    replace: '',
    says: 'The page leaves an actor in the state that it had when the page was opened.',
    finds: /^page shows what is not: /,
    seedsMax: 3,
  },
  {
    name: 'page-misses-first-actors',
    file: 'inspector/feed/feed.ts',
    find: "    yield [this.#hello(), { kind: 'actors', actors: told, isAll: true }];",
    replace: "    yield [this.#hello(), { kind: 'actors', actors: told.slice(1), isAll: true }];",
    says: 'The page is not told of an actor that was there before it.',
    finds: /^page shows what is not: /,
    seedsMax: 3,
  },
  {
    name: 'page-dies-with-owner',
    file: 'src/inspect/ownerFeed.ts',
    find: '    for (let waitMs = LOOK_MS_MIN; !signal.aborted; ) {\n      const answer = await openInspectLine(',
    replace:
      '    for (let waitMs = LOOK_MS_MIN; !signal.aborted && this.#reason === null; ) {\n      const answer = await openInspectLine(',
    says: 'The page does not look for the next owner.',
    finds: /^page shows what is not: the page is away/,
    seedsMax: 3,
  },
  {
    name: 'throwing-listener-breaks-runtime',
    file: 'actors/facts/factStream.ts',
    find: '    if (isThenable(returned)) returned.then(undefined, onError);\n  } catch (error) {\n    onError(error);\n  }\n}\n\ntype Method',
    replace:
      '    if (isThenable(returned)) returned.then(undefined, onError);\n  } catch (error) {\n    throw error;\n  }\n}\n\ntype Method',
    says: 'What a listener of the app throws is thrown into the work that it was told of.',
    finds: /^(?!page)/,
    seedsMax: 10,
  },
];
