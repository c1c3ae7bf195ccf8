/** Text of others inside Markdown: it stays text, whatever it holds. */

/** One line, without control characters, that the runner takes for no command: neither `::` at its start nor `##[`. */
export function oneLine(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .trimEnd()
      .replace(/^\s*::/, ': :')
      .replace(/##\[/g, '# #[')
  );
}

export function escaped(text: string): string {
  return oneLine(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]()#+!|~@$]/g, '\\$&')
    .replace(/:\/\//g, ':&#47;&#47;');
}

/** In monospace; entities, because no backslash escapes inside of it. */
export function code(text: string): string {
  const inert = oneLine(text)
    .replace(/[&<>|`*_~@\\[\]]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/:\/\//g, ':&#47;&#47;');
  return `<code>${inert}</code>`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
