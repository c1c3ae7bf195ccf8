/** @returns the items in runs of at most `size`, which is the API's own limit for one call. */
export function batches<T>(items: readonly T[], size: number): T[][] {
  const cut: T[][] = [];
  for (let start = 0; start < items.length; start += size) cut.push(items.slice(start, start + size));
  return cut;
}
