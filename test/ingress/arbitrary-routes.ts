import fc from 'fast-check';
import { balances, type Route } from '../../src/ingress/route.ts';

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const segment = fc.stringMatching(/^[A-Za-z0-9._~-]{1,12}$/).filter((text) => text !== '.' && text !== '..');
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const instance = fc.record({
  ip: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  containerId: fc.constant('c'),
});

/** Routes of different apps with all that a manifest allows. */
export const validRoutes: fc.Arbitrary<Route[]> = fc.uniqueArray(
  fc.record({
    app: label,
    source: fc.string(),
    host,
    path,
    balance: fc.constantFrom(...balances),
    port: fc.constant(80),
    instances: fc.array(instance, { maxLength: 5 }),
  }),
  { selector: ({ app }) => app, maxLength: 30 },
);

const anything = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a;b', '$host', '"', "'", '{', '}', '\n', '..', '/a b'),
);

/** Routes in which any value may be any text. */
export const anyRoutes: fc.Arbitrary<Route[]> = fc.array(
  fc.record({
    app: fc.oneof(label, anything),
    source: anything,
    host: fc.oneof(host, anything),
    path: fc.oneof(
      path,
      anything,
      anything.map((text) => `/${text}`),
    ),
    balance: fc.oneof(fc.constantFrom(...balances), anything) as fc.Arbitrary<Route['balance']>,
    port: fc.constant(80),
    instances: fc.array(
      fc.record({
        ip: fc.oneof(fc.ipV4(), anything),
        port: fc.oneof(fc.integer(), anything) as fc.Arbitrary<number>,
        containerId: anything,
      }),
      { maxLength: 3 },
    ),
  }),
  { maxLength: 5 },
);
