/**
 * The upstream of the demo of conflicts as a process of its own: records with entity tags, a care team that hears
 * of crises, and for each device a way to both that can be cut. Its options are JSON in the first argument.
 *
 * @module
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import { startMisbehavingUpstream } from '../../testing/misbehavingUpstream.ts';
import { startRecordServer } from '../../testing/recordServer.ts';
import type { RecordsMessage, RecordsOrder, RecordsSettings, Witness } from './conflictMessages.ts';
import { DEVICES, type Device, META_FIELD } from './conflictStory.ts';

// The way of one device to a server of this machine. It can be cut: then nobody listens there, as for a device
// without a network. And it can keep back what a device should hear of its writes: then they are made, and it does
// not know.

class Gate {
  /** Answers to writes that were made go nowhere. */
  keepsAnswers = false;
  /** How many it has kept back. */
  kept = 0;
  readonly #target: string;
  #server: Server | null = null;
  #port = 0;

  constructor(target: string) {
    this.#target = target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Opens it; again where it was before. */
  async open(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((request, response) => {
      this.#pass(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    const url = new URL(request.url ?? '/', this.#target);
    const onward = send(url, { method, headers, agent: false }, (answer) => {
      const { statusCode = 502 } = answer;
      if (this.keepsAnswers && method !== 'GET' && statusCode < 300) {
        this.kept += 1;
        answer.resume();
        return;
      }
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => {
      response.destroy();
    });
    request.pipe(onward);
  }
}

/** How long an answer about a record takes, so that two devices meet. */
const DELAY_MS = 25;
const LIFE_MS = 180_000;

const { ignoresVersions } = JSON.parse(process.argv[2] ?? '{}') as RecordsSettings;
const records = await startRecordServer({
  lifeMs: LIFE_MS,
  faults: { delayed: 1 },
  delayMs: DELAY_MS,
  ignoreConditions: ignoresVersions,
});
const careTeam = await startMisbehavingUpstream({ lifeMs: LIFE_MS });
const gates = Object.fromEntries(
  DEVICES.map((device) => [device, [new Gate(records.url), new Gate(careTeam.url)] as const]),
) as Record<Device, readonly [Gate, Gate]>;
for (const gate of Object.values(gates).flat()) await gate.open();

function tell(message: RecordsMessage): void {
  process.send?.(message);
}

function witness(): Witness {
  const held = [...records.all()].map(([path, { value }]) => {
    const { [META_FIELD]: _meta, ...record } = value as JsonObject;
    return [path, record] as const;
  });
  return {
    records: Object.fromEntries(held),
    appliedTwice: [...records.ledger.entries()].filter(({ applied }) => applied > 1).length,
    laidOver: records.writes.filter(({ hasSeen }) => !hasSeen).length,
    kept: DEVICES.reduce((sum, device) => sum + gates[device][0].kept, 0),
  };
}

async function answerOf(order: RecordsOrder): Promise<Witness | null> {
  switch (order.kind) {
    case 'connect':
      for (const gate of gates[order.device]) await (order.isOnline ? gate.open() : gate.cut());
      return null;
    case 'keepAnswers':
      gates[order.device][0].keepsAnswers = order.isOn;
      return null;
    case 'witness':
      return witness();
    default:
      return order satisfies never;
  }
}

process.on(
  'message',
  ({ number, order }: { readonly number: number; readonly order: RecordsOrder }) => {
    void answerOf(order).then((value) => {
      tell({ kind: 'answer', order: number, value });
    });
  },
);
// It must not outlive the demo; and Ctrl-C at the terminal is for the demo to deal with.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
const ways = Object.fromEntries(
  DEVICES.map((device) => {
    const [{ url }, { url: careTeamUrl }] = gates[device];
    return [device, { url, careTeamUrl }];
  }),
) as Record<Device, { readonly url: string; readonly careTeamUrl: string }>;
tell({ kind: 'ready', ways });
