/** How one kind of record lies in its table: the column, the record's property, the type by which it is sent. */
export type Columns<Record> = readonly (readonly [
  column: string,
  property: keyof Record & string,
  type: string,
])[];

/** `app_name AS "appName", …`: rows come as records. */
export function selectList<Record>(columns: Columns<Record>): string {
  return columns.map(([column, property]) => `${column} AS "${property}"`).join(', ');
}

/** `app_name, …`, each after `prefix`. */
export function list<Record>(columns: Columns<Record>, prefix = ''): string {
  return columns.map(([column]) => prefix + column).join(', ');
}

/** `app_name = n.app_name, …` for `UPDATE … FROM … AS n` and `ON CONFLICT DO UPDATE`. */
export function assignments<Record>(columns: Columns<Record>, source: string): string {
  return columns.map(([column]) => `${column} = ${source}.${column}`).join(', ');
}

/** A query of one binding, the records as JSON, which gives them as rows with the table's column names. */
export function incoming<Record>(columns: Columns<Record>): string {
  const aliases = columns.map(([column, property]) => `r."${property}" AS ${column}`).join(', ');
  const types = columns.map(([, property, type]) => `"${property}" ${type}`).join(', ');
  return `SELECT ${aliases} FROM json_to_recordset(?) AS r (${types})`;
}
