/**
 * What a measurement is to `npm run bench`. A file `bench/<name>.ts` exports `bench: Bench`; everything that it prints it has
 * measured in that run.
 */

/** Undefined where the way has nothing of the kind. */
export type Figure = number | string | undefined;

/** One way of doing the row's work: the least possible, Sluice, or an older way. */
export interface Line {
  readonly way: string;
  /** By column; a number's unit is in the column's name. */
  readonly figures: Readonly<Record<string, Figure>>;
}

/** What is promised of a row. */
export interface Bar {
  readonly text: string;
  readonly holds: boolean;
}

export interface Result {
  readonly lines: readonly Line[];
  readonly bars: readonly Bar[];
  /** What a reader has to know: the arithmetic of the least possible, prices, what a model leaves out. */
  readonly notes: readonly string[];
}

export interface Row {
  /** By which it is chosen: `npm run bench -- drain-usual`. */
  readonly name: string;
  readonly title: string;
  readonly run: () => Promise<Result>;
}

export interface Bench {
  readonly rows: readonly Row[];
}
