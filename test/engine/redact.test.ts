import { expect } from 'chai';
import { redact } from '../../src/engine/redact.ts';

const secrets = (values: Record<string, string>) => new Map(Object.entries(values));

describe('redact', () => {
  it('puts the name of a secret in the place of its value, wherever it is', () => {
    const text = 'token=s3cret!, again s3cret!s3cret!\ns3cret!';
    expect(redact(text, secrets({ TOKEN: 's3cret!' }))).to.equal(
      'token=[secret TOKEN], again [secret TOKEN][secret TOKEN]\n[secret TOKEN]',
    );
  });

  it('takes values literally, whatever characters they are of', () => {
    const value = String.raw`a.b*c?(d)[e]{f}|g^h$i\j+k-l/m`;
    expect(redact(`<${value}> axb`, secrets({ ODD: value }))).to.equal('<[secret ODD]> axb');
    expect(redact('cost: $&', secrets({ ODD: '$&' }))).to.equal('cost: [secret ODD]');
  });

  it('finds the longer of two values that begin alike', () => {
    expect(redact('user-and-password', secrets({ USER: 'user', BOTH: 'user-and-password' }))).to.equal(
      '[secret BOTH]',
    );
  });

  it('finds the lines of a key also when they are apart', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n{\n-----END KEY-----';
    const text = `stdout MIIEvQIBADANBg\nstderr {\n${key}\n`;
    expect(redact(text, secrets({ KEY: key }))).to.equal('stdout [secret KEY]\nstderr {\n[secret KEY]\n');
  });

  it('finds a value as JSON, URLs and base64 have it', () => {
    const value = 'p"ss wörd\\%';
    const forms = [
      JSON.stringify({ value }),
      `https://user:${encodeURIComponent(value)}@db`,
      Buffer.from(value).toString('base64'),
    ];
    const text = forms.join('\n');
    expect(redact(text, secrets({ PASSWORD: value })).split('\n')).to.deep.equal([
      '{"value":"[secret PASSWORD]"}',
      'https://user:[secret PASSWORD]@db',
      '[secret PASSWORD]',
    ]);
  });

  it('leaves text alone where there is no secret, or an empty one', () => {
    expect(redact('as it is', secrets({}))).to.equal('as it is');
    expect(redact('as it is', secrets({ EMPTY: '' }))).to.equal('as it is');
  });
});
