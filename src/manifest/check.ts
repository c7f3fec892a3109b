import { typeByPorts } from './defaults.ts';
import type { Problem } from './problem.ts';

/** A document in canonical spelling, possibly invalid, as the checks read it. */
export interface Subject {
  /** The value the user wrote at a pointer; undefined when there is none. */
  written: (pointer: string) => unknown;
  /** The number there, the default where none was written; NaN when it is no number. */
  number: (pointer: string) => number;
  /** The list there; empty when it is none. */
  list: (pointer: string) => unknown[];
}

export type Check = (subject: Subject) => Problem[];

/** What the app is, stated or by its ports. */
export function typeOf({ written, list }: Subject): unknown {
  return written('/spec/type') ?? typeByPorts(list('/spec/ports'));
}

export function error(
  pointer: string,
  message: string,
  { on = 'value', suggestion }: { on?: Problem['on']; suggestion?: string } = {},
): Problem {
  return { severity: 'error', pointer, on, message, ...(suggestion !== undefined && { suggestion }) };
}

export function warning(pointer: string, message: string, on: Problem['on'] = 'key'): Problem {
  return { severity: 'warning', pointer, on, message };
}
