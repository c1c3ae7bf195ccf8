/** Mutants that no test can find, because they do what the original does; each with the reason. */

export const EQUIVALENT_DEFINITIONS: readonly {
  readonly machine: string;
  readonly reason: string;
  readonly titles: readonly string[];
}[] = [];

export const EQUIVALENT: readonly {
  readonly file: string;
  /** As it stands in the source, its white space made one. */
  readonly original: string;
  readonly replacement: string;
  readonly reason: string;
}[] = [];
