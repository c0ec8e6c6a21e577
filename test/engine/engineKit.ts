/**
 * The test kit of engines: asks an engine for every behaviour through its port. Whoever makes an
 * engine gives an {@link EngineScene} of it and says what it is capable of.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';
import type { Capabilities, EngineScene } from './engineScene.ts';

export function engineKit(
  name: string,
  capabilities: Capabilities,
  make: () => Promise<EngineScene>,
): void {
  describe(`the test kit of engines, kept by ${name}`, () => {
    let scene: EngineScene;
    beforeAll(async () => {
      scene = await make();
    }, 60_000);
    afterAll(async () => {
      await scene.dispose();
    });
    const asked = BEHAVIOURS.filter(({ needs }) => needs === undefined || capabilities[needs]);
    test.for(asked)('$title', { timeout: 60_000 }, async ({ show }) => {
      await expect(scene.perform(show(scene))).resolves.toBeUndefined();
    });
  });
}
