import type { Engine } from '../engine/engine.ts';
import { AutoServeError } from '../error.ts';
import type { Instrumentation } from './instrumentation.ts';

/** The same engine, with every call that ends in a reply told to `instrumentation` under its method's name. */
export function instrumentEngine(engine: Engine, instrumentation: Instrumentation): Engine {
  const usage = told(engine.usage, instrumentation);
  return new Proxy(told(engine, instrumentation), {
    get: (target, name) => (name === 'usage' ? usage : Reflect.get(target, name)),
  });
}

function told<T extends object>(target: T, instrumentation: Instrumentation): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const begin = performance.now();
        const result: unknown = Reflect.apply(member, target, args);
        if (result instanceof Promise) tell(String(name), begin, result, instrumentation);
        return result;
      };
    },
  });
}

function tell(kind: string, begin: number, reply: Promise<unknown>, instrumentation: Instrumentation): void {
  const seconds = (): number => (performance.now() - begin) / 1_000;
  reply.then(
    () => instrumentation.engineCall(kind, 'ok', seconds()),
    (error: unknown) => {
      instrumentation.engineCall(kind, 'failed', seconds());
      instrumentation.error(error instanceof AutoServeError ? error.code : 'Unexpected');
    },
  );
}
