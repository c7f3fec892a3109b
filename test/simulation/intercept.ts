/** One call of a controller on the world. */
export interface Call {
  on: 'engine' | 'store';
  method: string;
  args: readonly unknown[];
}

export type Passage = (call: Call, perform: () => Promise<unknown>) => Promise<unknown>;

/** Puts `passage` in the way of every asynchronous method of `target`; it may delay, fail, repeat or never finish them. */
export function intercept<T extends object>(on: Call['on'], target: T, passage: Passage): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const perform = (args: unknown[]): unknown => Reflect.apply(value, target, args);
      if (key === 'watch') return (...args: unknown[]) => perform(args);
      return (...args: unknown[]) =>
        passage({ on, method: String(key), args }, async () => await perform(args));
    },
  });
}

const EFFECTS = new Set([
  'engine createNetwork',
  'engine resolveImage',
  'engine createContainer',
  'engine startContainer',
  'engine updateContainer',
  'engine stopContainer',
  'engine removeContainer',
  'store applySync',
  'store openOperations',
  'store closeOperations',
  'store writeStatus',
  'store markRemoved',
  'store appendEvents',
  'store recordFailure',
  'store recordImage',
  'store rollBack',
  'store deleteApplication',
]);

/** Whether the call may change something outside of the controller. */
export function isEffect({ on, method }: Call): boolean {
  return EFFECTS.has(`${on} ${method}`);
}
