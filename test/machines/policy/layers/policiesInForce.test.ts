/** The policies in force can be changed while a process runs. */

import { expect, test } from 'vitest';
import { PoliciesInForce } from '../../../../machines/policy/layers/policiesInForce.ts';
import { PolicyTable } from '../../../../machines/policy/layers/policyTable.ts';

test('PF-6 what is changed is in force at once, and told to whoever asked', () => {
  const first = new PolicyTable([]);
  const second = new PolicyTable([]);
  const policies = new PoliciesInForce(first);
  const heard: PolicyTable[] = [];
  policies.onChange((table) => heard.push(table));
  expect(policies.table).toBe(first);
  policies.change(second);
  expect(policies.table).toBe(second);
  expect(heard).toEqual([second]);
});
