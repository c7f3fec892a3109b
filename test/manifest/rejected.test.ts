import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { formatDiagnostics } from '../../src/manifest/diagnostic.ts';
import { parseManifest } from '../../src/manifest/manifest.ts';
import { parseText } from './app.ts';

const directory = join(import.meta.dirname, 'rejected');

describe('a manifest with mistakes', () => {
  for (const file of readdirSync(directory).filter((name) => !name.endsWith('.txt'))) {
    it(`declares no app and says exactly what is wrong: ${file}`, () => {
      const { apps, diagnostics } = parseManifest(readFileSync(join(directory, file)), file);
      expect(`${formatDiagnostics(diagnostics)}\n`).to.equal(
        readFileSync(join(directory, `${file}.txt`), 'utf8'),
      );
      expect(apps).to.deep.equal([]);
    });
  }

  it('still names the apps it declares, as far as they can be read', () => {
    expect(
      parseText('metadata: {name: one}\n---\nmetadata: {name: two}\nspec: {a: [\n').declaredNames,
    ).to.deep.equal(['one', 'two']);
  });

  it('is refused when it is larger than 1 MiB, before it is read', () => {
    const { apps, diagnostics } = parseManifest(new Uint8Array(10 * 1024 * 1024).fill(0x23), 'big.yaml');
    expect(apps).to.deep.equal([]);
    expect(formatDiagnostics(diagnostics)).to.equal(
      'big.yaml:1:1  error  the file has 10.0 MiB; a manifest may have at most 1 MiB\n1 error, 0 warnings',
    );
  });

  it('is refused at the place where it is not UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('kind: App\nspec: caf'),
      Buffer.from([0xe9]),
      Buffer.from('\n'),
    ]);
    const [diagnostic] = parseManifest(bytes, 'latin1.yaml').diagnostics;
    expect(diagnostic).to.include({ severity: 'error', line: 2, column: 10 });
    expect(diagnostic?.message).to.match(/not valid UTF-8/);
  });

  it('cannot steer the terminal of the reader', () => {
    const [diagnostic] = parseText('kind: "\u001b[31mred"\n').diagnostics;
    expect(diagnostic?.message).to.equal('control character U+001B is not allowed in a manifest');
    const shown = formatDiagnostics(parseText('kind: "\\u001b[31m\u202e"\n').diagnostics);
    expect(shown.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('is refused, not crashed on, when it nests a million levels deep', () => {
    for (const text of [
      '['.repeat(1 << 20),
      '- '.repeat(1 << 19),
      '{a: '.repeat(1 << 18),
      '? '.repeat(1 << 19),
    ]) {
      const { diagnostics } = parseText(text);
      expect(diagnostics.map(({ message }) => message)).to.include('nested deeper than 64 levels');
    }
  });

  it('may nest 64 levels and repeat 100 aliases, and no more', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    const aliased = (count: number) => `a: &a 1\nb: [${'*a, '.repeat(count)}]`;
    const messages = (text: string) => parseText(text).diagnostics.map(({ message }) => message);
    expect(messages(nested(64))).not.to.include('nested deeper than 64 levels');
    expect(messages(nested(65))).to.include('nested deeper than 64 levels');
    expect(messages(aliased(100))).not.to.include('more than 100 aliases in one file');
    expect(messages(aliased(101))).to.include('more than 100 aliases in one file');
  });

  it('is refused when aliases multiply it beyond reason', () => {
    const many = `a: &a [${'1,'.repeat(20_000)}]\nb: [${'*a,'.repeat(90)}]`;
    expect(parseText(many).diagnostics.map(({ message }) => message)).to.deep.equal([
      'more than 100000 values in one file',
    ]);
  });

  it('shows at most a hundred mistakes and counts the rest', () => {
    const text = `apiVersion: v1\nkind: App\nmetadata: {name: a}\nspec: {image: b, args: [${'1,'.repeat(5000)}]}`;
    const { diagnostics } = parseText(text);
    expect(diagnostics).to.have.length(101);
    expect(diagnostics.at(-1)?.message).to.equal('and 4900 more');
  });

  it('shows the piece of a long line that the mistake is in', () => {
    const text = `{"apiVersion": "v1", "kind": "App", "metadata": {"name": "x", "annotations": {"a": "${'y'.repeat(500)}"}}, "spec": {"imag": "a"}}`;
    const [head, line = '', carets = ''] = formatDiagnostics(parseText(text).diagnostics)
      .split('\n')
      .slice(-4);
    expect(head).to.match(/unknown field "imag"/);
    expect(line.length).to.be.at.most(110);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).to.equal('"imag"');
  });
});

describe('a file without a document', () => {
  for (const [what, text] of [
    ['holds white space', '\n'],
    ['holds comments', '# nothing here\n'],
    ['holds empty documents', '---\n---\n'],
  ] as const) {
    it(`declares nothing and is warned about: ${what}`, () => {
      const { apps, diagnostics, declaredNames } = parseText(text);
      expect({ apps, declaredNames }).to.deep.equal({ apps: [], declaredNames: [] });
      expect(diagnostics.map(({ severity, message }) => `${severity}: ${message}`)).to.deep.equal([
        'warning: the file declares no app',
      ]);
    });
  }

  it('is an error when it is empty, for it may be about to be written', () => {
    expect(formatDiagnostics(parseText('').diagnostics)).to.include('error  the file is empty');
  });
});
