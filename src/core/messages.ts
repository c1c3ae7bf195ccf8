/** What an error that a state machine has caught says to a person. */

/** Lambda wraps what a function throws into JSON; the embedded engine hands on the message itself. */
export function messageOf(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) return String(parsed.errorMessage);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return cause;
}
