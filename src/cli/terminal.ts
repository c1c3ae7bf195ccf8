/** Colour, where somebody looks at it: on a terminal, unless NO_COLOR is set (https://no-color.org). */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export function paintFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const colour = stream.isTTY === true && (environment.NO_COLOR ?? '') === '';
  const code = (on: number, off: number) => (text: string) => (colour ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), bad: code(31, 39) };
}

/** Where lines for people go; each call is one line. */
export type Print = (line?: string) => void;

export function printTo(stream: NodeJS.WritableStream): Print {
  return (line = '') => {
    stream.write(`${line}\n`);
  };
}
