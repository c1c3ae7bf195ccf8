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

const CONTRACT = /[\\/]src[\\/]contract[\\/].+\.ts$/;
/** As Biome writes it, a statement of a module ends where the next line is blank or begins at the margin. */
const CONSTANT = /^((?:export )?const \w+(?:: [^=\n]+)? = )([\s\S]*?);\n(?=\n?[^\s})\]]|(?![\s\S]))/gm;

/**
 * Making a schema of zod's is a call that esbuild cannot know to be without effect, so that a function which uses one of a
 * file would make all of them at its start. What a constant of the contract is made by has no effect but the constant.
 */
export const trimContract: Plugin = {
  name: 'trim-contract',
  setup(build) {
    build.onLoad({ filter: CONTRACT }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replace(CONSTANT, '$1/* @__PURE__ */ (() => ($2))();\n'), loader: 'ts' };
    });
  },
};
