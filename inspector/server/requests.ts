/**
 * Handles each request: checks it, then answers with the page, a session, the feed or the result of a call.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { type FeedSource, INSPECTOR_PROTOCOL, type SessionInfo } from '../protocol.ts';
import { Calls } from './calls.ts';
import type { Connections } from './connections.ts';
import { FeedLines } from './feedLines.ts';
import { FeedStream } from './feedStream.ts';
import type { InspectorCall } from './inspectorCall.ts';
import { Refusal, sendFile, sendJson, sendRefusal } from './replies.ts';
import { hasBody, passOver, readBody } from './requestBody.ts';
import { bearerOf, checkRequest, hostNames } from './requestChecks.ts';
import type { Session, Sessions } from './sessions.ts';
import type { StaticFiles } from './staticFiles.ts';

/** Feeds that may be open at once. */
const FEEDS_MAX = 8;
/** How long the answer to a wrong token or session takes. */
const WRONG_ANSWER_MS = 500;
/** The first wrong tokens are reported from this count on, and again at each tenfold. */
const WRONG_TOKENS_TOLD = 5;

export interface RequestsParts {
  readonly host: string;
  readonly source: FeedSource;
  readonly calls: readonly InspectorCall[];
  readonly canOperate: boolean;
  readonly files: StaticFiles;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export class Requests {
  readonly #parts: RequestsParts;
  readonly #calls: Calls;
  readonly #lines = new FeedLines();
  readonly #feeds = new Set<FeedStream>();
  #hosts: readonly string[] = [];
  #wrongTokens = 0;
  #toldOfNext = WRONG_TOKENS_TOLD;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#calls = new Calls(parts);
  }

  /** Sets the port, and with it the values of `Host` that are accepted. */
  listeningAt(port: number): void {
    this.#hosts = hostNames(this.#parts.host, port);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const checked = checkRequest(request, this.#hosts);
    if (checked instanceof Refusal) {
      this.#refuse(request, response, checked);
      return;
    }
    const body = request.method === 'POST' ? await readBody(request) : null;
    if (body instanceof Refusal) {
      this.#refuse(request, response, body);
      return;
    }
    const outcome = await this.#answerTo(checked.path, request, response, body);
    if (outcome instanceof Refusal) this.#refuse(request, response, outcome);
  }

  async #answerTo(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: string | null,
  ): Promise<Refusal | undefined> {
    const wanted = METHODS[path] ?? 'GET';
    if (request.method !== wanted) {
      return new Refusal(405, `${path} needs the method ${wanted}.`, {
        headers: { allow: wanted },
      });
    }
    if (body === null && hasBody(request)) return new Refusal(400, 'A GET must have no body.');
    this.#parts.connections.whole(request.socket);
    if (!(path in METHODS)) return this.#file(path, request, response);
    if (path === '/session') return await this.#begin(request, response);
    const session = this.#parts.sessions.find(bearerOf(request) ?? '');
    if (session === null)
      return await this.#wrong('Authorization must be Bearer and a session. Open the link again.');
    this.#parts.connections.known(request.socket);
    if (path === '/feed') return this.#feed(session, request, response);
    if (path === '/logout') {
      this.#parts.sessions.end(session);
      sendJson(response, 200, { ok: true, result: null });
      return undefined;
    }
    const made = await this.#calls.make(body ?? '');
    if (made instanceof Refusal) return made;
    sendJson(response, 200, made);
    return undefined;
  }

  #file(path: string, request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    const file = this.#parts.files.get(path);
    if (file === undefined) return new Refusal(404, 'There is nothing at that path.');
    sendFile(response, file, request.headers['accept-encoding']);
    return undefined;
  }

  async #begin(request: IncomingMessage, response: ServerResponse): Promise<Refusal | undefined> {
    const { sessions, canOperate } = this.#parts;
    const session = sessions.begin(bearerOf(request) ?? '');
    if (session === null) {
      this.#noteWrongToken();
      return await this.#wrong(
        'Authorization must be Bearer and the token of a link, which is behind #token= in it and opens one page, once, within 15 minutes. Get another link where the inspector was started.',
      );
    }
    const info: SessionInfo = { session, canOperate, protocol: INSPECTOR_PROTOCOL };
    sendJson(response, 200, info);
    return undefined;
  }

  #feed(session: Session, request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    if (this.#feeds.size >= FEEDS_MAX) {
      return new Refusal(503, `${FEEDS_MAX} pages are open already. Close one of them.`, {
        code: 'HF_STORE_UNAVAILABLE',
      });
    }
    const { source, clock, onError } = this.#parts;
    const end = (): void => {
      stream.end();
    };
    const stream: FeedStream = new FeedStream({
      ...{ response, source, clock, onError, lines: this.#lines },
      onEnd: () => {
        this.#feeds.delete(stream);
        session.onEnd.delete(end);
      },
    });
    this.#feeds.add(stream);
    session.onEnd.add(end);
    request.socket.setTimeout(0);
    stream.open();
    return undefined;
  }

  /** Answers late, so that guesses are slow and each occupies one of few connections. */
  /** Counts wrong tokens. A used link is opened again now and then; guessing makes many of them. */
  #noteWrongToken(): void {
    this.#wrongTokens += 1;
    if (this.#wrongTokens !== this.#toldOfNext) return;
    this.#toldOfNext *= 10;
    this.#parts.onError(
      new HoldfastError(
        'HF_ALERT',
        `Alert: ${this.#wrongTokens} wrong tokens were sent to the inspector since it was started. All were refused. A program of this machine may be guessing: find out which, or close the inspector.`,
        { withStack: false },
      ),
    );
  }

  async #wrong(message: string): Promise<Refusal> {
    await new Promise<void>((resolve) => {
      this.#parts.clock.schedule(WRONG_ANSWER_MS, resolve);
    });
    return new Refusal(401, message, { headers: { 'www-authenticate': 'Bearer' } });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    sendRefusal(response, refusal);
    // The connection ends with the answer, even if more of the request is to come.
    if (!request.complete) passOver(request);
  }
}

/** The method of each path that is not a file. */
const METHODS: Readonly<Record<string, string>> = {
  '/session': 'POST',
  '/feed': 'GET',
  '/call': 'POST',
  '/logout': 'POST',
};
