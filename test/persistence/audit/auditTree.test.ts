import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { AuditFrontier, leafHash } from '../../../persistence/audit/auditTree.ts';
import { thrownBy } from '../sealing/failures.ts';

/** The tree as RFC 6962, section 2.1, defines it. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest();
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const halves = [rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split))];
  return createHash('sha256')
    .update(Buffer.concat([Buffer.of(1), ...halves]))
    .digest();
}

test('AU-2 the root of nothing and the leaf of nothing are those of RFC 6962', () => {
  expect(AuditFrontier.empty().root().toString('hex')).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  expect(leafHash('').toString('hex')).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  );
});

test('AU-2 the roots are the published ones for the leaves of Certificate Transparency', () => {
  // merkle_tree_test of certificate-transparency: the leaves, and the roots of the first 1 to 8 of them.
  const leaves = [
    ...['', '00', '10', '2021', '3031', '40414243', '5051525354555657'],
    '606162636465666768696a6b6c6d6e6f',
  ];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const tree = AuditFrontier.empty();
  for (const [at, leaf] of leaves.entries()) {
    const bytes = Buffer.concat([Buffer.of(0), Buffer.from(leaf, 'hex')]);
    tree.add(createHash('sha256').update(bytes).digest());
    expect(tree.root().toString('hex')).toBe(roots[at]);
  }
});

test('AU-2 the frontier has the root of the whole tree, also where it was kept and read again', () => {
  const leaves: Buffer[] = [];
  let tree = AuditFrontier.empty();
  for (let size = 0; size <= 200; size += 1) {
    expect(tree.size).toBe(size);
    expect(tree.nodes.length).toBeLessThanOrEqual(8);
    expect(tree.root()).toEqual(rootOf(leaves));
    tree = AuditFrontier.of(tree.size, tree.nodes);
    const before = tree.copy();
    const leaf = leafHash(`entry ${size}`);
    leaves.push(leaf);
    tree.add(leaf);
    expect(before.size).toBe(size);
    expect(before.root()).toEqual(rootOf(leaves.slice(0, -1)));
  }
});

test('AU-2 no frontier is made of the nodes of a tree of another size', () => {
  const leaf = leafHash('');
  const wrong = [
    () => AuditFrontier.of(1, []),
    () => AuditFrontier.of(2, [leaf, leaf]),
    () => AuditFrontier.of(-1, []),
    () => AuditFrontier.of(0.5, []),
    () => AuditFrontier.of(1, [leaf.subarray(1)]),
  ];
  for (const made of wrong) {
    expect(thrownBy(made)).toMatchObject({ code: 'HF_RECORD_MALFORMED' });
  }
});
