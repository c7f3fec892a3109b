/** Something wrong, or worth knowing, with one part of a document; a diagnostic before its place is looked up. */
export interface Problem {
  severity: 'error' | 'warning';
  /** JSON pointer of the part. */
  pointer: string;
  /** Whether the field's name or its value is to be shown. */
  on: 'key' | 'value';
  message: string;
  suggestion?: string;
  /** A command that tells more. */
  hint?: string;
}
