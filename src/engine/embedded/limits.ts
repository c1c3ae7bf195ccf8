/**
 * AWS's own limits on Standard executions. The embedded engine keeps them too, so that what runs here also runs there.
 */
import { InvalidExecutionInput, InvalidName } from '../errors.ts';

/** Bytes of a state's input or output, as UTF-8. */
export const MAX_PAYLOAD_BYTES = 262_144;
export const MAX_HISTORY_EVENTS = 25_000;
const MAX_NAME_LENGTH = 80;

/** Control characters and surrogates, white space, brackets, wildcards and what means something in an ARN or a URL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const REFUSED_IN_NAMES = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff\s<>{}[\]?*"#%\\^|~`$&,;:/]/;

/** @throws InvalidName */
export function checkName(name: string): void {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) {
    throw new InvalidName(
      `Invalid Name: an execution's name has 1 to ${MAX_NAME_LENGTH} characters, got ${name.length}: '${name}'`,
    );
  }
  const refused = REFUSED_IN_NAMES.exec(name);
  if (refused !== null) {
    throw new InvalidName(
      `Invalid Name: '${name}' has ${JSON.stringify(refused[0])}, which no execution's name may have`,
    );
  }
}

/**
 * @returns the input as the JSON that travels.
 * @throws InvalidExecutionInput
 */
export function checkInput(input: unknown): string {
  const text = toJson(input);
  if (text === undefined) throw new InvalidExecutionInput('Invalid Execution Input: it is not a JSON value');
  if (tooLarge(text)) {
    throw new InvalidExecutionInput(
      `Invalid Execution Input: ${Buffer.byteLength(text)} bytes, but at most ${MAX_PAYLOAD_BYTES} are allowed`,
    );
  }
  return text;
}

export function tooLarge(json: string): boolean {
  // A UTF-16 unit is at most three bytes: most payloads need no counting.
  return json.length * 3 > MAX_PAYLOAD_BYTES && Buffer.byteLength(json) > MAX_PAYLOAD_BYTES;
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
