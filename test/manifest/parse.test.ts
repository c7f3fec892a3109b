import { expect } from 'chai';
import fc from 'fast-check';
import { parseManifest } from '../../src/manifest/manifest.ts';
import { expectAccepted, parseText } from './app.ts';

const minimal = 'apiVersion: v1\nkind: App\nmetadata: {name: a}\nspec: {image: "demo-web:1"}\n';

describe('parsing a manifest', () => {
  it('reads YAML and JSON, with a byte order mark, Windows line ends, and tabs between JSON tokens', () => {
    const json =
      '{\n\t"apiVersion": "v1",\n\t"kind": "App",\n\t"metadata": {"name": "a"},\n\t"spec": {"image": "demo-web:1"}\n}';
    for (const text of [minimal, `\u{feff}${minimal}`, minimal.replaceAll('\n', '\r\n'), json]) {
      const manifest = parseText(text);
      expectAccepted(manifest);
      expect(manifest.apps[0]?.app.spec.image).to.equal('demo-web:1');
    }
  });

  it('skips empty documents and reports the line where each app begins', () => {
    const text = `---\n# first\n---\n${minimal}---\n---\n${minimal.replace('name: a', 'name: b')}...\n`;
    expect(parseText(text).apps.map(({ app, line }) => [app.metadata.name, line])).to.deep.equal([
      ['a', 4],
      ['b', 10],
    ]);
  });

  it('reads no as text, as YAML 1.2 does', () => {
    const app = parseText(minimal.replace('name: a', 'name: a, labels: {country: no}')).apps[0]?.app;
    expect(app?.metadata.labels).to.deep.equal({ country: 'no' });
  });

  it('follows aliases', () => {
    const text = minimal.replace('image: "demo-web:1"', 'image: a, args: &words [a, b], command: *words');
    expect(parseText(text).apps[0]?.app.spec).to.deep.include({ args: ['a', 'b'], command: ['a', 'b'] });
  });

  it('never throws, whatever the bytes, and gives apps only without errors', () => {
    const fragments = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '\t',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '"',
      "'",
      '&a ',
      '*a',
      '? ',
      '|',
      '>',
      '#',
      '%',
      '!',
      '---\n',
      '\u{feff}',
      '<<',
      'spec',
      '1',
      'null',
      '\\',
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fragments, { maxLength: 60 }).map((parts) => new TextEncoder().encode(parts.join(''))),
      fc
        .tuple(fc.nat(minimal.length), fragments)
        .map(([at, part]) => new TextEncoder().encode(minimal.slice(0, at) + part + minimal.slice(at))),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const { apps, diagnostics } = parseManifest(input, 'any.yaml');
        const errors = diagnostics.filter(({ severity }) => severity === 'error');
        if (errors.length > 0) expect(apps).to.deep.equal([]);
        for (const { line, column } of diagnostics) expect(Math.min(line, column)).to.be.at.least(1);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws on a document of any shape', () => {
    const root = fc.record(
      { metadata: fc.anything(), spec: fc.anything(), scaling: fc.anything(), healthCheck: fc.anything() },
      { requiredKeys: [] },
    );
    const spec = fc.dictionary(
      fc.constantFrom(
        'env',
        'environment',
        'ports',
        'volumes',
        'resources',
        'termination',
        'ingress',
        'dependsOn',
      ),
      fc.anything(),
    );
    fc.assert(
      fc.property(root, spec, (document, fields) => {
        const text = JSON.stringify({ ...document, spec: fields }, (_, value: unknown) =>
          typeof value === 'bigint' ? Number(value) : value,
        );
        parseText(text);
      }),
      { numRuns: 300 },
    );
  });
});
