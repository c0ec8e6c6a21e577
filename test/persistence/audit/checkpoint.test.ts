import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  openCheckpoint,
  publicKeyOf,
  readCheckpoint,
  signCheckpoint,
} from '../../../persistence/audit/checkpoint.ts';
import { noteKeyOf, openNote, signNote } from '../../../persistence/audit/signedNote.ts';
import { thrownBy } from '../sealing/failures.ts';
import { checkpointOf, LOG, logOf, OTHER_LOG } from './sampleLog.ts';

const SEED = Buffer.alloc(32, 7);
const CHECKPOINT = checkpointOf(logOf(9));
const NOTE = signCheckpoint(CHECKPOINT, SEED);
const KEY = publicKeyOf(LOG, SEED);

describe('AU-2 the note of golang.org/x/mod/sumdb/note', () => {
  // Key and note of note_test.go; Ed25519 gives one signature for one text.
  const skey = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
  const note = `${text}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

  test('is signed with the published signature, and opened', () => {
    expect(noteKeyOf('PeterNeumann', skey)).toBe(vkey);
    expect(signNote('PeterNeumann', text, skey)).toBe(note);
    expect(openNote(note, vkey)).toBe(text);
  });

  test('is opened beside the signatures of others', () => {
    const [, line] = signNote('witness.example/w1', text, SEED).split('\n\n');
    expect(openNote(`${note}${line}`, vkey)).toBe(text);
    expect(openNote(`${text}\n${line}${note.slice(text.length + 1)}`, vkey)).toBe(text);
  });
});

test('AU-2 a checkpoint says size and root in the form of C2SP', () => {
  const [origin, size, root, blank, signature, last] = NOTE.split('\n');
  expect([origin, size, blank, last]).toEqual([`holdfast/${LOG}`, '9', '', '']);
  expect(root).toBe(Buffer.from(CHECKPOINT.root).toString('base64'));
  expect(signature).toMatch(new RegExp(`^\u2014 holdfast/${LOG} [A-Za-z0-9+/]{90,}=*$`));
  expect(openCheckpoint(NOTE, KEY)).toEqual(CHECKPOINT);
  expect(readCheckpoint(NOTE)).toEqual(CHECKPOINT);
});

test('AU-2 its signature is checked by Ed25519 alone', () => {
  const raw = Buffer.from(KEY.split('+').slice(2).join('+'), 'base64').subarray(1);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const text = NOTE.slice(0, NOTE.indexOf('\n\n') + 1);
  const bytes = Buffer.from(NOTE.trimEnd().split(' ').at(-1) ?? '', 'base64');
  expect(verify(null, Buffer.from(text), key, bytes.subarray(4))).toBe(true);
});

test('AU-2 the checkpoint of an empty log is opened', () => {
  const empty = checkpointOf([]);
  expect(openCheckpoint(signCheckpoint(empty, SEED), KEY)).toEqual(empty);
});

test('AU-2 a checkpoint with any character changed is refused', () => {
  for (let at = 0; at < NOTE.length; at += 1) {
    const other = NOTE[at] === 'A' ? 'B' : 'A';
    const changed = NOTE.slice(0, at) + other + NOTE.slice(at + 1);
    expect(
      thrownBy(() => openCheckpoint(changed, KEY)),
      `at ${at}`,
    ).toMatchObject({
      code: expect.stringMatching(/^HF_(RECORD_MALFORMED|RECORD_TAMPERED|KEY_WRONG)$/),
    });
  }
});

describe('AU-2 a checkpoint is refused', () => {
  const cases: Readonly<Record<string, readonly [string, string, string]>> = {
    'by another key': [NOTE, publicKeyOf(LOG, Buffer.alloc(32, 8)), 'HF_KEY_WRONG'],
    'by the key of another log': [NOTE, publicKeyOf(OTHER_LOG, SEED), 'HF_KEY_WRONG'],
    'of another log, signed by this one': [
      signNote(
        `holdfast/${LOG}`,
        NOTE.slice(0, NOTE.indexOf('\n\n') + 1).replace(LOG, OTHER_LOG),
        SEED,
      ),
      ...[KEY, 'HF_RECORD_MALFORMED'],
    ] as [string, string, string],
    'without its signature': [NOTE.slice(0, NOTE.indexOf('\n\n') + 2), KEY, 'HF_RECORD_MALFORMED'],
    'without its last line end': [NOTE.trimEnd(), KEY, 'HF_RECORD_MALFORMED'],
    'that is empty': ['', KEY, 'HF_RECORD_MALFORMED'],
    'by what is no key': [NOTE, 'secret', 'HF_KEY_INVALID'],
    'by a key whose id is another': [
      NOTE,
      KEY.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
      'HF_KEY_INVALID',
    ],
    'with a size that has a leading zero': [
      signNote(
        `holdfast/${LOG}`,
        NOTE.slice(0, NOTE.indexOf('\n\n') + 1).replace('\n9\n', '\n09\n'),
        SEED,
      ),
      ...[KEY, 'HF_RECORD_MALFORMED'],
    ] as [string, string, string],
  };
  test.each(Object.entries(cases))('%s', (_, [note, key, code]) => {
    expect(thrownBy(() => openCheckpoint(note, key))).toMatchObject({ code });
  });
});

test('SE-6 no message repeats the seed', () => {
  const error = thrownBy(() => signCheckpoint(CHECKPOINT, Buffer.from('a seed that is too short')));
  expect(error).toMatchObject({ code: 'HF_INTERNAL' });
  expect(String(error)).not.toContain('too short');
});
