/** The tests that mutants of the definitions are tried on; which ones depends on the machine. */
import type { Config } from 'jest';
import base from '../../jest.config.ts';

const { globalSetup: _before, globalTeardown: _after, ...rest } = base;

const config: Config = {
  ...rest,
  rootDir: '../..',
  transform: { ...rest.transform, '\\.asl\\.json$': '<rootDir>/scripts/mutation/definition-transform.ts' },
};

export default config;
