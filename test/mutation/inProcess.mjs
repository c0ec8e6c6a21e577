/**
 * Runs tests for Stryker within its own process: the files named in `CORE_TESTS` as one script, which is evaluated again
 * for each mutant, so that none meets what another left behind. Tests that take more CPU time than `CORE_TESTS_MS`
 * judge none, nor do those that fail outside Vitest, which is told. Tests get `describe`, `test` and hooks from here and the
 * rest of Vitest as it is. A mutant costs a few milliseconds and what its tests take, where Vitest needs half a second.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { constants, Script } from 'node:vm';
import { rolldown } from 'rolldown';

/** Every property test gets the same seed. */
const SETUP = 'test/support/fixedSeed.ts';
const ENTRY = 'entry of all tests';
const NAMESPACE = '__stryker__';
/** In the sandbox, which all workers share. */
const COSTS = 'costs-of-tests.json';
const HOOKS = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'];

class InProcessRunner {
  static inject = ['logger'];
  #log;
  #script;
  /** The CPU time of each test: the short ones find most, and come first. */
  #costs;
  /** What the running test wants to be done after it. */
  #finishing = [];
  #vitest;
  #require = createRequire(join(process.cwd(), 'package.json'));
  /** What the instrumented code reads and writes. */
  #stryker = (globalThis[NAMESPACE] ??= {});

  constructor(log) {
    this.#log = log;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const files = process.env['CORE_TESTS'].split(',');
    const bundle = await rolldown({
      input: ENTRY,
      platform: 'node',
      // Packages are loaded once.
      external: /^(?![./]|entry of|file )/,
      plugins: [entryOf(files)],
    });
    const { output } = await bundle.generate({
      format: 'cjs',
      codeSplitting: false,
      minify: false,
    });
    this.#script = new Script(`(function (require, module, exports) {${output[0].code}\n})`, {
      filename: resolve('tests.cjs'),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    this.#vitest = await import('vitest');
  }

  async dryRun() {
    this.#stryker.activeMutant = undefined;
    const longestMs = Number(process.env['CORE_TESTS_MS'] ?? Number.POSITIVE_INFINITY);
    const results = await this.#run(this.#load());
    for (const { id, failure } of results) {
      if (failure !== undefined)
        this.#log.warn(`Judges nothing, since it fails: ${id}: ${failure}`);
    }
    const judges = results.filter(
      ({ cpuMs, failure }) => cpuMs <= longestMs && failure === undefined,
    );
    const ids = new Set(judges.map(({ id }) => id));
    writeFileSync(
      COSTS,
      JSON.stringify(Object.fromEntries(judges.map((one) => [one.id, one.cpuMs]))),
    );
    const { static: atLoad = {}, perTest = {} } = this.#stryker.mutantCoverage ?? {};
    return {
      status: 'complete',
      tests: judges.map(({ id, cpuMs }) => ({ id, name: id, status: 0, timeSpentMs: cpuMs })),
      mutantCoverage: {
        static: atLoad,
        perTest: Object.fromEntries(Object.entries(perTest).filter(([id]) => ids.has(id))),
      },
    };
  }

  async mutantRun({ activeMutant: { id }, mutantActivation, testFilter, hitLimit }) {
    Object.assign(this.#stryker, { hitCount: 0, hitLimit });
    this.#stryker.activeMutant = mutantActivation === 'static' ? id : undefined;
    let results;
    try {
      const tests = this.#load();
      this.#stryker.activeMutant = id;
      this.#costs ??= JSON.parse(readFileSync(COSTS, 'utf8'));
      const costOf = ({ id: name }) => this.#costs[name];
      const wanted = new Set(testFilter ?? Object.keys(this.#costs));
      const judges = tests.filter((each) => wanted.has(each.id));
      results = await this.#run(judges.toSorted((one, other) => costOf(one) - costOf(other)));
    } catch (error) {
      // With this mutant the files can't even be loaded.
      results = [{ id: 'load', failure: String(error) }];
    }
    if (this.#stryker.hitCount > hitLimit) return { status: 'timeout' };
    const failed = results.find(({ failure }) => failure !== undefined);
    const nrOfTests = results.length;
    if (failed === undefined) return { status: 'survived', nrOfTests };
    return { status: 'killed', nrOfTests, killedBy: [failed.id], failureMessage: failed.failure };
  }

  /** Evaluates all files; gives their tests. */
  #load() {
    const tests = [];
    let suite = suiteOf('', undefined);
    const each = (add) => (rows) => (name, body) => {
      for (const [at, row] of rows.entries()) {
        const values = Array.isArray(row) ? row : [row];
        add(`${name} ${at}`, () => body(...values));
      }
    };
    const describe = (name, body) => {
      const outer = suite;
      suite = suiteOf(`${outer.name} ${name}`, outer);
      body();
      suite = outer;
    };
    const test = (name, body) => {
      tests.push({ id: `${tests.length}${suite.name} ${name}`, suite, body });
    };
    describe.each = each(describe);
    test.each = each(test);
    test.runIf = (holds) => (holds ? test : () => undefined);
    const hook = (kind) => (body) => suite[kind].push(body);
    const own = {
      ...{ describe, test, onTestFinished: (body) => this.#finishing.push(body) },
      ...Object.fromEntries(HOOKS.map((kind) => [kind, hook(kind)])),
      file: (name) => {
        suite = suiteOf(name, undefined);
      },
    };
    const vitest = { ...this.#vitest, ...own };
    const require = (name) => (name === 'vitest' ? vitest : this.#require(name));
    const module = { exports: {} };
    this.#script.runInThisContext()(require, module, module.exports);
    return tests;
  }

  /** One after the other, until the first that fails while a mutant is active. */
  async #run(tests) {
    const results = [];
    const begun = new Set();
    for (const { id, suite, body } of tests) {
      const suites = [];
      for (let each = suite; each !== undefined; each = each.outer) suites.unshift(each);
      this.#stryker.currentTestId = id;
      const startedAt = process.cpuUsage();
      const failure = await failureOf(async () => {
        for (const each of suites) {
          if (begun.has(each)) continue;
          begun.add(each);
          for (const before of each.beforeAll) await before();
        }
        for (const each of suites) for (const before of each.beforeEach) await before();
        await body({});
      });
      const after = await failureOf(async () => {
        for (const each of suites) for (const one of each.afterEach) await one();
        for (const one of this.#finishing.splice(0).toReversed()) await one();
      });
      this.#stryker.currentTestId = undefined;
      const { user, system } = process.cpuUsage(startedAt);
      results.push({ id, failure: failure ?? after, cpuMs: (user + system) / 1_000 });
      if (this.#stryker.activeMutant !== undefined && (failure ?? after) !== undefined) break;
    }
    for (const suite of begun) for (const one of suite.afterAll) await failureOf(one);
    return results;
  }
}

function suiteOf(name, outer) {
  return { name, outer, ...Object.fromEntries(HOOKS.map((kind) => [kind, []])) };
}

async function failureOf(body) {
  try {
    await body();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Says before each file which it is. */
function entryOf(files) {
  const starts = files.map((file) => `file ${file}`);
  return {
    name: 'tests',
    resolveId: (id) => (id === ENTRY || starts.includes(id) ? id : null),
    load(id) {
      if (starts.includes(id)) {
        return `import { file } from 'vitest'; file(${JSON.stringify(id.slice(5))});`;
      }
      if (id !== ENTRY) return null;
      const imports = files.flatMap((file) => [`file ${file}`, resolve(file)]);
      return [resolve(SETUP), ...imports].map((one) => `import ${JSON.stringify(one)};`).join('\n');
    },
  };
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'inProcess', injectableClass: InProcessRunner },
];
