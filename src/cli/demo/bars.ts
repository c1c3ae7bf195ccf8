/** What one drain of the demo may cost: held by the demo's own exit code, and by its test. */
export const MOST_CALLS = 60;
export const MOST_TRANSITIONS = 120;
