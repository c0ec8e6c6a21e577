/**
 * Tells who can reach the source of a key: makes a runtime with a source of a class of its own, waits
 * until it runs, and walks a snapshot of its heap. Prints one line of JSON.
 *
 * @module
 */

import { getHeapSnapshot } from 'node:v8';

const [dist, folder, planted] = process.argv.slice(2);
const { createRuntime, rawKey } = await import(`${dist}/src/index.js`);

class CanaryKeySource {
  kind = 'canary';
  load(request) {
    return rawKey(new Uint8Array(32).fill(7)).load(request);
  }
}
const key = new CanaryKeySource();
const runtime = createRuntime({
  store: folder,
  key,
  ...(planted === 'planted' ? { onError: () => key.kind } : {}),
});
await runtime.ready;

const chunks = [];
for await (const chunk of getHeapSnapshot()) chunks.push(chunk);
const heap = JSON.parse(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString());
const { node_fields, node_types, edge_fields, edge_types } = heap.snapshot.meta;
const nodeSize = node_fields.length;
const edgeSize = edge_fields.length;
const [nodeType, nodeName, edgeCount] = ['type', 'name', 'edge_count'].map((field) =>
  node_fields.indexOf(field),
);
const count = heap.nodes.length / nodeSize;
const firstEdge = new Uint32Array(count + 1);
for (let node = 0; node < count; node += 1) {
  firstEdge[node + 1] = firstEdge[node] + heap.nodes[node * nodeSize + edgeCount];
}
const nameOf = (node) => heap.strings[heap.nodes[node * nodeSize + nodeName]];
const typeOf = (node) => node_types[0][heap.nodes[node * nodeSize + nodeType]];
const find = (name) =>
  [...Array(count).keys()].filter((node) => nameOf(node) === name && typeOf(node) === 'object');

/** What belongs to the language and to every object alike leads everywhere, and holds nothing of ours. */
const COMMON = /^(__proto__|map|code|shared|feedback_cell|native_context|constructor|prototype)$/;
const EVERYWHERE = /^(system \/ (NativeContext|SourceTextModule)|global.*|console|process)$/;
/** The way from an object to another, past nothing whose name fits `closed`; `null` where there is none. */
function wayTo(from, to, closed) {
  const cameFrom = new Map([[from, null]]);
  const queue = [from];
  for (const node of queue) {
    if (node === to) {
      const way = [];
      for (let at = node; at !== null; at = cameFrom.get(at)) way.unshift(nameOf(at).slice(0, 60));
      return way;
    }
    for (let edge = firstEdge[node]; edge < firstEdge[node + 1]; edge += 1) {
      const [type, name, target] = heap.edges.slice(edge * edgeSize, edge * edgeSize + 3);
      const edgeType = edge_types[0][type];
      const next = target / nodeSize;
      if (edgeType === 'weak' || edgeType === 'shortcut' || cameFrom.has(next)) continue;
      if (edgeType !== 'element' && edgeType !== 'hidden' && COMMON.test(heap.strings[name]))
        continue;
      if (EVERYWHERE.test(nameOf(next)) || closed.test(nameOf(next))) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return null;
}

const [holder] = find('HoldfastRuntime');
const [engine] = find('LocalEngine');
const [canary] = find('CanaryKeySource');
const nothing = /^$(?!)/;
const store = /^(ThreadChannel|Thread|Worker)$/;
process.stdout.write(
  `${JSON.stringify({
    throughStore: wayTo(engine, canary, nothing),
    fromEngine: wayTo(engine, canary, store),
    fromRuntime: wayTo(holder, canary, store),
  })}\n`,
);
await runtime.close();
