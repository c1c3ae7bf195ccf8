import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: [],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024', experimental: { keepImportAttributes: false } },
        module: { type: 'commonjs' },
      },
    ],
  },
  // What the functions called is held against their roles; and programs that tests start are built once.
  globalSetup: '<rootDir>/test/support/before.ts',
  globalTeardown: '<rootDir>/test/support/after.ts',
  // Two cores: one worker each, and no more.
  maxWorkers: 2,
  // The first test of a file loads the SDK, however busy the machine is.
  testTimeout: 60_000,
};

export default config;
