import { expect } from 'chai';
import { CertificateChoice } from '../../src/ingress/certificate-choice.ts';
import type { Certificate } from '../../src/ingress/certificate.ts';
import { ConfigurationRefused } from '../../src/ingress/refusal.ts';
import { routeTo } from './fixture.ts';
import { World } from './world.ts';

const pair = (host: string, certificate: string): Certificate => ({ host, certificate, key: 'key' });
const refusal = (host: string): ConfigurationRefused =>
  new ConfigurationRefused(`[emerg] cannot load certificate "/autoserve/b/tls/${host}.crt": no good`, 'web');

describe('the certificates that nginx is given', () => {
  it('are those that are there, but the one in force before in place of one that was refused', () => {
    const choice = new CertificateChoice();
    const [first, weak, better, other] = [
      pair('web.localhost', 'first'),
      pair('web.localhost', 'weak'),
      pair('web.localhost', 'better'),
      pair('other.localhost', 'other'),
    ];
    choice.accept(choice.choose([first, other]));
    const chosen = choice.choose([weak, other]);
    expect(chosen).to.deep.equal([weak, other]);
    expect(choice.giveUp(refusal('web.localhost'), chosen)).to.equal(true);
    const rest = choice.choose([weak, other]);
    expect(rest).to.deep.equal([first, other]);
    choice.accept(rest);
    expect(choice.choose([weak, other])).to.deep.equal([first, other]);
    expect(choice.refusals.map(({ app, error }) => [app, error.code])).to.deep.equal([
      ['web', 'ConfigurationRefused'],
    ]);
    expect(choice.choose([better, other])).to.deep.equal([better, other]);
    expect(choice.refusals).to.deep.equal([]);
  });

  it('are none for a host whose only one was refused, also when it is refused with the one before', () => {
    const choice = new CertificateChoice();
    const [first, second] = [pair('web.localhost', 'first'), pair('web.localhost', 'second')];
    choice.accept(choice.choose([first]));
    expect(choice.giveUp(refusal('web.localhost'), choice.choose([second]))).to.equal(true);
    expect(choice.giveUp(refusal('web.localhost'), choice.choose([second]))).to.equal(true);
    expect(choice.choose([second])).to.deep.equal([]);
    expect(choice.giveUp(refusal('web.localhost'), [])).to.equal(false);
  });

  it('hold up no other route, and are told of once', async () => {
    const world = new World();
    const nginx = world.nginx();
    world.engine.faults = {
      refuse: (config) =>
        config.includes('tls/bad.localhost.crt') ? refusal('bad.localhost').message : undefined,
    };
    world.certificates = [pair('bad.localhost', 'weak'), pair('web.localhost', 'good')];
    const routes = [routeTo('web', [{ ip: '10.0.0.3', port: 80, containerId: 'c' }]), routeTo('bad', [])];
    void nginx.apply(routes);
    await world.pass(2_000);
    expect([world.serves('web'), world.serves('bad')]).to.deep.equal([true, true]);
    expect(world.engine.serving).to.include('tls/web.localhost.crt').and.not.include('tls/bad.localhost.crt');
    void nginx.apply([...routes, routeTo('more', [])]);
    await world.pass(40_000);
    expect(world.serves('more')).to.equal(true);
    expect(world.events.map(({ reason, app }) => [reason, app])).to.have.deep.members([
      ['ConfigurationRefused', 'bad'],
      ['IngressServing', null],
    ]);
  });
});
