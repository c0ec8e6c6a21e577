/**
 * The page's line to its server: a session for the token of its link, the feed, which is opened again
 * whenever it ends, and calls.
 *
 * @module
 */

import {
  type CallAnswer,
  type FeedMessage,
  INSPECTOR_PROTOCOL,
  type SessionInfo,
} from '../../protocol.ts';
import type { Connection } from './pageState.ts';

/** The server never sends a longer line. */
const LINE_MAX = 64 * 1024 * 1024;

export class Lines {
  #rest = '';

  /**
   * Adds text; returns the lines that are complete.
   *
   * @throws RangeError where a line does not end
   */
  push(text: string): readonly string[] {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > LINE_MAX) throw new RangeError('a line of the feed does not end');
    return parts.filter((line) => line !== '');
  }
}

/** Two heartbeats and a half: a feed that is silent for longer is dead. */
const SILENCE_MAX_MS = 25_000;
/** A watched process sends something each second: one that has missed four is blocked. */
const STANDSTILL_MS = 4_000;
/** Time to read what has come meanwhile, in case this page itself was blocked. */
const READ_WITHIN_MS = 250;
/** The heartbeat of `inspector/server/feedStream.ts`. */
const HEARTBEAT = '[]';
const FIRST_WAIT_MS = 500;
const WAIT_MAX_MS = 10_000;

const NO_SESSION =
  'This page has no session: each link opens one. Get a new link where holdfast runs (Enter in its terminal).';
const TOKEN_REFUSED =
  'Each link opens one page. This one is used up, or belongs to another process: get a new one where holdfast runs (Enter in its terminal).';
const SESSION_OVER =
  'The session has ended: its server has stopped or was restarted. Open the last link that holdfast printed.';
const STANDS_STILL =
  'The process has said nothing for 4 s: it is stopped, or its event loop is blocked. Answers to crises wait as long.';
const OTHER_PROTOCOL =
  'The server of this page has another version of holdfast. Load the page again.';

/** The code of a call without an answer, which may have been carried out. */
export const NO_ANSWER = 'noAnswer';

export interface FeedPorts {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  readonly clock: {
    readonly now: () => number;
    /** Calls back once, unless it is cancelled. */
    readonly after: (ms: number, then: () => void) => () => void;
  };
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
  /** Keeps the session while the page is loaded again. */
  readonly kept: {
    readonly read: () => string | null;
    readonly write: (session: string | null) => void;
  };
}

export interface FeedListener {
  readonly onConnection: (connection: Connection) => void;
  readonly onSession: (info: { readonly canOperate: boolean }) => void;
  readonly onMessages: (messages: readonly FeedMessage[]) => void;
}

/** Ends the line for good: trying again would change nothing. */
class Refused extends Error {}

/** The server is there, and says why it can't answer now. */
class Unavailable extends Error {}

export class FeedClient {
  readonly #ports: FeedPorts;
  readonly #listener: FeedListener;
  readonly #stopped = new AbortController();
  #session: string | null;

  constructor(ports: FeedPorts, listener: FeedListener) {
    this.#ports = ports;
    this.#listener = listener;
    this.#session = ports.kept.read();
  }

  /**
   * Reads until `stop()`, across failures; ends where only a new link helps.
   *
   * @param token of the page's link; `null` where it was loaded without one
   */
  async run(token: string | null): Promise<void> {
    let unspent = token;
    for (let tries = 0; !this.#stopped.signal.aborted; tries += 1) {
      let reason: string | null = null;
      try {
        if (unspent !== null && this.#session === null) {
          await this.#enter(unspent);
          unspent = null;
        }
        await this.#read(() => {
          tries = 0;
        });
      } catch (error) {
        if (error instanceof Refused && unspent !== null && this.#session !== null) {
          // The kept session belongs to another process; the link is new.
          this.#keep(null);
          continue;
        }
        if (error instanceof Refused) {
          this.#keep(null);
          this.#tell('refused', error.message, null);
          return;
        }
        if (error instanceof Unavailable) reason = error.message;
      }
      if (this.#stopped.signal.aborted) return;
      const waitMs = retryWaitMs(tries, this.#ports.random());
      this.#tell('lost', reason, this.#ports.clock.now() + waitMs);
      await this.#wait(waitMs);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Makes a management call; a failure of the line is returned as an answer, too. */
  async call(name: string, params: Readonly<Record<string, unknown>>): Promise<CallAnswer> {
    try {
      const response = await this.#ask('/call', {
        method: 'POST',
        body: JSON.stringify({ name, params }),
      });
      return (await response.json()) as CallAnswer;
    } catch (error) {
      const own =
        error instanceof Refused
          ? { code: 'noSession', message: error.message }
          : { code: NO_ANSWER, message: 'The server of this page does not answer.' };
      return { ok: false, error: own };
    }
  }

  async #enter(token: string): Promise<void> {
    const response = await this.#ports.fetch('/session', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: this.#stopped.signal,
    });
    if (response.status === 401 || response.status === 403) throw new Refused(TOKEN_REFUSED);
    if (!response.ok) throw new Error(`session: ${response.status}`);
    const info = (await response.json()) as SessionInfo;
    if (info.protocol !== INSPECTOR_PROTOCOL) throw new Refused(OTHER_PROTOCOL);
    this.#keep(JSON.stringify(info));
    this.#listener.onSession(info);
  }

  async #read(onBegin: () => void): Promise<void> {
    const silent = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, silent.signal]);
    const standstill = new Standstill(this.#ports.clock, (isStill) => {
      this.#tell(isStill ? 'silent' : 'live', isStill ? STANDS_STILL : null, null);
    });
    let callOff = this.#ports.clock.after(SILENCE_MAX_MS, () => {
      silent.abort();
    });
    try {
      const response = await this.#ask('/feed', { signal });
      if (!response.ok) throw new Unavailable(await reasonOf(response));
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const lines = new Lines();
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return;
        onBegin();
        callOff();
        callOff = this.#ports.clock.after(SILENCE_MAX_MS, () => {
          silent.abort();
        });
        if (piece.value.trim() !== HEARTBEAT) standstill.heard();
        for (const line of lines.push(piece.value)) {
          const messages = JSON.parse(line) as readonly FeedMessage[];
          if (messages.length > 0) this.#listener.onMessages(messages);
          // No process runs: nothing comes until the next one begins.
          if (messages.at(-1)?.kind === 'away') standstill.rest();
        }
      }
    } finally {
      callOff();
      standstill.rest();
    }
  }

  /** Sends a request with the session. */
  async #ask(path: string, init: RequestInit): Promise<Response> {
    if (this.#session === null) throw new Refused(NO_SESSION);
    const { session, canOperate } = JSON.parse(this.#session) as SessionInfo;
    this.#listener.onSession({ canOperate });
    const response = await this.#ports.fetch(path, {
      ...init,
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
    });
    if (response.status === 401) throw new Refused(SESSION_OVER);
    return response;
  }

  #keep(session: string | null): void {
    this.#session = session;
    this.#ports.kept.write(session);
  }

  #tell(state: Connection['state'], reason: string | null, nextTryAtMs: number | null): void {
    this.#listener.onConnection({
      state,
      reason,
      nextTryAtMs,
      sinceAtMs: this.#ports.clock.now(),
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#ports.clock.after(ms, resolve);
      this.#stopped.signal.addEventListener(
        'abort',
        () => {
          callOff();
          resolve();
        },
        { once: true },
      );
    });
  }
}

/** Notices a process that is blocked, by the messages that it owes each second. */
class Standstill {
  readonly #clock: FeedPorts['clock'];
  readonly #tell: (isStill: boolean) => void;
  #callOff = (): void => undefined;
  #isStill = false;

  constructor(clock: FeedPorts['clock'], tell: (isStill: boolean) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  heard(): void {
    this.rest();
    if (this.#isStill) {
      this.#isStill = false;
      this.#tell(false);
    }
    this.#callOff = this.#clock.after(STANDSTILL_MS, () => {
      this.#callOff = this.#clock.after(READ_WITHIN_MS, () => {
        this.#isStill = true;
        this.#tell(true);
      });
    });
  }

  /** Stops waiting until the process is heard again. */
  rest(): void {
    this.#callOff();
  }
}

async function reasonOf(response: Response): Promise<string> {
  const answer = (await response.json()) as CallAnswer;
  return answer.ok ? '' : answer.error.message;
}

/** The pause before the next try: doubled each time, up to ten seconds, and spread so that pages do not return at once. */
export function retryWaitMs(tries: number, draw: number): number {
  const longest = Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10));
  return Math.round(longest / 2 + (longest / 2) * draw);
}
