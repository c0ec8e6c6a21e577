/**
 * `holdfast inspect`: a page for a browser that shows a store and whatever process runs on it.
 *
 * @module
 */

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type FeedMessage, VIEW_NAMES } from '../../../inspector/protocol.ts';
import { askOwner, nameOwner } from '../../control/controlClient.ts';
import { NOBODY } from '../../inspect/ownerFeed.ts';
import { health } from '../../management/store.ts';
import { openBrowser } from '../inspector/openBrowser.ts';
import { serveStorePage } from '../inspector/storePage.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { hasKeyboard, onEnter } from '../kit/confirm.ts';
import { errorText, type Output } from '../kit/output.ts';
import { EXIT, onInterrupt } from '../kit/program.ts';
import { requireStore, storeOption } from '../kit/storeOptions.ts';

interface InspectOptions extends JsonOptions {
  readonly store: string;
  readonly port: number;
  readonly at?: string;
  readonly operate: boolean;
  readonly open: boolean;
}

/** How long to wait for the owner's answer: the page finds a busy one later. */
const ANSWER_WITHIN_MS = 2_000;

export function inspectCommand(): Command {
  return command<InspectOptions>({
    name: 'inspect',
    options: [
      storeOption('folder of the store whose process is watched'),
      valueOption(
        '--port <n>',
        'port of the page on 127.0.0.1; 0 is one that is free',
        parseCount(0, 65_535),
        0,
      ),
      valueOption(
        '--at <place>',
        'where the page opens: /crises/ID, or what its address has behind #',
        parsePlace,
      ),
      flag('--operate', 'take orders from the page: replay, purge, retry, resolve, force breakers'),
      flag('--open', 'open the page in a browser here'),
      jsonOption('print the link as one line of JSON'),
    ],
    notes: `It needs no key: the process that runs the store is asked, over the socket in the store's folder. Processes may
come and go meanwhile, the page goes on with the next one. It shows names, states, times and counts, never a payload,
a subject or an entity. A link is good for one page, which stays in until its tab is closed, and lets other tabs of the
same browser in; Enter prints another one. --at is for a link that is sent to somebody who has a browser on this machine.
Ctrl-C ends it (130).`,
    examples: [
      'holdfast inspect --store ./sync-store --open',
      'holdfast inspect --store ./sync-store --port 7080 --operate',
      'holdfast inspect --store ./sync-store --at /dead-letters?type=payments',
    ],
    async run({ options, output }) {
      const { store, port, at, operate, open } = options;
      requireStore(store);
      const changes = new Changes(store, output);
      const page = await serveStorePage({
        ...{ store, port, operate },
        onError: (error) => {
          output.say(errorText(error));
        },
        onMessages: (messages) => {
          changes.hear(messages);
        },
      });
      const ended = new Promise<void>((end) => {
        onInterrupt(output, end);
      });
      const { url } = page;
      const link = at === undefined ? page.link : page.newLink(at);
      output.result({ link, url, store: resolve(store), operate }, link);
      output.say(await whoRuns(store));
      output.say(rights(operate));
      const opened = open ? await openBrowser(page.newLink(at), ended) : null;
      if (typeof opened?.trouble === 'string') {
        output.say(`No browser was opened: ${opened.trouble}. Open the link by hand.`);
      }
      const forgetEnter = hasKeyboard() ? onEnter(() => output.say(page.newLink(at))) : null;
      await ended;
      forgetEnter?.();
      await page.close();
      opened?.forget();
      return EXIT.interrupted;
    },
  });
}

/** Reads a place such as `/crises/ID` from an address of the page, or from its part after #. */
function parsePlace(given: string): string {
  const place = given.replace(/^[^#]*#/, '').replace(/^\/?/, '/');
  const [, view = ''] = /^\/([^/?]*)/.exec(place) ?? [];
  if (!VIEW_NAMES.some((known) => known === view)) {
    throw new InvalidArgumentError(
      `It begins with one of ${VIEW_NAMES.map((known) => `/${known}`).join(', ')}; after that comes an id or a search: /dead-letters?type=payments.`,
    );
  }
  if (/[\s#]/.test(place)) throw new InvalidArgumentError('It holds no space and no second #.');
  return place;
}

function rights(operate: boolean): string {
  const more = hasKeyboard() ? 'Enter prints another link' : 'for another page run this again';
  const may = operate ? 'may look, and give orders' : 'may look; orders need --operate';
  return `The first page that comes by the link ${may}; ${more}. Ctrl-C ends it.`;
}

async function whoRuns(store: string): Promise<string> {
  try {
    const owner = await askOwner(store, health, {}, ANSWER_WITHIN_MS);
    if (owner !== null) return `Watching ${nameOwner(store)}.`;
    return 'No process runs on this store now, so there is nothing to see yet: start your app, or holdfast run. The page waits for it.';
  } catch (error) {
    // It may answer later, and the page shows that.
    return errorText(error);
  }
}

/** Prints changes while somebody watches, each once for all pages. */
class Changes {
  readonly #store: string;
  readonly #output: Output;
  #last: string | null = null;

  constructor(store: string, output: Output) {
    this.#store = store;
    this.#output = output;
  }

  hear(messages: readonly FeedMessage[]): void {
    for (const message of messages) {
      if (message.kind === 'hello') {
        this.#tell(`since ${message.startedAtMs}`, () => `watching ${nameOwner(this.#store)}.`);
      }
      // The absence of an owner is no news once its end was printed.
      if (message.kind === 'away' && (message.reason !== NOBODY || this.#last === null)) {
        this.#tell(message.reason, () => `${message.reason}; the page waits.`);
      }
    }
  }

  #tell(what: string, text: () => string): void {
    if (this.#last === what) return;
    this.#last = what;
    this.#output.say(`holdfast: ${text()}`);
  }
}
