export const LEAST_PERCENT = 90;

/** @returns ` 96.8 %`; of nothing, all */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1).padStart(5)} %`;
}
