/**
 * A simulated app: what it gives `createRuntime`, what its users ask of it, and what its upstreams answer.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { HttpHandlerOptions, HttpRun } from '../../http/httpHandler.ts';
import type { RuntimeOptions } from '../../options.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';

/** Surroundings that the simulator gives each process of an app. */
export interface SimulatedWorld {
  /** `httpHandler` over the simulated network. The host of `baseUrl` names an upstream: see `urlOf`. */
  readonly httpHandler: <Response = Json | undefined>(
    options: HttpHandlerOptions,
  ) => HttpRun<Response>;
  /**
   * `fetch` over the simulated network, for handlers that call it. Answers have `status`, `ok`, `headers`, `text()`
   * and `json()`.
   */
  readonly fetch: typeof fetch;
  /** Builds the address of an upstream, with its name as the host, such as `https://shop.example/v1`. */
  readonly urlOf: (upstream: string) => string;
  /** Virtual time; every wait of the app must go by it. */
  readonly clock: Clock;
}

/** Options of the app's processes; the simulator sets the others. */
export type AppOptions = Omit<RuntimeOptions, 'store' | 'key' | 'clock' | 'random' | 'device'>;

/** A request that has reached an upstream. */
export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The body as text; empty for none. */
  readonly body: string;
}

/** Answer of an upstream. */
export interface ServedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
}

/** An app for the simulator. */
export interface SimulatedApp {
  readonly options: (world: SimulatedWorld) => AppOptions;
  readonly request: (random: SeededRandom, number: number) => SyncRequest;
  readonly serve: Readonly<Record<string, (request: ServedRequest) => ServedAnswer>>;
}
