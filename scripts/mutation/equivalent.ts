/** Mutants that no test can find, because they do what the original does; each with the reason. */

export const EQUIVALENT_DEFINITIONS: readonly {
  readonly machine: string;
  readonly reason: string;
  readonly titles: readonly string[];
}[] = [];
