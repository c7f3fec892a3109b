import { expect } from 'chai';
import fc from 'fast-check';
import type { App } from '../../src/manifest/app.gen.ts';
import { checkRoute, routeOf, type Route } from '../../src/ingress/route.ts';
import { routingTable } from '../../src/ingress/routes.ts';
import { messagesFor } from '../manifest/app.ts';
import { anyRoutes, validRoutes } from './arbitrary-routes.ts';

const INSTANCE = { ip: '10.0.0.2', port: 80, containerId: 'c1' };

function route(app: string, change: Partial<Route> = {}): Route {
  return {
    app,
    source: `${app}.yaml`,
    host: `${app}.localhost`,
    path: '/',
    balance: 'least_conn',
    instances: [INSTANCE],
    ...change,
  };
}

/** What must never reach nginx's file, wherever a text is given. */
const HOSTILE = [
  '',
  ' ',
  'a b',
  'a;b',
  'a;\n}',
  'a\nb',
  'a\r\nb',
  'a\tb',
  'a\0b',
  'a{b',
  'a}b',
  "a'b",
  'a"b',
  'a`b',
  'a$b',
  '$host',
  '${host}',
  'a\\b',
  'a#b',
  'a|b',
  'a&b',
  'a<b',
  'a>b',
  'a(b)',
  'a*b',
  '*.localhost',
  '~^a$',
  'a%0ab',
  'ä',
  'a\u2028b',
  'ａ',
  'a\u202eb',
  '😀',
  '..',
  '../a',
  'a/../b',
  'a\n',
];

describe('a route', () => {
  for (const text of HOSTILE) {
    for (const [what, change] of [
      ['name', { app: text }],
      ['host', { host: text }],
      ['path', { path: text }],
      ['path below another', { path: `/api/${text}` }],
      ['balance', { balance: text as Route['balance'] }],
      ['address', { instances: [{ ...INSTANCE, ip: text }] }],
      ['port', { instances: [{ ...INSTANCE, port: text as unknown as number }] }],
    ] as const) {
      // An empty rest of a path is a slash at its end.
      if (what === 'path below another' && text === '') continue;
      it(`is refused with ${JSON.stringify(text)} as its ${what}`, () => {
        expect(() => checkRoute(route('web', change)))
          .to.throw('is not allowed')
          .that.includes({ code: 'RouteInvalid' });
      });
    }
  }

  for (const host of [
    'Web.localhost',
    'web.localhost:80',
    '.localhost',
    'web.',
    'web..localhost',
    '-web',
    'web-',
    'a_b',
    `${'a'.repeat(64)}.localhost`,
    'a.'.repeat(127),
    `${'a.'.repeat(126)}aa`,
  ]) {
    it(`is refused with host ${host.slice(0, 70)} of ${host.length} letters`, () => {
      expect(() => checkRoute(route('web', { host }))).to.throw('spec.ingress.host');
    });
  }

  for (const path of [
    'api',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/a/./b',
    '/a/..',
    '/a%20b',
    `/${'a'.repeat(500)}`,
  ]) {
    it(`is refused with path ${path.slice(0, 70)}`, () => {
      expect(() => checkRoute(route('web', { path }))).to.throw('spec.ingress.path');
    });
  }

  it('may have exactly the hosts and paths that a manifest may', () => {
    const texts = HOSTILE.map((text) => route('web', { host: text, path: `/${text}` }));
    const label = 'a'.repeat(63);
    const edges = [
      { host: label, path: `/${'a'.repeat(499)}` },
      { host: `${label}a`, path: `/${'a'.repeat(500)}` },
      { host: `a.${label}a.a`, path: '/a//b' },
      { host: 'a.'.repeat(127), path: '/.a/..b/...' },
      { host: `${'a.'.repeat(126)}a`, path: '/./' },
      { host: `${'a.'.repeat(126)}aa`, path: '//' },
    ].map((change) => route('web', change));
    fc.assert(
      fc.property(fc.oneof(anyRoutes, validRoutes), (routes) => {
        for (const { host, path } of [...routes, ...texts, ...edges])
          for (const change of [{ host }, { path }])
            expect(isDeclarable(change), JSON.stringify(change)).to.equal(isRoutable(change));
      }),
      { numRuns: 50 },
    );
  });

  for (const ip of [
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1:80',
    'fe80::1%eth0',
    '[::1]',
    'localhost',
  ]) {
    it(`is refused with address ${ip}`, () => {
      expect(() => checkRoute(route('web', { instances: [{ ...INSTANCE, ip }] }))).to.throw(
        'address of an instance',
      );
    });
  }

  for (const port of [0, -1, 65_536, 80.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`is refused with port ${port}`, () => {
      expect(() => checkRoute(route('web', { instances: [{ ...INSTANCE, port }] }))).to.throw(
        'port of an instance',
      );
    });
  }

  it('is taken with what hosts, paths and addresses may be', () => {
    for (const host of ['a', '1', 'web.localhost', 'a--b.example.com', `${'a'.repeat(63)}.b`, '127.0.0.1']) {
      expect(checkRoute(route('web', { host }))).to.include({ host });
    }
    for (const path of ['/', '/a', '/a/b.c_d~e-F/0', '/...', '/.well-known']) {
      expect(checkRoute(route('web', { path }))).to.include({ path });
    }
    expect(checkRoute(route('web', { path: '/api/' }))).to.include({ path: '/api' });
  });

  it('is what an app of type http declares, at the ports of its instances', () => {
    const app = {
      metadata: { name: 'web' },
      spec: {
        type: 'http',
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 8080, protocol: 'HTTP' },
        ],
      },
    } as App;
    expect(routeOf(app, 'web.yaml', [{ ip: '10.0.0.2', port: 8080, containerId: 'c1' }])).to.deep.equal({
      app: 'web',
      source: 'web.yaml',
      host: 'web.localhost',
      path: '/',
      balance: 'least_conn',
      instances: [{ ip: '10.0.0.2', port: 8080, containerId: 'c1' }],
    });
    expect(routeOf({ ...app, spec: { ...app.spec, type: 'tcp' } }, 'web.yaml', [])).to.equal(undefined);
  });
});

function isDeclarable(ingress: { host: string } | { path: string }): boolean {
  return messagesFor({ image: 'web', ports: [{ containerPort: 80 }], ingress }).length === 0;
}

function isRoutable(change: Partial<Route>): boolean {
  try {
    checkRoute(route('web', change));
    return true;
  } catch {
    return false;
  }
}

describe('the routing table', () => {
  it('has one server for a host, its longest paths first, and no group of servers for an app without any', () => {
    const table = routingTable([
      route('web', { host: 'a.b' }),
      route('api', { host: 'a.b', path: '/api/', instances: [] }),
      route('six', { host: 'a', instances: [{ ...INSTANCE, ip: '::1' }, INSTANCE, INSTANCE] }),
    ]);
    expect(table).to.deep.equal({
      servers: [
        { host: 'a', locations: [{ path: '/', app: 'six', ready: true }] },
        {
          host: 'a.b',
          locations: [
            { path: '/api', app: 'api', ready: false },
            { path: '/', app: 'web', ready: true },
          ],
        },
      ],
      upstreams: [
        { app: 'six', balance: 'least_conn', servers: ['10.0.0.2:80', '[::1]:80'] },
        { app: 'web', balance: 'least_conn', servers: ['10.0.0.2:80'] },
      ],
      refused: [],
    });
  });

  it('refuses the second app with one host and path, and names both files', () => {
    const shop = route('shop', { host: 'a.b', path: '/x' });
    const rival = route('rival', { host: 'a.b', path: '/x/' });
    const { servers, refused } = routingTable([shop, rival]);
    expect(servers.map(({ locations }) => locations.map(({ app }) => app))).to.deep.equal([['shop']]);
    expect(refused).to.have.lengthOf(1);
    expect(refused[0]?.app).to.equal('rival');
    expect(refused[0]?.error).to.include({
      code: 'RouteTaken',
      message: 'app "rival" (rival.yaml) is not routed: http://a.b/x belongs to app "shop" (shop.yaml)',
    });
  });

  it('leaves a place to the app that has it, whatever order they come in', () => {
    const shop = route('shop', { host: 'a.b' });
    const rival = route('rival', { host: 'a.b' });
    const before = routingTable([shop]);
    expect(routingTable([rival, shop], before).refused.map(({ app }) => app)).to.deep.equal(['rival']);
    const moved = { ...shop, host: 'c.d' };
    expect(routingTable([rival, moved], before).refused).to.be.empty;
  });

  it('leaves out a route that is not valid, names its app and file, and serves the others', () => {
    const { servers, refused } = routingTable([route('bad', { host: 'a;b' }), route('web')]);
    expect(servers.map(({ host }) => host)).to.deep.equal(['web.localhost']);
    expect(refused[0]?.error.message).to.equal(
      'app "bad" (bad.yaml) is not routed: spec.ingress.host "a;b" is not allowed',
    );
    expect(refused[0]?.error.remedy).to.include('shop.example.com');
  });

  it('writes an IPv6 address in one way, which nginx knows', () => {
    const ips = ['c94:d27:bd72:a:2bb8:57:0::', 'C94:0D27:bd72:a:2bb8:57:0:0'];
    const { upstreams } = routingTable([route('web', { instances: ips.map((ip) => ({ ...INSTANCE, ip })) })]);
    expect(upstreams[0]?.servers).to.deep.equal(['[c94:d27:bd72:a:2bb8:57::]:80']);
  });

  it('is the same for the same instances in any order', () => {
    const ips = fc.uniqueArray(fc.ipV4(), { maxLength: 8 });
    fc.assert(
      fc.property(ips, fc.func(fc.integer()), (all, key) => {
        const instances = all.map((ip) => ({ ip, port: 80, containerId: ip }));
        const shuffled = instances.toSorted((a, b) => key(a.ip) - key(b.ip));
        expect(routingTable([route('web', { instances })])).to.deep.equal(
          routingTable([route('web', { instances: shuffled })]),
        );
      }),
    );
  });
});
