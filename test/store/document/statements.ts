import { readFileSync } from 'node:fs';

/** A statement of the original system's database document, and what PostgreSQL says to it as it is written there. */
export interface Statement {
  sql: string;
  params: string[];
  /** SQLSTATE; null when it is accepted. */
  refusedWith: string | null;
}

const FILE = new URL('as-written.sql', import.meta.url);
const STATEMENT = /^-- (?:accepted|refused (\w{5}))(?: with (\S+))?\n/m;

/** In the order of the document: one may need the one before. */
export function statementsAsWritten(): Statement[] {
  return readFileSync(FILE, 'utf8')
    .split(/^(?=-- (?:accepted|refused))/m)
    .map((text) => {
      const [marker = '', refusedWith = null, param] = STATEMENT.exec(text) ?? [];
      return {
        sql: text.slice(marker.length).trim(),
        params: param === undefined ? [] : [param],
        refusedWith,
      };
    });
}
