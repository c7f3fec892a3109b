/** Anything shorter, such as a line with a brace alone, is found in every text and tells nothing. */
const LEAST_PART = 8;

/**
 * Replaces the values of secrets by their names, `[secret DB_PASSWORD]`, wherever they occur: as they are, line by line,
 * and as JSON, a URL or base64 have them.
 *
 * @param secrets values by name
 */
export function redact(text: string, secrets: ReadonlyMap<string, string>): string {
  const names = new Map<string, string>();
  for (const [name, value] of secrets) for (const form of formsOf(value)) names.set(form, name);
  if (names.size === 0) return text;
  const longestFirst = [...names.keys()].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(literally).join('|'), 'g');
  return text.replace(pattern, (form) => `[secret ${names.get(form)}]`);
}

function formsOf(value: string): string[] {
  if (value === '') return [];
  // As UTF-8, which has no half characters: a URL cannot have them.
  const bytes = Buffer.from(value);
  const base64 = bytes.toString('base64');
  const parts = [
    ...value.split(/\r?\n/),
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(bytes.toString()),
    base64,
    base64.replace(/=+$/, ''),
  ];
  return [value, ...parts.filter((part) => part.length >= LEAST_PART)];
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
