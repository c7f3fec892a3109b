import { usageError } from './exit.ts';

/**
 * The name of the app that a command is about, written `app web`, `app/web` or `web`. Throws `UsageError`.
 *
 * @param command for the message, such as `history`
 */
export function appNameOf(command: string, first: string, second: string | undefined): string {
  const [kind, name, ...more] = second === undefined ? first.split('/') : [first, second];
  const isApp = /^app(lication)?s?$/.test(kind ?? '');
  if (isApp && name && more.length === 0) return name;
  if (!isApp && kind && name === undefined) return kind;
  throw usageError(`"${[first, second].join(' ').trim()}" is not app NAME`, `autoserve ${command} app NAME`);
}
