/**
 * How long what a crisis holds takes to be read (CR-1): for each shape the time before the answer, the longest
 * piece after it and all of it, in milliseconds of the processor, beside `JSON.parse` of the same.
 *
 * Usage: crisisContent.js [rounds]: of each the shortest of so many is told, which is what the reading costs
 * and not what else the machine does.
 *
 * @module
 */

import {
  type CrisisRules,
  completeCrisis,
  readCrisis,
} from '../machines/policy/crisis/crisisRequest.ts';
import { countryOf } from '../machines/policy/crisis/crisisResources.ts';
import { checkRequest } from '../machines/policy/request/request.ts';
import { printMachine, printTable } from './support.ts';

const rounds = Number(process.argv[2] ?? 5);
const BYTES_MAX = 1_048_576;

const rules: CrisisRules = {
  type: 'crisis.alert',
  hasHandler: () => true,
  check: (request, payloadBytesMax) => checkRequest(request, { payloadBytesMax }),
  exemptionsOf: () => () => false,
};

const fields = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`field${at}`, at]));

const SHAPES: readonly (readonly [string, () => object])[] = [
  ['a call as most are', () => ({ subject: 'user-42', payload: { said: 'I need help' } })],
  ['256 KB of fields', () => ({ subject: 'user-42', payload: fields(16_000) })],
  ['70,000 unknown fields, 1 MB', () => ({ subject: 'user-42', ...fields(70_000) })],
  ['100,000 unknown fields', () => ({ subject: 'user-42', ...fields(100_000) })],
  ['1,000,000 unknown fields', () => ({ subject: 'user-42', ...fields(1_000_000) })],
  ['a payload of 1,000,000 fields', () => ({ subject: 'user-42', payload: fields(1_000_000) })],
  [
    '45,000 card numbers, 1 MB',
    () => ({ subject: 'user-42', payload: Array.from({ length: 45_000 }, () => CARD) }),
  ],
  [
    '45,000 card numbers in one text',
    () => ({ subject: 'user-42', payload: `${CARD}, `.repeat(45_000) }),
  ],
  ['a text of 50 MB', () => ({ subject: 'user-42', payload: 'help '.repeat(10_000_000) })],
  ['a region of 50 MB', () => ({ subject: 'user-42', region: 'DE'.repeat(25_000_000) })],
];
const CARD = '4111 1111 1111 1111';

interface Taken {
  readonly parseMs: number;
  readonly beforeMs: number;
  readonly pieceMs: number;
  readonly allMs: number;
  readonly pieces: number;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function read(text: string): Taken {
  const startMs = cpuMs();
  const request = JSON.parse(text) as Record<string, unknown>;
  const parsedMs = cpuMs();
  const pieces = completeCrisis(readCrisis(request, rules), rules, BYTES_MAX);
  countryOf(request['region']);
  // The first piece is read before the answer: the app may change what it has given.
  let { done } = pieces.next();
  const answeredMs = cpuMs();
  let pieceMs = 0;
  let count = 1;
  let nowMs = answeredMs;
  while (done !== true) {
    const fromMs = nowMs;
    ({ done } = pieces.next());
    count += 1;
    nowMs = cpuMs();
    pieceMs = Math.max(pieceMs, nowMs - fromMs);
  }
  return {
    parseMs: parsedMs - startMs,
    beforeMs: answeredMs - parsedMs,
    pieceMs,
    allMs: nowMs - parsedMs,
    pieces: count,
  };
}

printMachine();
const rows = SHAPES.map(([name, make]) => {
  const text = JSON.stringify(make());
  const taken = Array.from({ length: rounds }, () => read(text));
  const least = (of: keyof Taken): string => Math.min(...taken.map((one) => one[of])).toFixed(1);
  return {
    shape: name,
    bytes: text.length,
    'JSON.parse, ms': least('parseMs'),
    'before the answer, ms': least('beforeMs'),
    'longest piece after it, ms': least('pieceMs'),
    'all, ms': least('allMs'),
    pieces: taken[0]?.pieces ?? 0,
  };
});
printTable('Reading what a crisis holds', rows);
