/**
 * Session of exercises, counted on each device separately.
 *
 * @module
 */

import type { JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { computed, map } from '../rules/fields.ts';
import { set } from '../rules/list.ts';
import { firstStays, largest, latest } from '../rules/single.ts';
import { text } from '../rules/text.ts';
import { isObject } from '../values/canonical.ts';

export const session = declareEntity({
  type: 'session',
  title: 'Session',
  authority: 'the user',
  whileInReview: 'goesOut',
  fields: {
    id: firstStays(),
    minutesByDevice: map(largest({ grows: true })),
    totalMinutes: computed('The sum of the minutes of all devices.', { ifNone: 'as said' }),
    tags: set(),
    note: text(),
  },
  other: anything(latest()),
  computes: total,
});

function total({ minutesByDevice }: JsonObject): JsonObject {
  if (!isObject(minutesByDevice)) return {};
  const minutes = Object.values(minutesByDevice).map((one) => (typeof one === 'number' ? one : 0));
  return { totalMinutes: minutes.reduce((sum, one) => sum + one, 0) };
}
