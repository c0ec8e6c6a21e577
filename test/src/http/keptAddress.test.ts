import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const PROGRAM = fileURLToPath(new URL('keptAddressProgram.mjs', import.meta.url));
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  'CR-2 a kept address is one of the name: TLS verifies the name, and another is refused',
  { timeout: 60_000 },
  () => {
    const folder = tempFolder();
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const names = ['-subj', '/CN=clinic.test', '-addext', 'subjectAltName=DNS:clinic.test'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
        ...names,
      ],
      { stdio: 'ignore' },
    );
    const printed = execFileSync(process.execPath, [PROGRAM, builtProgram(), certificate, key], {
      encoding: 'utf8',
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
    });
    const each = ['taken', 'HF_UPSTREAM_UNREACHABLE ERR_TLS_CERT_ALTNAME_INVALID'];
    expect(JSON.parse(printed)).toEqual({
      before: each,
      kept: each,
      names: ['clinic.test clinic.test', 'clinic.test clinic.test'],
    });
  },
);
