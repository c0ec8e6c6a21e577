/**
 * What guides have of files that are no programs: a unit of systemd, an image, manifests of Kubernetes. They
 * are read by whatever reads them here.
 *
 * @module
 */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createKeyFile, keyFile } from '../../persistence/sealing/keyFile.ts';
import { samplesOf } from '../support/samples/markdown.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const SYSTEMD = 'docs/how-to/run-under-systemd.md';
const CONTAINERS = 'docs/how-to/run-in-docker-and-kubernetes.md';

function blockOf(page: string, language: string): string {
  const found = samplesOf(page, readFileSync(page, 'utf8')).filter(
    (sample) => sample.language === language,
  );
  expect(found).toHaveLength(1);
  return found[0]?.code ?? '';
}

/** What systemd says of a unit; `null` where there is none to ask. */
function verdictOf(unit: string): string | null {
  const path = join(tempFolder(), 'payments.service');
  // Node lies elsewhere on this machine.
  writeFileSync(path, unit.replace('/usr/bin/node', process.execPath));
  const { stderr, error } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
    encoding: 'utf8',
  });
  if (error !== undefined) return null;
  return stderr
    .split('\n')
    .filter((line) => line.includes('payments.service'))
    .join('\n');
}

test('UX-1 systemd finds nothing wrong with units; control: a misspelt line is found', (context) => {
  const unit = blockOf(SYSTEMD, 'ini');
  if (verdictOf(unit) === null) context.skip('no systemd-analyze here');
  const units = readdirSync('docs/how-to').flatMap((name) => {
    const page = `docs/how-to/${name}`;
    return samplesOf(page, readFileSync(page, 'utf8')).filter(({ language }) => language === 'ini');
  });
  expect(units.length).toBeGreaterThan(1);
  expect(units.map(({ code }) => verdictOf(code)).filter((said) => said !== '')).toEqual([]);
  expect(verdictOf(unit.replace('TimeoutStopSec=', 'TimeoutStop='))).toContain('TimeoutStop');
});

test('UX-1 the image starts node itself, after an install that runs scripts', () => {
  const lines = blockOf(CONTAINERS, 'dockerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const words = lines.map((line) => line.split(' ')[0]);
  expect(words).toEqual(['FROM', 'WORKDIR', 'ENV', 'COPY', 'RUN', 'COPY', 'USER', 'VOLUME', 'CMD']);
  expect(JSON.parse(lines.at(-1)?.slice('CMD '.length) ?? '')).toEqual(['node', 'server.mjs']);
  expect(lines.join('\n')).not.toContain('--ignore-scripts');
});

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly initContainers: readonly [{ readonly command: readonly [string, string, string] }];
        readonly containers: readonly [
          {
            readonly env: readonly { readonly name: string; readonly value: string }[];
            readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          },
        ];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
    readonly volumeClaimTemplates: readonly {
      readonly metadata: { readonly name: string };
      readonly spec: { readonly accessModes: readonly string[] };
    }[];
  };
}

function statefulSet(): Manifest {
  const documents = parseAllDocuments(blockOf(CONTAINERS, 'yaml'));
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  const [, set] = documents.map((document) => document.toJS() as Manifest);
  expect(set?.kind).toBe('StatefulSet');
  return set as Manifest;
}

test('UX-1 the manifests have one writer, time to close, and each mounted volume', () => {
  const { replicas, template, volumeClaimTemplates } = statefulSet().spec;
  expect(replicas).toBe(1);
  expect(volumeClaimTemplates[0]?.spec.accessModes).toEqual(['ReadWriteOncePod']);
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(5 + 10);
  const volumes = [
    ...template.spec.volumes.map(({ name }) => name),
    ...volumeClaimTemplates.map(({ metadata }) => metadata.name),
  ];
  for (const { name } of template.spec.containers[0].volumeMounts) expect(volumes).toContain(name);
});

test('SE-5 UX-1 a secret as Kubernetes mounts it is refused, and what the init container makes of it is taken', async () => {
  const folder = tempFolder();
  // A secret with an fsGroup: a link to a file that the group may read; an emptyDir: open to all.
  mkdirSync(join(folder, 'secret/..2026'), { recursive: true });
  await createKeyFile(join(folder, 'secret/..2026/holdfast.key'));
  chmodSync(join(folder, 'secret/..2026/holdfast.key'), 0o440);
  symlinkSync('..2026', join(folder, 'secret/..data'));
  symlinkSync('..data/holdfast.key', join(folder, 'secret/holdfast.key'));
  mkdirSync(join(folder, 'keys'));
  chmodSync(join(folder, 'keys'), 0o777);

  const { initContainers, containers } = statefulSet().spec.template.spec;
  const [shell, flag, command] = initContainers[0].command;
  execFileSync(shell, [flag, command.replaceAll(/\/(secret|keys)\//g, `${folder}/$1/`)]);
  const path = containers[0].env.find(({ name }) => name === 'KEY_FILE')?.value ?? '';

  const load = async (file: string): Promise<number> => {
    const { key } = await keyFile(file).load({ storeFolder: join(folder, 'data'), kdf: null });
    return key.length;
  };
  expect(await load(join(folder, path))).toBe(32);
  await expect(load(join(folder, 'secret/holdfast.key'))).rejects.toThrow('symbolic link');
  await expect(load(join(folder, 'secret/..data/holdfast.key'))).rejects.toThrow('mode 0440');
});
