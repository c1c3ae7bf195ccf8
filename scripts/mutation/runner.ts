/**
 * Runs the tests of src/core for Stryker inside its own processes: jest's start for each of thousands of mutants would take
 * hours. Every mutant gets src/core and its tests loaded anew, so that nothing that one left behind, such as a cache in a
 * module, is seen by the next. It knows as much of jest as those tests use; they compare by jest's own `expect`.
 */
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { format } from 'node:util';
import { runInThisContext } from 'node:vm';
import { transformSync } from '@swc/core';

const TESTS = 'test/core/**/*.test.ts';
/** What a mutant is in, or holds what one has computed. */
const ANEW = /^(src|test)\/core\//;

const BETWEEN = ' › ';

interface Case {
  /** Its file, its titles, and its number in the file: two cases may have one title. */
  readonly id: string;
  readonly run: () => unknown;
}

interface Result {
  readonly id: string;
  readonly name: string;
  readonly timeSpentMs: number;
  readonly status: 0 | 1;
  readonly failureMessage?: string;
}

/** What Stryker asks for, as far as it matters here. */
interface Trial {
  readonly activeMutant: { readonly id: string };
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly disableBail: boolean;
}

/** What instrumented code reads and writes. */
const shared: {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: unknown;
} = {};

const fromHere = createRequire(import.meta.url);
const { jestExpect } = createRequire(fromHere.resolve('jest/package.json'))('@jest/expect');

type Module = { exports: unknown };
type Body = (module: Module, exports: unknown, load: (name: string) => unknown) => void;
const kept = new Map<string, Module>();
const bodies = new Map<string, Body>();

function load(file: string, anew: Map<string, Module>, globals: unknown): unknown {
  const loaded = ANEW.test(relative('.', file)) ? anew : kept;
  const known = loaded.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const foreign = createRequire(file);
  bodyOf(file)(module, module.exports, (name) => {
    if (name === '@jest/globals') return globals;
    return name.startsWith('.') ? load(resolve(dirname(file), name), anew, globals) : foreign(name);
  });
  return module.exports;
}

function bodyOf(file: string): Body {
  const known = bodies.get(file);
  if (known !== undefined) return known;
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
    module: { type: 'commonjs' },
  });
  const body: Body = runInThisContext(`(function (module, exports, require) {${code}\n})`, { filename: file });
  bodies.set(file, body);
  return body;
}

/** @returns the cases of these files, as the files name them when they are loaded now */
function collect(files: readonly string[]): Case[] {
  const cases: Case[] = [];
  const anew = new Map<string, Module>();
  for (const file of files) {
    const within: string[] = [file];
    const before = cases.length;
    const describe = (title: string, body: () => void) => {
      within.push(title);
      body();
      within.pop();
    };
    const test = (title: string, run: () => unknown) => {
      cases.push({ id: `${[...within, title].join(BETWEEN)} #${cases.length - before}`, run });
    };
    load(resolve(file), anew, { describe: withEach(describe), test: withEach(test), expect: jestExpect });
  }
  return cases;
}

type Add = (title: string, run: () => void) => void;
type Each = (title: string, run: (...row: readonly unknown[]) => unknown) => void;

function withEach(add: Add): Add & { each: (table: readonly unknown[]) => Each } {
  const each =
    (table: readonly unknown[]): Each =>
    (title, run) => {
      for (const given of table) {
        const row = Array.isArray(given) ? given : [given];
        add(format(title, ...row), () => run(...row));
      }
    };
  return Object.assign(add, { each });
}

function tried({ id, run }: Case): Result {
  const start = performance.now();
  shared.currentTestId = id;
  try {
    if (run() instanceof Promise) throw new Error('the tests of src/core wait for nothing');
    return { id, name: id, timeSpentMs: performance.now() - start, status: 0 };
  } catch (error) {
    return { id, name: id, timeSpentMs: performance.now() - start, status: 1, failureMessage: String(error) };
  } finally {
    shared.currentTestId = undefined;
  }
}

/** @param ids all when undefined */
function chosen(ids: readonly string[] | undefined): Case[] {
  const files = globSync(TESTS).sort();
  if (ids === undefined) return collect(files);
  const wanted = new Set(ids);
  const holding = files.filter((file) => ids.some((id) => id.startsWith(`${file}${BETWEEN}`)));
  return collect(holding).filter(({ id }) => wanted.has(id));
}

function runnerOfTests() {
  Reflect.set(globalThis, '__stryker__', shared);
  // How small the input is that shows a fault is of no interest here.
  fromHere('fast-check').configureGlobal({ endOnFailure: true });
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    dryRun: async () => {
      const tests = collect(globSync(TESTS).sort()).map(tried);
      return { status: 'complete', tests, mutantCoverage: shared.mutantCoverage };
    },
    mutantRun: async ({ activeMutant, testFilter, hitLimit, disableBail }: Trial) => {
      shared.activeMutant = activeMutant.id;
      shared.hitLimit = hitLimit;
      shared.hitCount = hitLimit === undefined ? undefined : 0;
      try {
        const failed: Result[] = [];
        let nrOfTests = 0;
        for (const one of chosen(testFilter)) {
          nrOfTests += 1;
          const result = tried(one);
          if (result.status === 0) continue;
          failed.push(result);
          if (!disableBail) break;
        }
        const [first] = failed;
        if (first === undefined) return { status: 'survived', nrOfTests };
        const killedBy = failed.map(({ id }) => id);
        return { status: 'killed', killedBy, failureMessage: first.failureMessage, nrOfTests };
      } catch (error) {
        // The tests cannot even be loaded with it.
        return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 };
      } finally {
        shared.activeMutant = undefined;
      }
    },
  };
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', factory: runnerOfTests }];
