/** What PostgreSQL's `jsonb` cannot hold: the character NUL and half of a surrogate pair. */
// oxlint-disable-next-line no-control-regex
const UNSTORABLE = /\u0000|\p{Surrogate}/gu;

/** JSON that PostgreSQL takes, whatever text (of an engine, of a program) is in it: unstorable characters become U+FFFD. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'string' ? item.replaceAll(UNSTORABLE, '\uFFFD') : item,
  );
}
