/**
 * The inspector's server under test, over real sockets: a source that a test plays, and requests with whatever
 * headers an attacker likes.
 *
 * @module
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage, FeedSource, SessionInfo } from '../../../inspector/protocol.ts';
import type { InspectorCall } from '../../../inspector/server/inspectorCall.ts';
import {
  type InspectorServer,
  startInspectorServer,
} from '../../../inspector/server/inspectorServer.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { tempFolder } from '../store/tempFolder.ts';

/** Real time, and waits that are so many times shorter. */
export function hurriedClock(times = 20): Clock {
  return {
    ...systemClock,
    schedule: (delayMs, wake) => systemClock.schedule(delayMs / times, wake),
  };
}

/** A source that says what a test says, and notes what it is asked. */
export class PlayedSource implements FeedSource {
  readonly listeners = new Set<(messages: readonly FeedMessage[]) => void>();
  readonly asked: { readonly name: string; readonly params: Readonly<Record<string, unknown>> }[] =
    [];
  watches = 0;
  beginning: readonly FeedMessage[] = [away('nobody yet')];
  answer: (name: string) => Promise<unknown> = async () => null;

  readonly watch = (listener: (messages: readonly FeedMessage[]) => void): (() => void) => {
    this.watches += 1;
    this.listeners.add(listener);
    listener(this.beginning);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly call = async (
    name: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<unknown> => {
    this.asked.push({ name, params });
    return await this.answer(name);
  };

  tell(messages: readonly FeedMessage[]): void {
    for (const listener of this.listeners) listener(messages);
  }
}

export function away(reason: string): FeedMessage {
  return { kind: 'away', reason, atMs: 1 };
}

/** What was answered, with all of its bytes. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** A server of its own, and its page: a folder with a few files. It ends with the test. */
export class ServedInspector {
  readonly server: InspectorServer;
  readonly source: PlayedSource;
  readonly errors: unknown[];
  readonly folder: string;
  readonly port: number;
  readonly token: string;

  private constructor(
    server: InspectorServer,
    about: { readonly source: PlayedSource; readonly errors: unknown[]; readonly folder: string },
  ) {
    this.server = server;
    this.source = about.source;
    this.errors = about.errors;
    this.folder = about.folder;
    this.port = Number(new URL(server.url).port);
    this.token = tokenIn(server.link);
  }

  static async start(
    options: {
      readonly canOperate?: boolean;
      readonly calls?: readonly InspectorCall[];
      readonly clock?: Clock;
      readonly source?: PlayedSource;
      readonly port?: number;
    } = {},
  ): Promise<ServedInspector> {
    const { canOperate = false, calls = [], source = new PlayedSource() } = options;
    const folder = await pageFolder();
    const errors: unknown[] = [];
    const server = await startInspectorServer({
      ...{ source, assets: join(folder, 'page'), port: options.port ?? 0, canOperate, calls },
      clock: options.clock ?? hurriedClock(),
      onError: (error) => {
        errors.push(error);
      },
    });
    onTestFinished(() => server.close());
    return new ServedInspector(server, { source, errors, folder });
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Any request; what is left out is as a browser's own page sends it. */
  async ask(asked: Asked = {}): Promise<Reply> {
    return await askAt(this.port, asked);
  }

  /** Exchanges the token of a new link, as the page does. */
  async session(): Promise<SessionInfo> {
    const { text } = await this.ask({
      ...{ method: 'POST', path: '/session' },
      headers: bearer(tokenIn(this.server.newLink())),
    });
    return JSON.parse(text) as SessionInfo;
  }

  /** Makes a call with a session, which is begun for it unless it is given. */
  async call(
    name: string,
    params: Readonly<Record<string, unknown>> = {},
    session?: string,
  ): Promise<Reply> {
    const secret = session ?? (await this.session()).session;
    return await this.ask({
      ...{ method: 'POST', path: '/call', headers: bearer(secret) },
      body: JSON.stringify({ name, params }),
    });
  }

  /** A socket of its own, on which nothing is sent or read but what a test does. */
  async socket(): Promise<Socket> {
    return await new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => {
        resolve(socket);
      });
      socket.on('error', reject);
    });
  }

  /** Sends bytes as they are, and gives all that is answered until the connection ends. */
  async raw(bytes: string): Promise<string> {
    const socket = await this.socket();
    return await new Promise((resolve) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(Buffer.concat(chunks).toString('utf8'));
      });
      socket.write(bytes);
    });
  }

  /** Follows the feed; `text` grows with it. */
  async follow(
    session: string,
  ): Promise<{ readonly text: () => string; readonly ended: Promise<void> }> {
    const socket = await this.socket();
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => {
      socket.on('close', () => {
        resolve();
      });
    });
    socket.write(feedRequest(this.host, session));
    return { text: () => text, ended };
  }
}

/** A request to whatever listens there. */
export async function askAt(
  port: number,
  { method = 'GET', path = '/', headers = {}, body }: Asked,
): Promise<Reply> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...{ host: '127.0.0.1', port, method, path, agent: false },
        headers: headers as Record<string, string>,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers: given } = response;
          resolve({ status, headers: given, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export function tokenIn(link: string): string {
  return link.slice(link.indexOf('=') + 1);
}

export function feedRequest(host: string, session: string): string {
  return `GET /feed HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${session}\r\n\r\n`;
}

export function bearer(secret: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${secret}` };
}

/** A folder with a page in it, and a file beside the page that must not be served. */
async function pageFolder(): Promise<string> {
  const folder = tempFolder();
  await mkdir(join(folder, 'page', 'charts'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'beside-the-page');
  await writeFile(join(folder, 'page', 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(folder, 'page', 'app.js'), 'export {};');
  await writeFile(join(folder, 'page', 'app.css'), 'body{}');
  await writeFile(join(folder, 'page', 'charts', 'supervisor.svg'), '<svg/>');
  await writeFile(join(folder, 'page', 'charts', 'supervisor.json'), '{}');
  return folder;
}
