import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readCertificates } from '../../src/ingress/certificate.ts';
import { freePort, IngressFixture, routeTo } from './fixture.ts';

describe('certificates', () => {
  const ingress = new IngressFixture();
  let directory: string;

  before(async () => await ingress.prepare());
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'autoserve-certificates-'));
    await ingress.begin();
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await ingress.end();
  });

  function make(host: string): void {
    const [key, certificate] = ['key', 'crt'].map((end) => join(directory, `${host}.${end}`));
    const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const files = ['-subj', `/CN=${host}`, '-keyout', `${key}`, '-out', `${certificate}`];
    execFileSync('openssl', ['req', ...options, ...files], { stdio: 'ignore' });
  }

  it('are the whole pairs of a directory; of the others it is said what is wrong', async () => {
    make('shop.example.com');
    make('mixed.example.com');
    make('other.example.com');
    execFileSync('cp', [join(directory, 'other.example.com.key'), join(directory, 'mixed.example.com.key')]);
    rmSync(join(directory, 'other.example.com.key'));
    writeFileSync(join(directory, 'broken.example.com.crt'), 'no certificate');
    writeFileSync(join(directory, 'broken.example.com.key'), 'no key');
    writeFileSync(join(directory, 'a b;.crt'), '');
    const { certificates, problems } = await readCertificates(directory);
    expect(certificates.map(({ host }) => host)).to.deep.equal(['shop.example.com']);
    expect(problems.map(({ error }) => error.code)).to.deep.equal(Array(4).fill('CertificateInvalid'));
    const said = problems.map(({ error }) => error.message).join('\n');
    for (const name of [
      'a b;.crt',
      'broken.example.com',
      'mixed.example.com.key is not',
      'other.example.com',
    ]) {
      expect(said).to.include(name);
    }
  });

  it('are none in a directory that does not exist', async () => {
    expect(await readCertificates(join(directory, 'none'))).to.deep.equal({ certificates: [], problems: [] });
  });

  it('make nginx serve their host by https, and http besides', async () => {
    make('web.localhost');
    const { certificates } = await readCertificates(directory);
    const tlsPort = await freePort();
    const nginx = ingress.nginx({ tlsPort, certificates: async () => certificates });
    const web = await ingress.instance('web');
    await nginx.apply([routeTo('web', [web]), routeTo('plain', [web])]);
    const ask = async (servername: string, host = servername, path = '/') => {
      const asked = request({
        host: '127.0.0.1',
        port: tlsPort,
        servername,
        agent: false,
        ca: certificates.map(({ certificate }) => certificate),
        headers: { host },
        path,
      });
      asked.end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return { status: response.statusCode, body: await text(response) };
    };
    expect(JSON.parse((await ask('web.localhost')).body).headers).to.include({
      'x-forwarded-proto': 'https',
    });
    for (const path of ['/', '/nginx.conf', '/tls/web.localhost.crt']) {
      const { status, body } = await ask('web.localhost', 'plain.localhost', path);
      expect({ status, body }).to.deep.equal({ status: 404, body: '404 No application is served here.\n' });
    }
    expect(await ingress.who('web.localhost')).to.equal('web');
    const refusal = await ask('plain.localhost').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.be.instanceOf(Error);
  });
});
