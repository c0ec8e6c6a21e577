/**
 * Records as devices might have them: few ids and words, so that they meet each other often.
 *
 * @module
 */

import fc from 'fast-check';
import type { SideMeta } from '../../../machines/merge/sides.ts';
import type { MergeCase } from '../../../src/testing/lawsOfMerges.ts';
import { DAY, MINUTE, NOW } from './two.ts';

type Any = fc.Arbitrary<unknown>;

/** A field that is there, or not, or null now and then. */
const fieldsOf = (fields: Readonly<Record<string, Any>>, required: readonly string[] = []): Any =>
  fc.record(fields, { requiredKeys: [...required] });

const word = fc.constantFrom(
  '',
  'a',
  'b',
  'José',
  'Jose\u0301',
  'I',
  'ı',
  'ä\nb',
  'b\nc',
  'a\nb\nc',
);
const id = fc.constantFrom('c1', 'c2', 'c3', 'c4');
const few = (item: Any): Any => fc.array(item, { maxLength: 4 });
const often = (usual: Any, rare: Any): Any =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare });
const json = fc.jsonValue({ maxDepth: 3 });

const phone = fc.constantFrom('+15550100', '+1 555-0100', '+15550101', '112');
const contact = fieldsOf(
  { id, name: word, phones: often(few(phone), json), relation: word, system: fc.constant(true) },
  ['id'],
);
const step = fieldsOf({ id, text: word }, ['id']);
const crisisPlan = fieldsOf({
  emergencyContacts: often(few(contact), json),
  warningSigns: few(step),
  custom: often(few(step), json),
  reasonsForLiving: word,
  note: often(word, json),
});

const status = fc.constantFrom('in-progress', 'completed', 'amended', 'entered-in-error', 'lost');
const answer = often(fc.integer({ min: 0, max: 3 }), fc.constantFrom(7, -1, 'x', null));
const answers = fieldsOf(
  Object.fromEntries(['q1', 'q2', 'q3', 'q8', 'q9'].map((item) => [item, answer])),
);
const assessment = fieldsOf({
  id,
  instrument: often(fc.constant('PHQ-9'), fc.constantFrom('GAD-7', 'other')),
  version: fc.constant('1'),
  status: often(fc.constant('in-progress'), status),
  answers: often(answers, json),
  riskFlag: fc.boolean(),
  total: fc.nat(27),
  comment: word,
});

const intent = fieldsOf(
  {
    key: id,
    kind: fc.constantFrom('cancel', 'upgrade'),
    state: fc.constantFrom('pending', 'sent', 'acked', 'odd'),
  },
  ['key'],
);
const subscription = fieldsOf({
  id: fc.constant('sub_1'),
  status: fc.constantFrom('active', 'canceled', 'past_due', 'odd'),
  tier: fc.constantFrom('basic', 'premium'),
  currentPeriodStart: fc.nat(9),
  currentPeriodEnd: fc.nat(9),
  intents: often(few(intent), json),
  note: often(word, json),
  extra: json,
});
const method = fieldsOf(
  {
    id,
    brand: word,
    last4: word,
    expMonth: often(fc.integer({ min: 1, max: 12 }), json),
    expYear: fc.integer({ min: 2026, max: 2030 }),
    nickname: word,
  },
  ['id'],
);
const paymentMethod = fieldsOf({ methods: often(few(method), json), defaultId: often(id, json) });
const payment = fieldsOf(
  {
    id,
    idempotencyKey: fc.constantFrom('k1', 'k2', 'k3'),
    amount: often(fc.constantFrom(100, 200), fc.constantFrom(1.5, 'x')),
    currency: fc.constantFrom('usd', 'eur'),
    state: fc.constantFrom('pending', 'succeeded', 'failed'),
  },
  ['id'],
);
const invoice = fieldsOf({
  id: fc.constant('in_1'),
  status: fc.constantFrom('draft', 'open', 'paid', 'void', 'odd'),
  amountDue: fc.constantFrom(100, 200),
  currency: fc.constantFrom('usd', 'eur'),
  payments: often(few(payment), json),
  refunds: few(payment),
});
const source = fieldsOf(
  {
    active: fc.boolean(),
    expiresAt: often(fc.constantFrom(NOW - DAY, NOW + DAY), fc.constant(null)),
    asOf: fc.constantFrom(NOW - 4 * DAY, NOW - DAY, NOW),
    transactionId: fc.constantFrom('tx1', 'tx2'),
  },
  ['active'],
);
const entitlement = fieldsOf({
  id: fc.constant('e'),
  sources: often(fieldsOf({ stripe: source, play: source }), json),
  revokedTransactionIds: often(few(fc.constantFrom('tx1', 'tx2')), json),
  plan: word,
});
const moodEntry = fieldsOf({
  id: fc.constant('e1'),
  score: fc.nat(10),
  tags: often(fc.uniqueArray(word), json),
  note: often(word, json),
});
const moodLog = fieldsOf({
  entries: often(
    few(fieldsOf({ id, score: fc.nat(9), note: word, tags: few(word) }, ['id'])),
    json,
  ),
});
const session = fieldsOf({
  id: fc.constant('s'),
  minutesByDevice: often(fieldsOf({ A: fc.nat(9), B: fc.nat(9) }), json),
  note: word,
});
const preferences = fieldsOf({
  theme: word,
  consents: often(fieldsOf({ research: fc.boolean(), ads: often(fc.boolean(), json) }), json),
  crisisAlerts: often(fc.boolean(), fc.constant(null)),
  quietStart: word,
  quietEnd: word,
  quietTz: word,
  list: often(few(word), few(step)),
  deep: json,
});

/** Records of each entity. */
export const RECORDS: Readonly<Record<string, Any>> = {
  crisis_plan: crisisPlan,
  assessment,
  mood_entry: moodEntry,
  mood_log: moodLog,
  session,
  subscription,
  payment_method: paymentMethod,
  invoice,
  entitlement,
  preferences,
  undeclared: often(preferences, json),
};

const meta: fc.Arbitrary<SideMeta> = fc
  .record({
    ms: fc.constantFrom(NOW - MINUTE, NOW, NOW + DAY),
    c: fc.nat(1),
    receivedAt: fc.constantFrom(undefined, NOW, NOW - MINUTE),
    verified: fc.boolean(),
    asOf: fc.constantFrom(undefined, NOW - MINUTE, NOW),
    removals: fc.array(
      fc.record({
        path: fc.constantFrom(
          '/emergencyContacts/c1',
          '/emergencyContacts/c2',
          '/methods/c1',
          '/entries/c1',
          '/payments/c1',
          '/custom/c1',
          '/list/c1',
          '/items/c1',
        ),
        confirmed: fc.boolean(),
        by: fc.constantFrom('user', 'clinician'),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ ms, c, receivedAt, asOf, verified, removals }) => ({
    actor: '',
    hlc: { ms, c },
    ...(receivedAt === undefined ? {} : { receivedAt }),
    ...(asOf === undefined ? {} : { asOf }),
    ...(verified ? { verified } : {}),
    tombstones: removals,
  }));

/** A case of one to four sides, some of them without a change. */
export function casesOf(record: Any): fc.Arbitrary<MergeCase> {
  return fc
    .record({
      base: often(record, fc.constant(null)),
      sides: fc.array(fc.record({ value: often(record, fc.constant('base')), meta }), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    .map(({ base, sides }) => ({
      base,
      sides: sides.map((side, at) => ({
        value: side.value === 'base' ? base : side.value,
        meta: { ...side.meta, actor: `device-${'ABCD'[at] ?? ''}` },
      })),
      nowMs: NOW,
    }));
}
