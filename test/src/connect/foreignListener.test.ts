/**
 * Whoever listens in a store's folder is looked at before anything is said to it.
 *
 * @module
 */

import { chmodSync, lchownSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage } from '../../../inspector/protocol.ts';
import { askOwner, callOwner } from '../../../src/control/controlClient.ts';
import { connect } from '../../../src/index.ts';
import { ownerFeed } from '../../../src/inspect/ownerFeed.ts';
import { health } from '../../../src/management/store.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** Any user that this process is not; only root can give files away. */
const STRANGER = 65_534;
const isRoot = process.geteuid?.() === 0;
const REQUEST = { type: 'notes.push', subject: 'patient-17', tier: 'basic', payload: 1 } as const;

let above: string;
let store: string;
/** All that anybody who listens was told. */
let heard: string[];

beforeEach(() => {
  above = join(tempFolder(), 'above');
  store = join(above, 'store');
  mkdirSync(store, { recursive: true, mode: 0o700 });
  heard = [];
});

/** Listens as an owner and its thread for crises do, and answers that all is well. */
async function listen(folder: string): Promise<void> {
  for (const name of ['control.sock', 'crisis.sock']) {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        heard.push(chunk.toString());
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"result":null}');
      });
    });
    await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
    onTestFinished(async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
  }
}

async function codeOf(refused: Promise<unknown>): Promise<unknown> {
  return await refused.then(
    () => 'it was answered',
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}

/** All who ask a store's owner: a client, a person in crisis, the command line, an inspector. */
async function askAll(folder: string) {
  const onError = vi.fn<(error: unknown) => void>();
  const client = await connect({ store: folder, onError, ownerWithinMs: 100 });
  onTestFinished(async () => {
    await client.close();
  });
  const sync = await codeOf(client.sync(REQUEST));
  const crisis = await client.crisis({ type: 'crisis.alert', subject: 'patient-17' });
  const feed = ownerFeed({ storeFolder: folder, clock: systemClock, random: systemRandom });
  const watched = await new Promise<FeedMessage | undefined>((resolve) => {
    const stop = feed.watch(([message]) => {
      stop();
      resolve(message);
    });
  });
  return {
    sync,
    crisis,
    watched,
    told: onError.mock.calls.map(([error]) => (error as { readonly code?: unknown }).code),
    command: await codeOf(askOwner(folder, health, {})),
    call: await codeOf(callOwner(folder, 'health.show', {})),
  };
}

const PLACES: readonly {
  readonly where: string;
  readonly needsRoot: boolean;
  readonly make: () => string;
}[] = [
  {
    where: 'a folder of another user',
    needsRoot: true,
    make: () => {
      lchownSync(store, STRANGER, STRANGER);
      return store;
    },
  },
  {
    where: 'a folder that its group can write',
    needsRoot: false,
    make: () => {
      chmodSync(store, 0o770);
      return store;
    },
  },
  {
    where: 'a folder below one in which anybody could put another in its place',
    needsRoot: false,
    make: () => {
      chmodSync(above, 0o777);
      return store;
    },
  },
  {
    where: "a folder below another user's",
    needsRoot: true,
    make: () => {
      lchownSync(above, STRANGER, STRANGER);
      return store;
    },
  },
  {
    where: 'a folder that a link of another user leads to',
    needsRoot: true,
    make: () => {
      const link = join(tempFolder(), 'link');
      symlinkSync(store, link);
      lchownSync(link, STRANGER, STRANGER);
      return link;
    },
  },
  {
    where: 'a folder that a link leads to from a place where anybody could put another',
    needsRoot: false,
    make: () => {
      const place = join(tempFolder(), 'open');
      mkdirSync(place);
      chmodSync(place, 0o777);
      const [first, link] = [join(place, 'first'), join(tempFolder(), 'link')];
      symlinkSync(store, first);
      symlinkSync(first, link);
      return link;
    },
  },
  {
    where: 'a socket of another user',
    needsRoot: true,
    make: () => {
      for (const name of ['control.sock', 'crisis.sock']) {
        lchownSync(join(store, name), STRANGER, STRANGER);
      }
      return store;
    },
  },
];

describe('AC-2 SE-5 nothing is said to a process that listens in', () => {
  for (const { where, needsRoot, make } of PLACES) {
    test.runIf(isRoot || !needsRoot)(`AC-2 ${where}`, async () => {
      await listen(store);
      const asked = await askAll(make());
      expect(heard).toEqual([]);
      const { sync, command, call, told } = asked;
      expect({ sync, command, call, told }).toEqual({
        ...{ sync: 'HF_STORE_FOLDER', command: 'HF_STORE_FOLDER', call: 'HF_STORE_FOLDER' },
        told: ['HF_STORE_FOLDER'],
      });
      // A person in crisis is answered all the same, with what this process knows.
      expect(asked.crisis.resources.length).toBeGreaterThan(0);
      expect(asked.crisis.source).toBe('local');
      expect(asked.watched).toMatchObject({
        kind: 'away',
        reason: expect.stringMatching(
          isRoot ? /Nothing was sent.*as root: sudo -u USER/ : /Nothing was sent/,
        ),
      });
    });
  }
});

test('AC-2 one that listens in a folder of our own is asked, by links of our own, too', async () => {
  await listen(store);
  const link = join(tempFolder(), 'link');
  symlinkSync(store, link);
  for (const folder of [store, link]) {
    heard = [];
    const asked = await askAll(folder);
    expect(asked.command).toBe('it was answered');
    expect(heard.join()).toContain('patient-17');
    expect(heard.join()).toContain('/v1/inspect');
    expect(heard.join()).toContain('/v1/line');
  }
});
