/**
 * Control of `npm run api`: the report of the public surface tells when a type changes.
 *
 * @module
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { expect, onTestFinished, test } from 'vitest';

/** Compares the types of the last build with the report in `folder`, or writes that anew. */
function hasChanged(folder: string, localBuild: boolean): boolean {
  const configObject = ExtractorConfig.loadFile('api-extractor.json');
  const apiReport = { ...configObject.apiReport, enabled: true, reportFolder: folder };
  const config = ExtractorConfig.prepare({
    configObject: {
      ...configObject,
      apiReport: { ...apiReport, reportTempFolder: join(folder, 'now') },
    },
    configObjectFullPath: resolve('api-extractor.json'),
    packageJsonFullPath: resolve('package.json'),
  });
  return Extractor.invoke(config, {
    localBuild,
    messageCallback: (message) => {
      message.logLevel = ExtractorLogLevel.None;
    },
  }).apiReportChanged;
}

test('UX-1 control: a field that changed its type, or is gone, is noticed (in the last build)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-api-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  hasChanged(folder, true);
  expect(hasChanged(folder, false)).toBe(false);

  const path = join(folder, 'holdfast.api.md');
  const report = readFileSync(path, 'utf8');
  const field = 'readonly idempotencyKey: string;';
  expect(report).toContain(field);
  for (const planted of [field.replace('string', 'number'), '']) {
    writeFileSync(path, report.replace(field, planted));
    expect(hasChanged(folder, false)).toBe(true);
  }
});
