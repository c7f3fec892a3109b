import type { Call } from './intercept.ts';

/** A call in a line of a trace. */
export function inWords({ on, method, args }: Call): string {
  return `${on}.${method} ${JSON.stringify(args, brief)}`.slice(0, 400);
}

/** Leaves out of a trace what does not tell anything. */
function brief(key: string, value: unknown): unknown {
  if (key === 'manifest' || key === 'details' || key === 'operationId' || key === 'timestamp')
    return undefined;
  if (key === 'specHash') return String(value).slice(0, 4);
  if (typeof value === 'string' && /^0{40}/.test(value)) return `#${Number.parseInt(value, 16)}`;
  return value === null ? undefined : value;
}
