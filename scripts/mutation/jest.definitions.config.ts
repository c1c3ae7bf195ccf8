/** The tests that mutants of the definitions are tried on; which ones depends on the machine. */
import type { Config } from 'jest';
import base from '../../jest.config.ts';

const { globalSetup: _before, globalTeardown: _after, ...rest } = base;

const config: Config = {
  ...rest,
  rootDir: '../..',
  testTimeout: 20_000,
  reporters: ['<rootDir>/scripts/mutation/first-failure.ts'],
  transform: { ...rest.transform, '\\.asl\\.json$': '<rootDir>/scripts/mutation/definition-transform.ts' },
};

export default config;
