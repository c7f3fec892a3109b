import type { Connection } from '../store/database.ts';

/** One kind of row that `get` shows: where it is read, and how a table shows it. */
export interface Resource<Row> {
  /** As in `web` of `app/web`, for `-o name`. */
  kind: string;
  /** Its words on the command line. */
  words: readonly string[];
  /** Whether NAME is that of an app; otherwise it is that of one row. */
  byApp: boolean;
  columns: readonly Column<Row>[];
  nameOf(row: Row): string;
  /** Rows in the order they are shown; of `name` only, where one is given. */
  list(connection: Connection, name: string | undefined): Promise<Row[]>;
}

export interface Column<Row> {
  title: string;
  /** Only in `-o wide`. */
  wide?: true;
  /** The cell; empty or null where nothing was observed. */
  cell(row: Row, now: Date): string | number | null;
}

/** What `-o` may be. */
export const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];
