/**
 * Planted bugs of edits of records.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const EDITS: readonly Plant[] = [
  {
    name: 'parts-sent-as-whole-records',
    file: 'machines/conflict/compareEdit.ts',
    find: '    removals.length > 0 ||\n    confirm.length > 0 ||\n    isJudge(rules, current, payload) ||\n    !isAllMentioned(current, payload) ||\n    missingFrom(rules, current, payload).length > 0',
    replace: '    removals.length > 0 || confirm.length > 0 || isJudge(rules, current, payload)',
    says: 'A field that an edit does not mention is deleted at the upstream where nobody else has written meanwhile.',
    finds: /^deleted by nobody: /,
    about: 'edit',
    seedsMax: 6,
  },
  {
    name: 'merged-without-ancestor',
    file: 'machines/conflict/mergeEdit.ts',
    find: '  const given = ancestorOf(question);\n',
    replace: '  const given = current?.value ?? ancestorOf(question);\n',
    says: 'An edit is merged as if it had been made on what the upstream holds now, so what others wrote meanwhile is overwritten.',
    finds: /^(deleted by nobody|lost|apart): /,
    about: 'edit',
    seedsMax: 6,
  },
  {
    name: 'vectors-not-counted',
    file: 'machines/conflict/editBody.ts',
    find: '    vv: nextVector(device, record?.vv ?? {}, meta?.vv ?? {}, edit.body.merged?.meta.vv ?? {}),',
    replace: '    vv: nextVector(device, edit.body.merged?.meta.vv ?? {}),',
    says: 'A version does not say which others it has seen.',
    finds: /^(apart|deleted by nobody|lost): /,
    about: 'edit',
    seedsMax: 6,
  },
  {
    name: 'unproven-taken-as-applied',
    file: 'machines/conflict/sentEdit.ts',
    find: "  if (body === 'in') return 'applied';",
    replace: "  if (body !== 'notIn') return 'applied';",
    says: 'An edit is taken for applied wherever nothing proves the contrary.',
    finds: /^lost: /,
    about: 'edit',
    seedsMax: 6,
  },
  {
    name: 'edits-without-condition',
    file: 'src/http/requestHeaders.ts',
    find: "  if (ENTITY_TAG.test(base)) headers.set('if-match', base);\n  else if (HTTP",
    replace: '  if (ENTITY_TAG.test(base)) return;\n  else if (HTTP',
    says: 'Edits go out without the version that they were made on, so they lay over the changes of other devices.',
    finds: /^(deleted by nobody|lost): /,
    about: 'edit',
    seedsMax: 6,
  },
];
