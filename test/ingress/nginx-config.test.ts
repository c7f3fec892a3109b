import { expect } from 'chai';
import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationOf } from '../../src/ingress/configuration.ts';
import { slotFiles } from '../../src/ingress/container.ts';
import { nginx, ROOT } from '../../src/ingress/layout.ts';
import { culpritOf } from '../../src/ingress/refusal.ts';
import { routingTable } from '../../src/ingress/routes.ts';
import { anyRoutes, validRoutes } from './arbitrary-routes.ts';
import { IngressFixture, routeTo } from './fixture.ts';

const SETTINGS = { maxBodyBytes: 104_857_600 };
const instances = ['10.0.0.2', '10.0.0.3'].map((ip) => ({ ip, port: 8080, containerId: ip }));
const ROUTES = [
  routeTo('shop', instances, { host: 'shop.example.com', balance: 'least_conn' }),
  routeTo('api', instances, { host: 'shop.example.com', path: '/api', balance: 'ip_hash' }),
  routeTo('idle', [], { path: '/idle' }),
];
const PAIR = { host: 'shop.example.com', certificate: 'certificate', key: 'key' };

function configOf(...args: Parameters<typeof configurationOf>): string {
  return configurationOf(...args).files.get('nginx.conf')?.content ?? '';
}

describe("nginx's configuration", () => {
  it('is what it was when somebody last looked at it', async () => {
    const golden = await readFile(join(import.meta.dirname, 'nginx.golden.conf'), 'utf8');
    expect(configOf(routingTable(ROUTES), SETTINGS, [PAIR])).to.equal(golden);
  });

  it('holds no text but its own, and of routes only letters, digits and what addresses and paths need', () => {
    // All that is written for nobody's sake; what is left came out of a route.
    const own = new Set(configOf(routingTable(ROUTES), SETTINGS, []).split('\n'));
    const safe =
      /^ *(?:upstream app_[a-z0-9-]+ \{|zone app_[a-z0-9-]+ \d+k;|(?:least_conn|ip_hash);|server [0-9a-f.:[\]]+ max_fails=0;|server_name [a-z0-9.-]+;|location (?:= )?[A-Za-z0-9._~/-]+ \{|set \$autoserve_app [a-z0-9-]+;|proxy_pass http:\/\/app_[a-z0-9-]+;|location = \/configuration \{ return 200 "[0-9a-f]{32}\\n"; \}|return 40[34];)$/;
    fc.assert(
      fc.property(anyRoutes, (routes) => {
        for (const line of configOf(routingTable(routes), SETTINGS, []).split('\n')) {
          if (!own.has(line)) expect(line).to.match(safe);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('differs in its generation whenever anything differs, and only then', () => {
    const { generation } = configurationOf(routingTable(ROUTES), SETTINGS, [PAIR]);
    const again = configurationOf(routingTable(ROUTES.toReversed()), SETTINGS, [PAIR]);
    expect(again.generation).to.equal(generation);
    for (const other of [
      configurationOf(routingTable(ROUTES.slice(1)), SETTINGS, [PAIR]),
      configurationOf(routingTable(ROUTES), { maxBodyBytes: 1 }, [PAIR]),
      configurationOf(routingTable(ROUTES), SETTINGS, []),
      configurationOf(routingTable(ROUTES), SETTINGS, [{ ...PAIR, key: 'another' }]),
      configurationOf(null, SETTINGS, []),
    ]) {
      expect(other.generation).to.not.equal(generation);
    }
  });

  it('leaves out certificates of hosts that nobody has, and keeps keys to itself', () => {
    const { files } = configurationOf(routingTable(ROUTES), SETTINGS, [PAIR, { ...PAIR, host: 'other.com' }]);
    expect([...files.keys()]).to.have.members([
      'nginx.conf',
      'pages.conf',
      'tls/shop.example.com.crt',
      'tls/shop.example.com.key',
    ]);
    expect(files.get('tls/shop.example.com.key')?.mode).to.equal(0o600);
  });

  it('tells whose line it is that nginx complains about', () => {
    const table = routingTable(ROUTES);
    const configuration = configurationOf(table, SETTINGS, [PAIR]);
    const lines = (configuration.files.get('nginx.conf')?.content ?? '').split('\n');
    const at = (text: string) =>
      culpritOf(`[emerg] x in /autoserve/a/nginx.conf:${lines.indexOf(text) + 1}`, configuration, table);
    expect(at('    zone app_api 66k;')).to.equal('api');
    expect(at('      proxy_pass http://app_shop;')).to.equal('shop');
    expect(at('    server_name idle.localhost;')).to.equal('idle');
    expect(at('  server_tokens off;')).to.equal(null);
    expect(culpritOf('[emerg] out of memory', configuration, table)).to.equal(null);
    const tls = 'cannot load certificate "/autoserve/b/tls/shop.example.com.crt": PEM_read_bio()';
    expect(culpritOf(tls, configuration, table)).to.equal('api');
  });

  describe('on real nginx', () => {
    const ingress = new IngressFixture();

    before(async () => {
      await ingress.prepare();
      await ingress.begin();
    });
    after(async () => await ingress.end());

    it('passes its test for all routes that are allowed', async () => {
      await ingress.nginx().apply([]);
      const engine = ingress.engine();
      const id = (await ingress.container())?.Id ?? '';
      const test = async (routes: Parameters<typeof routingTable>[0]) => {
        await engine.putFiles(id, slotFiles('b', configurationOf(routingTable(routes), SETTINGS, [])));
        const { exitCode, output } = await engine.run(id, nginx(`${ROOT}/b`, '-t', '-q'));
        expect(exitCode, output).to.equal(0);
        expect(output).to.equal('');
      };
      await fc.assert(fc.asyncProperty(validRoutes, test), { numRuns: 15, endOnFailure: true });
      const longest = { host: `${'a.'.repeat(126)}a`, path: `/${'a'.repeat(499)}` };
      const many = Array.from({ length: 500 }, (_, index) => routeTo(`app-${index}`, instances));
      await test([...many, routeTo('a'.repeat(63), instances, longest)]);
    });
  });
});
