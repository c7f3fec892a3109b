import type { App } from './app.gen.ts';

/** Where requests go in every instance of an app of type http, its first port of protocol HTTP; undefined for another app. */
export function httpPortOf({ spec: { type, ports } }: Pick<App, 'spec'>): number | undefined {
  return type === 'http' ? ports.find(({ protocol }) => protocol === 'HTTP')?.containerPort : undefined;
}
