/** @returns undefined for text that is no JSON */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It throws nothing but a SyntaxError.
  }
  return undefined;
}
