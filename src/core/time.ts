/** Points in time: milliseconds inside a decision, ISO 8601 in UTC in the data. */
export const iso = (at: number): string => new Date(at).toISOString();
export const millis = (at: string): number => Date.parse(at);
export const SECOND = 1000;
