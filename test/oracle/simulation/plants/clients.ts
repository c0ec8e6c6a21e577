/**
 * Planted bugs of clients, owners and the page.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CLIENTS: readonly Plant[] = [
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
    name: 'client-crisis-waits-for-owner',
    file: 'src/connect/clientCrises.ts',
    find: 'const TOLD_WITHIN_MS = 100;',
    replace: 'const TOLD_WITHIN_MS = 10_000;',
    says: 'A client keeps a person in crisis waiting for an owner that stands still.',
    finds: /^crisis of a client waited: /,
    seedsMax: 20,
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
