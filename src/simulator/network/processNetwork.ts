/**
 * The network of one process: connections over its device's link, which carry requests to upstreams and bring back
 * answers, as `fetch` does.
 *
 * @module
 */

import { channel } from 'node:diagnostics_channel';
import type { AttemptEnd } from '../../../actors/port.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { abortable } from '../../http/failures.ts';
import { HostAddresses, type LookedUpFor } from '../../http/hostAddresses.ts';
import type { Network } from '../../http/send.ts';
import { SpareDescriptors } from '../../http/spareDescriptors.ts';
import { pass } from '../../virtual/life.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { type Link, upstreamOf } from './link.ts';
import type { Answer, Arriving, SimulatedUpstream } from './simulatedUpstream.ts';

/** Times of undici. */
const KEPT_ALIVE_MS = 4_000;
const CONNECT_MS_MAX = 10_000;
const ANSWER_MS_MAX = 300_000;
/** Longest `Retry-After` that is judged; policies cut a longer one short. */
const RETRY_AFTER_SECONDS_MAX = 60;
/** Time after which a proxy sends a request again. */
const DOUBLED_AFTER_MS = 20_000;
/** Time for which a proxy holds back a request. */
const LATE_MS = 300_000;

/** Channel on which undici tells of a request's first bytes; see escalationOptions.ts. */
const SENDING = channel('undici:client:sendHeaders');

/** A connection that requests may use again. */
interface Connection {
  readonly generation: number;
  idleUntilMs: number;
}

type Sent = Parameters<Network['fetch']>[2];

/** A request under way. */
interface Exchange {
  readonly url: URL;
  readonly init: Sent;
  readonly sentFor: LookedUpFor;
  readonly upstream: string;
  readonly random: SeededRandom;
  readonly isOver: () => boolean;
  readonly answered: (response: Response) => void;
  readonly failed: (error: Error) => void;
}

/** @param clock - the clock of the process, which wakes nobody once the process is dead */
export function processNetwork(link: Link, clock: Clock): Network {
  return new ProcessNetwork(link, clock);
}

class ProcessNetwork implements Network {
  readonly clock: Clock;
  readonly addresses: HostAddresses;
  readonly descriptors: SpareDescriptors;
  readonly #link: Link;
  readonly #idle = new Map<string, Connection[]>();
  /** Earliest time of each key's next request, as its last answer asked. */
  readonly #askedToWait = new Map<string, { readonly attempt: string; readonly untilMs: number }>();
  /** Descriptors that were given back while there were no others. */
  #spare = 0;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.clock = clock;
    this.addresses = new HostAddresses({
      clock,
      ordinaryMax: 1,
      lookUp: async (host) => await link.lookUp(host, clock),
    });
    this.descriptors = new SpareDescriptors({
      take: () => {
        if (this.#hasNoDescriptor('')) throw networkError('EMFILE', 'open');
        return 0;
      },
      giveBack: () => {
        this.#spare += 1;
      },
    });
  }

  readonly fetch: Network['fetch'] = async (sentFor, url, init) => {
    const end = init.end ?? init.signal;
    if (end.aborted) throw end.reason;
    const { headers } = init;
    const upstream = upstreamOf(url.hostname);
    const key = headers.get('idempotency-key') ?? headers.get('traceparent') ?? '';
    const random = this.#link.chanceOf(`${key} ${this.#link.clock.monotonic()}`);
    return await new Promise<Response>((resolve, reject) => {
      let isOver = false;
      const finish = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancel();
        end.removeEventListener('abort', abort);
        return true;
      };
      const abort = (): void => {
        if (finish()) reject(end.reason as Error);
      };
      const failed = (error: Error): void => {
        if (finish()) reject(error);
      };
      const answered = (response: Response): void => {
        if (finish()) resolve(response);
      };
      const cancel = this.clock.schedule(ANSWER_MS_MAX, () => {
        failed(fetchFailed(networkError('UND_ERR_HEADERS_TIMEOUT')));
      });
      end.addEventListener('abort', abort);
      const exchange = { url, init, sentFor, upstream, random, answered, failed };
      this.#exchange({ ...exchange, isOver: () => isOver }).catch((error: unknown) => {
        failed(fetchFailed(error as Error));
      });
    });
  };

  async #exchange(exchange: Exchange): Promise<void> {
    const { url, init, sentFor, upstream: name, random } = exchange;
    const link = this.#link;
    const upstream = link.upstreams.get(name);
    if (upstream === undefined) throw networkError('ENOTFOUND', 'getaddrinfo');
    const connection = await this.#connection(upstream, exchange);
    if (exchange.isOver()) return;
    const { headers } = init;
    this.#seeWait(headers);
    if (SENDING.hasSubscribers) {
      SENDING.publish({ headers: `idempotency-key: ${headers.get('idempotency-key') ?? ''}` });
    }
    const body = init.body ?? '';
    const arriving: Arriving = {
      method: init.method,
      path: url.pathname,
      headers,
      body,
      isCopy: false,
      arrivals: link.arrivals,
      random,
    };
    if (connection.generation !== link.generation || link.isHit('cut', name, random)) return;
    if (link.isHit('captive', name, random)) {
      this.#portal(exchange);
      return;
    }
    const take = (answer: Answer): void => {
      this.#answered(answer, connection, exchange);
    };
    const legMs = link.legMs(name, body.length + 500, random);
    const isLate = link.isHit('late', name, random);
    link.clock.schedule(legMs + (isLate ? random.below(LATE_MS) : 0), () => {
      upstream.receive(arriving, take);
    });
    if (sentFor === 'ordinary' && link.isHit('doubled', name, random)) {
      link.clock.schedule(legMs + 1 + random.below(DOUBLED_AFTER_MS), () => {
        upstream.receive({ ...arriving, isCopy: true }, () => undefined);
      });
    }
  }

  /** Finds an idle connection, or makes a new one. */
  async #connection(
    upstream: SimulatedUpstream,
    { sentFor, url, upstream: name, random }: Exchange,
  ): Promise<Connection> {
    const link = this.#link;
    const idle = this.#idle.get(`${sentFor} ${name}`);
    for (let kept = idle?.pop(); kept !== undefined; kept = idle?.pop()) {
      if (kept.idleUntilMs > this.clock.monotonic()) return kept;
    }
    await this.addresses.find(url.hostname, sentFor);
    if (this.#hasNoDescriptor(name)) throw networkError('EMFILE', 'connect');
    if (link.isHit('offline', name, random)) throw networkError('ENETUNREACH', 'connect');
    if (link.isHit('cut', name, random)) {
      await pass(this.clock, CONNECT_MS_MAX);
      throw networkError('UND_ERR_CONNECT_TIMEOUT');
    }
    const { generation } = link;
    await pass(this.clock, 2 * link.legMs(name, 100, random));
    if (upstream.isRefusing()) {
      this.#link.arrivals.saw('upstream refuses');
      throw networkError('ECONNREFUSED', 'connect');
    }
    return { generation, idleUntilMs: 0 };
  }

  #hasNoDescriptor(upstream: string): boolean {
    const link = this.#link;
    if (!link.isHit('noDescriptors', upstream, link.chanceOf(''))) return false;
    if (this.#spare === 0) return true;
    this.#spare -= 1;
    return false;
  }

  /** Answers as a hotel's portal, or shows the portal's certificate; nothing reaches the upstream. */
  #portal({ random, init, upstream, isOver, answered, failed }: Exchange): void {
    this.clock.schedule(20, () => {
      if (random.chance(0.3)) {
        failed(fetchFailed(networkError('ERR_TLS_CERT_ALTNAME_INVALID')));
        return;
      }
      const isPage = random.chance(0.6);
      const headers = { 'content-type': 'text/html', location: 'https://portal.example/' };
      const status = isPage ? 200 : 302;
      const body = '<html>Welcome</html>';
      if (isPage) this.#link.gavePage(upstream);
      else if (!isOver()) this.#link.redirected(upstream);
      answered(this.#response({ status, headers, body }, init.end ?? init.signal));
    });
  }

  /** Brings the upstream's answer back. */
  #answered(answer: Answer, connection: Connection, exchange: Exchange): void {
    const { upstream, init, random, sentFor, isOver, answered, failed } = exchange;
    const link = this.#link;
    if (isOver()) return;
    if (connection.generation !== link.generation) return;
    if (link.isHit('cut', upstream, random)) return;
    if (link.isHit('answersLost', upstream, random)) return;
    if (answer === 'reset' || link.isHit('answersReset', upstream, random)) {
      this.clock.schedule(link.legMs(upstream, 100, random), () => {
        failed(fetchFailed(networkError('ECONNRESET')));
      });
      return;
    }
    this.clock.schedule(link.legMs(upstream, answer.body.length + 300, random), () => {
      if (isOver()) return;
      connection.idleUntilMs = this.clock.monotonic() + KEPT_ALIVE_MS;
      const place = `${sentFor} ${upstream}`;
      const idle = this.#idle.get(place) ?? [];
      this.#idle.set(place, idle);
      idle.push(connection);
      const at = answer.headers['location'];
      if (answer.status >= 300 && at !== undefined && init.redirect !== 'manual') {
        link.arrivals.followed(init.headers.get('idempotency-key') ?? '');
      }
      this.#noteWait(answer, init.headers);
      answered(this.#response(answer, init.end ?? init.signal));
    });
  }

  /** Notes when the request may come again. */
  #noteWait({ status, headers }: Exclude<Answer, 'reset'>, sent: Headers): void {
    const seconds = Number(headers['retry-after'] ?? '');
    const key = sent.get('idempotency-key');
    if (status !== 429 || key === null || !(seconds <= RETRY_AFTER_SECONDS_MAX)) return;
    const untilMs = this.clock.monotonic() + seconds * 1_000;
    this.#askedToWait.set(key, { attempt: sent.get('holdfast-attempt') ?? '', untilMs });
  }

  #seeWait(sent: Headers): void {
    const key = sent.get('idempotency-key') ?? '';
    const asked = this.#askedToWait.get(key);
    if (asked === undefined || asked.attempt === sent.get('holdfast-attempt')) return;
    this.#askedToWait.delete(key);
    const byMs = asked.untilMs - this.clock.monotonic();
    // The runtime keeps instants in whole milliseconds.
    if (byMs >= 1) this.#link.arrivals.early(key, byMs);
  }

  /** Builds what the product reads of an answer: Node's own response takes ten times as long to make. */
  #response(
    { status, headers, body, pauseMs = 0 }: Exclude<Answer, 'reset'>,
    end: AttemptEnd,
  ): Response {
    const made: Pick<Response, 'status' | 'ok' | 'headers'> = {
      status,
      ok: status >= 200 && status <= 299,
      headers: new Headers(headers),
    };
    const pause = async (): Promise<void> => {
      if (pauseMs > 0) await abortable(pass(this.clock, pauseMs), end);
    };
    return Object.assign(made, { body: new SimulatedBody(body, pause) }) as unknown as Response;
  }
}

const PIECES_OF_BODY = 4;

/** A body that comes in pieces. */
class SimulatedBody {
  locked = false;
  readonly #pieces: Uint8Array[];
  readonly #pause: () => Promise<void>;

  constructor(text: string, pause: () => Promise<void>) {
    const bytes = new TextEncoder().encode(text);
    const length = Math.max(1, Math.ceil(bytes.length / PIECES_OF_BODY));
    this.#pieces = Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
      bytes.subarray(at * length, (at + 1) * length),
    );
    this.#pause = pause;
  }

  getReader(): this {
    this.locked = true;
    return this;
  }

  async read(): Promise<{ readonly done: boolean; readonly value: Uint8Array | undefined }> {
    await this.#pause();
    const value = this.#pieces.shift();
    return { done: value === undefined, value };
  }

  async cancel(): Promise<void> {
    await Promise.resolve();
    this.#pieces.length = 0;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value } = await this.read();
      if (value === undefined) return;
      yield value;
    }
  }
}

function networkError(code: string, syscall?: string): Error {
  const error = new Error(`${syscall ?? 'network'} ${code}`);
  return Object.assign(error, { code }, syscall === undefined ? {} : { syscall });
}

function fetchFailed(cause: Error): Error {
  return new TypeError('fetch failed', { cause });
}
