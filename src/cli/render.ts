import { stringify } from 'yaml';
import type { Column, Format, Resource } from './resource.ts';
import { alignColumns, columnWidths, oneLine } from './table.ts';

/**
 * What `get` prints of rows. JSON and YAML have the database's columns as keys.
 *
 * @param width of the terminal, which a plain table does not exceed; none when it is not one
 */
export function renderRows<Row extends object>(
  resource: Resource<Row>,
  rows: readonly Row[],
  format: Format,
  now: Date,
  width?: number,
): string {
  switch (format) {
    case 'json':
    case 'yaml':
      return renderData(rows, format);
    case 'name':
      return rows.map((row) => nameLine(resource, row)).join('\n');
    case 'table':
      return fitted(tableLines(resource, rows, format, now), width).join('\n');
    case 'wide':
      return tableLines(resource, rows, format, now).join('\n');
  }
}

/** Rows, or what is made of them, for other programs. */
export function renderData(data: object, format: 'json' | 'yaml'): string {
  const json = JSON.stringify(data, null, 2);
  return format === 'json' ? json : stringify(JSON.parse(json)).trimEnd();
}

/** A header and a line for each row. */
export function tableLines<Row extends object>(
  resource: Resource<Row>,
  rows: readonly Row[],
  format: 'table' | 'wide',
  now: Date,
): string[] {
  const columns = shownColumns(resource, format);
  return alignColumns([
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => cellText(column, row, now))),
  ]);
}

/** Prints one row after the other in the same form, as they change. */
export class RowStream<Row extends object> {
  readonly #resource: Resource<Row>;
  readonly #format: Format;
  #widths: number[] = [];
  #started = false;

  constructor(resource: Resource<Row>, format: Format) {
    this.#resource = resource;
    this.#format = format;
  }

  /** The text of changed rows; a row that is gone has `deleted`. */
  render(rows: readonly { row: Row; deleted: boolean }[], now: Date, width?: number): string {
    const format = this.#format;
    if (format === 'wide') return this.#lines(rows, format, now).join('\n');
    if (format === 'table') return fitted(this.#lines(rows, format, now), width).join('\n');
    return rows
      .map(({ row, deleted }) => {
        const shown = deleted ? { ...row, deleted } : row;
        if (format === 'json') return JSON.stringify(shown);
        if (format === 'yaml') return `---\n${stringify(JSON.parse(JSON.stringify(shown))).trimEnd()}`;
        return nameLine(this.#resource, row);
      })
      .join('\n');
  }

  #lines(rows: readonly { row: Row; deleted: boolean }[], format: 'table' | 'wide', now: Date): string[] {
    const columns = shownColumns(this.#resource, format);
    const cells = rows.map(({ row, deleted }) =>
      columns.map((column) =>
        deleted && column.title === 'STATUS' ? 'deleted' : cellText(column, row, now),
      ),
    );
    if (!this.#started) cells.unshift(columns.map(({ title }) => title));
    this.#started = true;
    this.#widths = columnWidths(cells, this.#widths);
    return alignColumns(cells, this.#widths);
  }
}

/** A wrapped line is no row any more; `-o wide` shows all of it. */
export function fitted(lines: readonly string[], width = Infinity): string[] {
  return lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}

function shownColumns<Row>({ columns }: Resource<Row>, format: 'table' | 'wide'): Column<Row>[] {
  return columns.filter(({ wide }) => format === 'wide' || !wide);
}

function cellText<Row>(column: Column<Row>, row: Row, now: Date): string {
  return oneLine(String(column.cell(row, now) ?? '')) || '-';
}

function nameLine<Row>(resource: Resource<Row>, row: Row): string {
  return `${resource.kind}/${resource.nameOf(row)}`;
}
