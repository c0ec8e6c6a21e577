/**
 * `holdfast demo`: the main job end to end, self-contained, with a verdict; with `--conflicts`, what becomes of
 * records that two devices have changed.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { systemClock, systemRandom } from '../../actors/platform/systemClock.ts';
import type { Note } from '../../inspector/protocol.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { openBrowser } from '../cli/inspector/openBrowser.ts';
import { Story, serveStorePage } from '../cli/inspector/storePage.ts';
import { parseCount } from '../cli/kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../cli/kit/command.ts';
import { hasKeyboard, onEnter } from '../cli/kit/confirm.ts';
import { dimly, errorText, type Output, paintVerdict, percentile } from '../cli/kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../cli/kit/program.ts';
import { openStately, type StatelyInspector } from '../inspect/openStately.ts';
import { ownerFeed } from '../inspect/ownerFeed.ts';
import type { LedgerEntry } from '../simulator/network/upstreamLedger.ts';
import type { UpstreamOptions } from '../testing/misbehavingUpstream.ts';
import { CONFLICT_PLANTS, type ConflictPlant, conflictsDemo } from './conflicts/conflictsDemo.ts';
import { DemoRun } from './demoRun.ts';
import { type DemoEvidence, judgeDemo, summaryText } from './demoVerdict.ts';

interface DemoPageOptions {
  readonly port: number;
  readonly operate: boolean;
  readonly open: boolean;
  readonly json: boolean;
}

/** Nobody may come: then it begins all the same. */
const PAGE_WITHIN_MS = 30_000;

interface DemoPage {
  /** Resolves when a page has come, at Enter, or after a while; at once when `stop` is told. */
  readonly somebodyLooks: Promise<void>;
  /** Whether somebody sits at the terminal, who ends it. */
  readonly isKept: boolean;
  readonly tell: (text: string, tone?: Note['tone']) => void;
  readonly close: () => Promise<void>;
}

async function openDemoPage(
  store: string,
  { port, operate, open, json }: DemoPageOptions,
  output: Output,
): Promise<DemoPage> {
  const story = new Story();
  const isTerminal = hasKeyboard() && !json;
  let begin = (): void => undefined;
  const somebodyLooks = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const page = await serveStorePage({
    ...{ store, port, operate, story },
    onError: (error) => {
      output.say(errorText(error));
    },
    onWatched: begin,
  });
  const cancel = systemClock.schedule(PAGE_WITHIN_MS, begin);
  let isBegun = false;
  void somebodyLooks.then(() => {
    isBegun = true;
    cancel();
  });
  const forgetEnter = isTerminal
    ? onEnter(() => {
        if (isBegun) output.say(page.newLink());
        begin();
      })
    : null;
  output.say(page.link);
  const enter = isTerminal ? ' or you press Enter,' : '';
  output.say(
    `Open it in a browser of this machine. The demo begins once the page is there,${enter} at the latest in ${PAGE_WITHIN_MS / 1_000} s.`,
  );
  const opened = open ? await openBrowser(page.newLink(), somebodyLooks) : null;
  if (typeof opened?.trouble === 'string') {
    output.say(`No browser was opened: ${opened.trouble}. Open the link by hand.`);
  }
  return {
    somebodyLooks,
    isKept: isTerminal,
    tell: (text, tone) => {
      story.tell(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}`, tone);
    },
    close: async () => {
      begin();
      forgetEnter?.();
      await page.close();
      opened?.forget();
    },
  };
}

/** Defects that can be planted, to see the demo fail. */
const DEMO_PLANTS = ['double-apply', 'false-success'] as const;

interface DemoOptions extends JsonOptions {
  readonly seed: number;
  readonly operations: number;
  readonly kills: number;
  readonly keep: boolean;
  readonly inspect: boolean;
  readonly port: number;
  readonly operate: boolean;
  readonly open: boolean;
  /** The WebSocket of the Stately inspector. */
  readonly stately?: string;
  readonly plant: (typeof DEMO_PLANTS)[number] | null;
}

/** The options as the command line gives them. */
interface GivenOptions extends Omit<DemoOptions, 'plant'> {
  readonly conflicts: boolean;
  readonly plant?: DemoOptions['plant'] | ConflictPlant;
}

/**
 * How the upstream treats requests. Outside its outages it fails one in twelve, which retries can
 * deal with; at one in four the runtime would hold back all but urgent work (DG-1).
 */
const UPSTREAM: UpstreamOptions = {
  misbehaviour: {
    busy503: 0.02,
    limited429: 0.01,
    droppedBefore: 0.01,
    droppedAfterApplying: 0.02,
    failed500AfterApplying: 0.015,
    stalledThenApplied: 0.006,
    trickled: 0.03,
  },
  stallMs: 3_000,
  latencyMs: 2,
  lifeMs: 180_000,
};
/** The upstream disappears each time this share of the work is done. */
const OUTAGE_SHARES = [0.2, 0.55];
const OUTAGE_MS = 1_200;
/** The upstream's life in milliseconds where a person looks at the page afterwards. */
const LOOKED_AT_LIFE_MS = 4 * 3_600_000;
/** A demo that takes longer has failed. */
const DURATION_MAX_MS = 120_000;
/** How long the last crises may take to be delivered once the work is done. */
const CRISES_DELIVERED_WITHIN_MS = 20_000;
const POLL_MS = 100;

/** Where the server of the Stately inspector listens by default. */
const STATELY_URL = 'ws://127.0.0.1:8080';

/** What is for the page is given where one is wanted. */
const WITH_PAGE = { inspect: true };

export function demoCommand(): Command {
  return command<GivenOptions>({
    name: 'demo',
    options: [
      flag(
        '--conflicts',
        'instead: a phone and a tablet change the same records offline, and one is killed',
      ).conflicts(['operations', 'kills', 'inspect', 'port', 'operate', 'open', 'stately']),
      valueOption('--operations <n>', 'how many to run', parseCount(1, 100_000), 3_000),
      valueOption('--kills <n>', 'how often to kill the runtime', parseCount(0, 50), 3),
      valueOption(
        '--seed <n>',
        'the same work and misbehaviour for the same number',
        parseCount(0, 2 ** 31),
        1,
      ),
      flag('--keep', 'keep the folder with store and key'),
      flag('--inspect', 'a page for your browser that shows it as it happens'),
      valueOption(
        '--port <n>',
        'port of that page on 127.0.0.1; 0 is one that is free',
        parseCount(0, 65_535),
        0,
      ).implies(WITH_PAGE),
      flag('--operate', 'take orders from that page, too').implies(WITH_PAGE),
      flag('--open', 'open that page in a browser here').implies(WITH_PAGE),
      valueOption(
        '--stately [url]',
        'show it in the Stately inspector, at the WebSocket of its server on this machine',
      ).preset(STATELY_URL),
      valueOption('--plant <defect>', 'plant a defect, to see the demo fail').choices([
        ...DEMO_PLANTS,
        ...CONFLICT_PLANTS,
      ]),
      jsonOption(),
    ],
    notes: `It needs nothing: store and key lie in a temporary folder, the upstream is a process of its own on
127.0.0.1. It fails (exit 1) if one operation is lost, one is applied twice at the upstream, or one
crisis waits 200 ms or more for its answer.

With --inspect it begins once the page is there, and at the end the page stays until Ctrl-C, with what the demo has left
to look at: its dead letters, its charts. Without a terminal, and with --json, it ends with the verdict. --port,
--operate and --open ask for the page, too.

With --stately the server of the Stately inspector has to run, and the package @statelyai/inspect to be installed:
docs/how-to/watch-in-the-stately-inspector.md says how, and what leaves the machine by its page. With
--operations 100 it can follow.

With --conflicts it fails if something that was written is lost or there twice, if a device holds other
bytes than the upstream, if a question for a person is not asked or its answer does not stand, or if a
crisis waits 200 ms or more. The last three defects are for it, the others for the demo without.`,
    examples: [
      'holdfast demo',
      'holdfast demo --operations 500 --kills 8 --seed 7',
      'holdfast demo --inspect --open',
      'holdfast demo --stately --operations 100',
      'holdfast demo --conflicts',
      'holdfast demo --plant double-apply      # an upstream that forgets keys: this must fail',
    ],
    run: ({ options, output }) => {
      const { conflicts, seed, keep, plant = null } = options;
      if (conflicts && !isOneOf(DEMO_PLANTS, plant)) {
        return conflictsDemo({ seed, keep, plant }, output);
      }
      if (!conflicts && !isOneOf(CONFLICT_PLANTS, plant))
        return demo({ ...options, plant }, output);
      throw new HoldfastError(
        'HF_OPTION_INVALID',
        `${plant} is a defect for the demo ${conflicts ? 'without' : 'with'} --conflicts.`,
        { field: 'plant' },
      );
    },
  });
}

function isOneOf<Name extends string>(names: readonly Name[], name: string | null): name is Name {
  return names.some((one) => one === name);
}

async function demo(options: DemoOptions, output: Output): Promise<ExitCode> {
  // Before the link is printed: a reader may press Ctrl-C at once.
  const interruption = new Interruption(output);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const upstream = await startDemoUpstream({
    ...UPSTREAM,
    lifeMs: options.inspect ? LOOKED_AT_LIFE_MS : UPSTREAM.lifeMs,
    seed: options.seed,
    doubleApply: options.plant === 'double-apply',
  });
  try {
    const page = options.inspect ? await openDemoPage(storeIn(folder), options, output) : null;
    try {
      const stately = await openDemoStately(storeIn(folder), options.stately, output);
      try {
        return await runDemo(options, { folder, upstream, output, page }, interruption);
      } finally {
        stately?.close();
      }
    } finally {
      await page?.close();
    }
  } finally {
    interruption.forget();
    upstream.stop();
    if (options.keep) output.say(`Kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

function storeIn(folder: string): string {
  return join(folder, 'store');
}

interface Stage {
  readonly folder: string;
  readonly upstream: DemoUpstream;
  readonly output: Output;
  readonly page: DemoPage | null;
}

async function runDemo(
  options: DemoOptions,
  stage: Stage,
  interruption: Interruption,
): Promise<ExitCode> {
  await Promise.race([stage.page?.somebodyLooks, interruption.told]);
  return interruption.isTold ? EXIT.interrupted : await playDemo(options, stage, interruption);
}

async function playDemo(
  { seed, operations, kills, plant }: DemoOptions,
  { folder, upstream, output, page }: Stage,
  interruption: Interruption,
): Promise<ExitCode> {
  const startedAtMs = systemClock.monotonic();
  const keyFile = join(folder, 'holdfast.key');
  await createKeyFile(keyFile);
  const happens = (text: string): void => {
    output.say(`${seconds(startedAtMs)}  ${text}`, dimly);
    page?.tell(text);
  };
  const what =
    `${operations} operations and a stream of crises against an upstream that fails, stalls and ` +
    `disappears; ${kills} kills.`;
  output.say(what);
  page?.tell(what);
  const outages = [...OUTAGE_SHARES];
  const run = new DemoRun({
    plan: { seed, operations },
    storeFolder: storeIn(folder),
    keyFile,
    upstreamUrl: upstream.url,
    falseSuccess: plant === 'false-success' ? operations - 1 : null,
    kills,
    onEvent: happens,
    onProgress: () => {
      output.progress(() => progressText(run, kills));
      const [share] = outages;
      if (share === undefined || run.settled.size < share * operations) return;
      outages.shift();
      happens(`the upstream disappears for ${OUTAGE_MS} ms`);
      void upstream.startOutage(OUTAGE_MS);
    },
  });
  void interruption.told.then(() => {
    run.giveUp('interrupted');
  });
  const cancelTimeout = systemClock.schedule(DURATION_MAX_MS, () => {
    run.giveUp(`it did not end within ${DURATION_MAX_MS / 1_000} s`);
  });
  try {
    const cutShort = await run.run();
    cancelTimeout();
    if (interruption.isTold) return EXIT.interrupted;
    const isKept = page?.isKept === true;
    if (cutShort === null) {
      run.calm();
      await crisesDelivered(run, upstream);
      // While somebody looks it runs on, with nothing to do.
      if (!isKept) await run.stop();
    }
    const ledger = await upstream.ledger();
    const misbehaviours = await upstream.misbehaviours();
    const evidence: DemoEvidence = { ...evidenceOf(run), ledger, killsWanted: kills, cutShort };
    const summary = judgeDemo(evidence);
    const elapsedMs = Math.round(systemClock.monotonic() - startedAtMs);
    const isPass = summary.verdict === 'PASS';
    const text = summaryText(summary, misbehaviours);
    output.result({ ...summary, misbehaviours, elapsedMs }, text, paintVerdict);
    page?.tell(text.slice(text.lastIndexOf('\n') + 1), isPass ? 'good' : 'bad');
    if (isKept) {
      output.say('The page stays until Ctrl-C; Enter prints a link for another one.');
      await interruption.told;
      await run.stop();
    }
    return isPass ? EXIT.ok : EXIT.failed;
  } finally {
    cancelTimeout();
    run.kill();
  }
}

/** Ctrl-C, once. */
class Interruption {
  isTold = false;
  readonly told: Promise<void>;
  readonly forget: () => void;

  constructor(output: Output) {
    let tell = (): void => undefined;
    this.told = new Promise((resolve) => {
      tell = resolve;
    });
    this.forget = onInterrupt(output, () => {
      this.isTold = true;
      tell();
    });
  }
}

function evidenceOf(run: DemoRun): Omit<DemoEvidence, 'ledger' | 'killsWanted' | 'cutShort'> {
  const { plan, accepted, settled, crisisAnswersMs, crisesDurable, kills } = run;
  return { plan, accepted, settled, crisisAnswersMs, crisesDurable, kills };
}

/** Waits until the upstream has applied every durable crisis, or long enough. */
async function crisesDelivered(run: DemoRun, upstream: DemoUpstream): Promise<void> {
  const endsAtMs = systemClock.monotonic() + CRISES_DELIVERED_WITHIN_MS;
  while (systemClock.monotonic() < endsAtMs) {
    // First a pause, so that the last reports have come.
    await new Promise<void>((resolve) => {
      systemClock.schedule(POLL_MS, resolve);
    });
    const ledger = await upstream.ledger();
    const isApplied = (id: string): boolean => (ledger.get(id)?.applied ?? 0) > 0;
    if ([...run.crisesDurable].every(isApplied)) return;
  }
}

function seconds(sinceMs: number): string {
  return `${((systemClock.monotonic() - sinceMs) / 1_000).toFixed(1).padStart(5)} s`;
}

function progressText(run: DemoRun, killsWanted: number): string {
  const { accepted, settled, crisisAnswersMs, plan } = run;
  return [
    `accepted ${accepted.size}/${plan.operations}`,
    `ended ${settled.size}`,
    `crises ${crisisAnswersMs.length} (max ${percentile(crisisAnswersMs, 1).toFixed(1)} ms)`,
    `kills ${run.kills}/${killsWanted}`,
    `breaker ${run.breaker}`,
    `level ${run.level}`,
  ].join(' · ');
}

/**
 * @param url of the WebSocket; left out: none is wanted
 * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE`, `HF_OPTION_INVALID`.
 */
async function openDemoStately(
  store: string,
  url: string | undefined,
  output: Output,
): Promise<StatelyInspector | null> {
  if (url === undefined) return null;
  const source = ownerFeed({ storeFolder: store, clock: systemClock, random: systemRandom });
  const onError = (error: unknown): void => {
    output.say(errorText(error));
  };
  const stately = await openStately({ source, clock: systemClock, onError }, { url });
  output.say(`Shown in the Stately inspector at ${url}.`);
  return stately;
}

/** The misbehaving upstream in a process of its own. */
interface DemoUpstream {
  readonly url: string;
  readonly startOutage: (durationMs: number) => Promise<void>;
  readonly ledger: () => Promise<ReadonlyMap<string, LedgerEntry>>;
  /** How often it misbehaved in which way. */
  readonly misbehaviours: () => Promise<Record<string, number>>;
  readonly stop: () => void;
}

async function startDemoUpstream(options: UpstreamOptions): Promise<DemoUpstream> {
  const program = fileURLToPath(new URL('./demoUpstreamProcess.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await firstUrl(child);
  return {
    url,
    async startOutage(durationMs) {
      await fetch(`${url}/_outage?ms=${durationMs}`, { method: 'POST' });
    },
    async ledger() {
      const text = await (await fetch(`${url}/_ledger`)).text();
      const lines = text.split('\n').filter((line) => line !== '');
      const entries = lines.map((line) => JSON.parse(line) as LedgerEntry);
      return new Map(entries.map((entry) => [entry.key, entry]));
    },
    async misbehaviours() {
      const summary = await (await fetch(`${url}/_summary`)).json();
      return (summary as { misbehaviours: Record<string, number> }).misbehaviours;
    },
    stop() {
      // It ends with its stdin.
      child.stdin.end();
    },
  };
}

async function firstUrl(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new HoldfastError('HF_INTERNAL', 'The upstream of the demo did not start.'));
    });
    createInterface(child.stdout).once('line', (line) => {
      resolve((JSON.parse(line) as { url: string }).url);
    });
  });
}
