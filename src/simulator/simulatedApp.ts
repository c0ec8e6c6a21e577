/**
 * Gives a user's app its simulated world: HTTP over the simulated network, and upstreams that answer with the app's
 * own code.
 *
 * @module
 */

import type { Answer } from '../http/answer.ts';
import { httpHandlerOver } from '../http/httpHandler.ts';
import type { Network } from '../http/send.ts';
import { checkOptions, DEFAULT_UPSTREAM } from '../options.ts';
import { VirtualClock } from '../virtual/virtualClock.ts';
import { Link, urlOf } from './network/link.ts';
import { processNetwork } from './network/processNetwork.ts';
import type { Serve } from './network/simulatedUpstream.ts';
import type { ServedAnswer, ServedRequest, SimulatedApp, SimulatedWorld } from './scene/app.ts';

const NEVER_ABORTED = new AbortController().signal;
/** Statuses whose answers have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Builds the world of one process. */
export function worldOver(network: Network): SimulatedWorld {
  return {
    httpHandler: (options) => httpHandlerOver(network, options),
    fetch: async (input, init = {}) => await fetchOver(network, input, init),
    urlOf,
    clock: network.clock,
  };
}

async function fetchOver(
  network: Network,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  const request = input instanceof Request ? input : null;
  const url = new URL(input instanceof Request ? input.url : input);
  const body: unknown = init.body ?? (request === null ? '' : await request.text());
  if (typeof body !== 'string') {
    throw new TypeError(
      'The simulated fetch takes bodies that are text, such as JSON.stringify().',
    );
  }
  const answer = await network.fetch('ordinary', url, {
    method: init.method ?? request?.method ?? 'GET',
    headers: new Headers(init.headers ?? request?.headers),
    body,
    signal: init.signal ?? request?.signal ?? NEVER_ABORTED,
  });
  const { status } = answer;
  // Simulated answers have headers of Node's.
  const headers = answer.headers as Headers;
  return new Response(BODILESS.has(status) ? null : await textOf(answer), { status, headers });
}

async function textOf({ body }: Answer): Promise<string> {
  const pieces: Uint8Array[] = [];
  const reader = body?.getReader();
  for (;;) {
    const piece = (await reader?.read())?.value;
    if (piece === undefined) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/**
 * Names the upstreams of an app's handlers.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` for options that are not valid.
 */
export function upstreamsOf(app: SimulatedApp): readonly string[] {
  const clock = new VirtualClock();
  const nowhere = new Link(clock, {
    seed: 0,
    profile: undefined,
    upstreams: new Map(),
    arrivals: {
      saw: () => undefined,
      applied: () => undefined,
      forgotten: () => undefined,
      pretended: () => undefined,
      bodyChanged: () => undefined,
      early: () => undefined,
      redirected: () => undefined,
      followed: () => undefined,
    },
  });
  const options = app.options(worldOver(processNetwork(nowhere, clock)));
  checkOptions({ ...options, store: ':memory:' });
  const { handlers = {} } = options;
  return [...new Set(Object.values(handlers).map(({ upstream }) => upstream ?? DEFAULT_UPSTREAM))];
}

/** Builds an upstream that answers with the app's own code. */
export function served(serve: (request: ServedRequest) => ServedAnswer): Serve {
  return ({ method, path, headers, body }) => {
    const answer = serve({ method, path, headers, body });
    return {
      status: answer.status,
      headers: { 'content-type': 'application/json', ...answer.headers },
      body: answer.body === undefined ? '' : JSON.stringify(answer.body),
    };
  };
}
