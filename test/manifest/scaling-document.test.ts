import { expect } from 'chai';
import { formatDiagnostics } from '../../src/manifest/diagnostic.ts';
import { parseScaling } from '../../src/manifest/scaling-document.ts';

const read = (text: string) => parseScaling(new TextEncoder().encode(text), 'policy.yaml', 'web');
const manifest = (name: string, scaling = '{maxReplicas: 9}') =>
  `apiVersion: v1\nkind: App\nmetadata: {name: ${name}}\nspec: {image: "web:1"}\nscaling: ${scaling}\n`;

describe('a scaling policy in a file', () => {
  it('may stand alone, with older names and defaults', () => {
    const { scaling, diagnostics } = read('scaling: {maxReplicas: 9, targetCPUUtilizationPercentage: 50}\n');
    expect(diagnostics).to.deep.equal([]);
    expect(scaling).to.include({ mode: 'auto', minReplicas: 1, maxReplicas: 9, maxCPUPercent: 50 });
  });

  it("is that of the app's manifest, among others", () => {
    const { scaling, declaredNames } = read(`${manifest('api', '{}')}---\n${manifest('web')}`);
    expect(scaling).to.include({ maxReplicas: 9 });
    expect(declaredNames).to.deep.equal(['api', 'web']);
  });

  it('is none where the file declares other apps', () => {
    const { scaling, diagnostics, declaredNames } = read(manifest('api'));
    expect({ scaling, diagnostics, declaredNames }).to.deep.equal({
      scaling: null,
      diagnostics: [],
      declaredNames: ['api'],
    });
  });

  it('is checked where it stands, by the schema and the rules between fields', () => {
    const { scaling, diagnostics } = read(
      'scaling:\n  maxReplica: 9\n  minReplicas: 6\n  cooldownSeconds: -1\n',
    );
    expect(scaling).to.equal(null);
    expect(`\n${formatDiagnostics(diagnostics)}\n`).to.equal(`
policy.yaml:2:3  error  unknown field "maxReplica"
  2 |   maxReplica: 9
    |   ^^^^^^^^^^ did you mean "maxReplicas"?        autoserve explain app.scaling.maxReplicas
policy.yaml:3:16  error  scaling.minReplicas 6 is more than maxReplicas 5 (the default)
  3 |   minReplicas: 6
    |                ^
policy.yaml:4:20  error  scaling.cooldownSeconds must be at least 0, not -1
  4 |   cooldownSeconds: -1
    |                    ^^ autoserve explain app.scaling.cooldownSeconds
3 errors, 0 warnings
`);
  });

  it('alone is that of any app, whatever its name', () => {
    const { scaling, diagnostics } = parseScaling(Buffer.from('scaling: {}\n'), 'policy.yaml', 'No App');
    expect(diagnostics).to.deep.equal([]);
    expect(scaling).to.include({ mode: 'auto' });
  });

  it('is refused with other fields beside it, and where the file is no YAML', () => {
    const messages = (text: string) => read(text).diagnostics.map(({ message }) => message);
    expect(messages('scaling: {}\nreplicas: 3\n')).to.deep.equal(['unknown field "replicas"']);
    expect(messages('scaling: [\n')).to.have.length(1);
    expect(messages('')).to.deep.equal(['the file is empty']);
    expect(read('scaling: [\n').scaling).to.equal(null);
  });
});
