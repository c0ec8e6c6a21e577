/**
 * Time of one merge, and what it loses: holdfast/merge beside Automerge, Yjs and a rebase of JSON Patches.
 * Two devices change a document of 50 fields, one of 20 fields with two nested objects, and a crisis plan. What is lost is counted on the examples of
 * test/fixtures/merge-examples.json: those in which something that a device wrote is nowhere afterwards, those
 * in which the person's decision to keep or remove something is not what stands (ids of lists), and those that
 * should be looked at by a person and that nothing tells of.
 *
 * The peers are given the two states as changes of their own, made beforehand; only the merge is timed.
 * Usage: npm run bench:merge [merges]
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(`${here}node_modules`)) {
  spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' });
}
const { next: Automerge } = await import('@automerge/automerge');
const { default: jsonPatch } = await import('fast-json-patch');
const Y = await import('yjs');
const { mergeEntity } = await import('../../../dist/merge.js');

const RUNS = Number(process.argv[2] ?? 2_000);
const NOW = 1_790_000_000_000;
const copy = (value) => JSON.parse(JSON.stringify(value));
const byText = (one, other) => (String(one) < String(other) ? -1 : 1);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Makes `target`, an object of Automerge, say what `wanted` says. */
function assign(target, wanted) {
  for (const key of Object.keys(target)) if (wanted[key] === undefined) delete target[key];
  for (const [key, value] of Object.entries(wanted)) {
    if (JSON.stringify(target[key]) === JSON.stringify(value)) continue;
    if (isObject(target[key]) && isObject(value)) assign(target[key], value);
    else if (Array.isArray(target[key]) && Array.isArray(value)) assignList(target[key], value);
    else target[key] = copy(value);
  }
}

function assignList(list, wanted) {
  const texts = new Set(wanted.map((one) => JSON.stringify(one)));
  for (let at = list.length - 1; at >= 0; at--) {
    if (!texts.has(JSON.stringify(list[at]))) list.splice(at, 1);
  }
  const known = new Set([...list].map((one) => JSON.stringify(one)));
  for (const one of wanted) if (!known.has(JSON.stringify(one))) list.push(copy(one));
}

const fieldsOf = (value) => (isObject(value) ? value : {});

/** Each gives a function that merges, and returns the value and what is told beside it. */
const SYSTEMS = {
  'holdfast/merge': ({ entityType, base, sides, now }) => {
    return () => {
      const { value, review, audit } = mergeEntity(entityType, base, sides, now);
      return { value, beside: [review, audit], isTold: review.length > 0 };
    };
  },
  'Automerge 3.5.0': ({ base, sides }) => {
    const first = Automerge.from(copy(fieldsOf(base)));
    const docs = sides.map(({ value }) =>
      Automerge.change(Automerge.clone(first), (doc) => assign(doc, fieldsOf(value))),
    );
    const changes = docs.slice(1).map((doc) => Automerge.getChanges(first, doc));
    // A merge changes its document, so each run has one of its own, made outside of what is timed.
    const prepare = () => Automerge.clone(docs[0]);
    const merge = (doc) => {
      const [merged] = Automerge.applyChanges(doc, changes.flat());
      return { value: merged, beside: [], isTold: false };
    };
    return { prepare, merge };
  },
  'Yjs 13.6.33': ({ base, sides }) => {
    const origin = new Y.Doc();
    for (const [key, value] of Object.entries(fieldsOf(base)))
      origin.getMap('m').set(key, copy(value));
    const state = Y.encodeStateAsUpdate(origin);
    const docs = sides.map(({ value }) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      const map = doc.getMap('m');
      doc.transact(() => {
        const wanted = fieldsOf(value);
        for (const key of [...map.keys()]) if (wanted[key] === undefined) map.delete(key);
        for (const [key, field] of Object.entries(wanted)) {
          if (JSON.stringify(map.get(key)) !== JSON.stringify(field)) map.set(key, copy(field));
        }
      });
      return doc;
    });
    const whole = Y.encodeStateAsUpdate(docs[0]);
    const updates = docs
      .slice(1)
      .map((doc) => Y.encodeStateAsUpdate(doc, Y.encodeStateVector(origin)));
    const prepare = () => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, whole);
      return doc;
    };
    const merge = (doc) => {
      for (const update of updates) Y.applyUpdate(doc, update);
      return { value: doc.getMap('m').toJSON(), beside: [], isTold: false };
    };
    return { prepare, merge };
  },
  'JSON Patch rebase (fast-json-patch 3.1.1)':
    ({ base, sides }) =>
    () => {
      const [first, ...rest] = sides.map(({ value }) => fieldsOf(value));
      let merged = copy(first);
      for (const side of rest) {
        for (const operation of jsonPatch.compare(fieldsOf(base), side)) {
          try {
            merged = jsonPatch.applyOperation(merged, operation, false, false).newDocument;
          } catch {
            // A path that is not there any more.
          }
        }
      }
      return { value: merged, beside: [], isTold: false };
    },
};

function timed(make, one) {
  const system = make(one);
  const { prepare, merge } =
    typeof system === 'function' ? { prepare: () => undefined, merge: system } : system;
  for (let run = 0; run < RUNS / 2; run++) merge(prepare());
  const times = Array.from({ length: RUNS }, () => {
    const doc = prepare();
    const begun = performance.now();
    merge(doc);
    return (performance.now() - begun) * 1_000;
  }).toSorted((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)].toFixed(1);
  return `${at(0.5)} / ${at(0.99)}`;
}

function leavesOf(value) {
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)?.normalize('NFC')];
  return Object.values(value).flatMap(leavesOf);
}

/** How many examples lose a value, have other items than they should, or tell nobody. */
function lossesOf(make, examples) {
  const lost = { values: [], items: [], untold: [] };
  for (const { id, expect, ...one } of examples) {
    const system = make(one);
    const merged = typeof system === 'function' ? system() : system.merge(system.prepare());
    const kept = new Set(leavesOf([merged.value, merged.beside]));
    const known = new Set(leavesOf(one.base));
    const isLost = one.sides.some(({ value }) =>
      leavesOf(value).some((leaf) => !known.has(leaf) && !kept.has(leaf)),
    );
    if (isLost) lost.values.push(id);
    const isOther = expect.asserts.some(({ op, path, value }) => {
      if (op !== 'ids' || path.split('/').length > 2) return false;
      const list = merged.value?.[path.slice(1)];
      const ids = Array.isArray(list) ? list.map((item) => item.id).toSorted(byText) : [];
      return JSON.stringify(ids) !== JSON.stringify(value.toSorted(byText));
    });
    if (isOther) lost.items.push(id);
    if (expect.review === true && !merged.isTold) lost.untold.push(id);
  }
  return lost;
}

const meta = (actor, agoMs) => ({ actor, hlc: { ms: NOW - agoMs, c: 0 }, receivedAt: NOW });

function documentCase() {
  const base = {
    items: [
      { id: 'i1', v: 1 },
      { id: 'i2', v: 2 },
    ],
  };
  for (let at = 0; at < 49; at++) base[`field${at}`] = `the text of field ${at}, as it was`;
  const [one, two] = [copy(base), copy(base)];
  for (const at of [1, 4, 7, 10, 13]) one[`field${at}`] = `one ${at}`;
  for (const at of [13, 16, 19, 22, 25]) two[`field${at}`] = `two ${at}`;
  one.items.push({ id: 'i3', v: 3 });
  two.items.push({ id: 'i4', v: 4 });
  return caseOf('preferences', base, one, two);
}

function nestedCase() {
  const base = {
    address: { street: 'Long Road 1', town: 'Aville', code: 'AV1', country: 'IE' },
    reminders: { isOn: true, at: '08:00', days: ['mon', 'thu'], tone: 'soft' },
  };
  for (let at = 0; at < 18; at++) base[`field${at}`] = `the text of field ${at}, as it was`;
  const [one, two] = [copy(base), copy(base)];
  for (const at of [1, 4, 7]) one[`field${at}`] = `one ${at}`;
  for (const at of [10, 13]) two[`field${at}`] = `two ${at}`;
  one.address.street = 'Short Road 2';
  two.reminders.at = '09:30';
  return caseOf('preferences', base, one, two);
}

function planCase() {
  const contact = (at) => ({ id: `c${at}`, name: `Name ${at}`, phones: [`+1555010${at}`] });
  const base = {
    emergencyContacts: [1, 2, 3, 4, 5].map(contact),
    warningSigns: [{ id: 'w1', text: 'no sleep' }],
    reasonsForLiving: 'my kids',
  };
  const [one, two] = [copy(base), copy(base)];
  one.emergencyContacts.push(contact(6));
  one.reasonsForLiving = 'my kids and my garden';
  two.emergencyContacts.push(contact(7));
  two.warningSigns.push({ id: 'w2', text: 'skipping meals' });
  two.reasonsForLiving = 'my kids, music';
  return caseOf('crisis_plan', base, one, two);
}

function caseOf(entityType, base, one, two) {
  const sides = [
    { value: one, meta: meta('one', 600_000) },
    { value: two, meta: meta('two', 300_000) },
  ];
  return { entityType, base, sides, now: NOW };
}

const raw = (value) => (typeof value?.$rawJson === 'string' ? JSON.parse(value.$rawJson) : value);
const { cases } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/merge-examples.json', import.meta.url), 'utf8'),
);
const examples = cases
  // One is hostile: what it holds is dropped by some and refused by others.
  .filter(({ remote }) => remote?.$rawJson === undefined)
  .map(({ id, entityType, base, local, remote, meta: known, expect }) => ({
    id,
    entityType,
    base: raw(base),
    sides: [
      { value: raw(local), meta: known.local },
      { value: raw(remote), meta: known.remote },
      ...(known.others ?? []),
    ],
    now: known.now,
    expect,
  }));

const plan = planCase();
const doc = documentCase();
const nested = nestedCase();
console.log(
  `${cpus()[0]?.model ?? ''}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
);
console.log(
  `µs a merge, median / p99 of ${RUNS}; document of ${JSON.stringify(doc.base).length} bytes`,
);
console.log(
  '| | document | 20 fields, two nested | crisis plan | a value lost | wrong items | nobody told |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const [name, make] of Object.entries(SYSTEMS)) {
  const { values, items, untold } = lossesOf(make, examples);
  const counts = [values, items, untold].map((ids) => `${ids.length} of ${examples.length}`);
  const times = [doc, nested, plan].map((one) => timed(make, one));
  console.log(`| ${name} | ${[...times, ...counts].join(' | ')} |`);
}
