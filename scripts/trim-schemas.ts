/**
 * The SDK's schemas name their traits by computed keys, `{ [_eQN]: … }`. esbuild takes a computed key for something that
 * may have an effect, so that it keeps every shape of EC2, half a megabyte, for the sake of two operations. The keys are
 * constants of the same file: with their values in their place, what is not used falls away.
 */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

const SCHEMAS = /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/][^\\/]+\.js$/;

export const trimSchemas: Plugin = {
  name: 'trim-schemas',
  setup(build) {
    build.onLoad({ filter: SCHEMAS }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text.replace(/\[(_\w+)\]:/g, (key, name: string) => {
        const value = constants.get(name);
        return value === undefined ? key : `${value}:`;
      });
      return { contents, loader: 'js' };
    });
  },
};
