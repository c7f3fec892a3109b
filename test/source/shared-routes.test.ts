import { expect } from 'chai';
import { formatDiagnostic } from '../../src/manifest/diagnostic.ts';
import { document, file, Installation, reasons } from './installation.ts';

describe('apps with one host and path', () => {
  const at = (ingress: string): string =>
    `type: http\n  image: web:1\n  ports: [{containerPort: 80, protocol: HTTP}]\n  ingress: {${ingress}}`;
  const market = 'host: market.localhost';

  it('are taken, each with a warning that names the other and its place', () => {
    const installation = new Installation();
    const plan = installation.sync([
      file('a.yaml', document('shop', at(`${market}, path: /buy/`))),
      file(
        'b.yaml',
        document('other', at('host: other.localhost')),
        document('rival', at(`${market}, path: /buy`)),
      ),
    ]);
    expect(reasons(plan)).to.deep.equal(Array.from({ length: 3 }, () => 'ApplicationRegistered'));
    expect(plan.diagnostics.map((one) => formatDiagnostic(one).split('\n')[0])).to.deep.equal([
      `a.yaml:1:1  warning  app "shop" has http://market.localhost/buy in common with app "rival" (b.yaml:12): only one of them gets requests`,
      `b.yaml:12:1  warning  app "rival" has http://market.localhost/buy in common with app "shop" (a.yaml:1): only one of them gets requests`,
    ]);
  });

  it('are none of those whose paths or hosts differ, or that have no route', () => {
    const { diagnostics } = new Installation().sync([
      file('a.yaml', document('shop', at(`${market}, path: /buy`)), document('job')),
      file('b.yaml', document('rival', at(`${market}, path: /buys`)), document('work')),
    ]);
    expect(diagnostics).to.deep.equal([]);
  });
});
