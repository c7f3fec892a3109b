import { expect } from 'chai';
import { formatDiagnostic } from '../../src/manifest/diagnostic.ts';
import { declared, document, file, Installation, NOTHING, reasons } from './installation.ts';

describe('dependencies between apps', () => {
  let installation: Installation;

  beforeEach(() => {
    installation = new Installation();
  });

  const on = (...names: string[]) => `image: web:1\n  dependsOn: [${names.join(', ')}]`;

  it('may form any tree', () => {
    const plan = installation.sync([
      file('a.yaml', document('web', on('api', 'db')), document('api', on('db')), document('db')),
    ]);
    expect(declared(plan)).to.deep.equal(['web', 'api', 'db']);
  });

  it('must not lead back to an app', () => {
    installation.sync([
      file('a.yaml', document('web', on('api'))),
      file('b.yaml', document('api', on('web'))),
      file('c.yaml', document('mail', on('web'))),
    ]);
    expect(installation.applications.map(({ name }) => name)).to.deep.equal(['mail']);
    expect(installation.manifest('a.yaml')?.errors[0]?.message).to.include('web -> api -> web');
    expect(installation.manifest('b.yaml')?.errors[0]?.message).to.include('api -> web -> api');
  });

  it('must not lead back over other files, and the error shows where it does', () => {
    const { diagnostics } = installation.plan([
      file('a.yaml', document('web', on('db', 'api'))),
      file('b.yaml', document('api', on('mail')), document('db')),
      file('c.yaml', document('mail', on('web'))),
    ]);
    expect(diagnostics.map(formatDiagnostic)).to.deep.equal([
      [
        'a.yaml:8:19  error  app "web" depends on itself: web -> api -> mail -> web',
        '  8 |   dependsOn: [db, api]',
        '    |                   ^^^ remove one of these from spec.dependsOn',
      ].join('\n'),
      [
        'b.yaml:8:15  error  app "api" depends on itself: api -> mail -> web -> api',
        '  8 |   dependsOn: [mail]',
        '    |               ^^^^ remove one of these from spec.dependsOn',
      ].join('\n'),
      [
        'c.yaml:8:15  error  app "mail" depends on itself: mail -> web -> api -> mail',
        '  8 |   dependsOn: [web]',
        '    |               ^^^ remove one of these from spec.dependsOn',
      ].join('\n'),
    ]);
  });

  it('on what nobody declares are a warning, with what may be meant', () => {
    const plan = installation.sync([
      file('a.yaml', document('web', on('db', 'mai'))),
      file('b.yaml', document('mail'), document('db')),
    ]);
    expect(declared(plan)).to.deep.equal(['web', 'mail', 'db']);
    expect(plan.diagnostics.map(formatDiagnostic)).to.deep.equal([
      [
        'a.yaml:8:19  warning  app "web" waits for app "mai", which no manifest declares',
        '  8 |   dependsOn: [db, mai]',
        '    |                   ^^^ did you mean "mail"?',
      ].join('\n'),
    ]);
    expect(installation.manifest('a.yaml')).to.deep.include({ status: 'accepted', errors: [] });
    expect(installation.manifest('a.yaml')?.warnings[0]).to.include({ line: 8, column: 19 });
  });

  it('become known, and unknown, by other files', () => {
    const web = file('a.yaml', document('web', on('db')));
    const warnings = () => installation.manifest('a.yaml')?.warnings.length;
    installation.sync([web]);
    expect(warnings()).to.equal(1);
    installation.sync([web, file('b.yaml', document('db'))]);
    expect(warnings()).to.equal(0);
    installation.sync([web, file('b.yaml', 'a: [\n')]);
    expect(warnings()).to.equal(0);
    installation.sync([web]);
    expect(installation.leaving).to.deep.equal(['db']);
    expect(warnings()).to.equal(1);
  });

  it('are known while the app is kept though its manifest is gone', () => {
    const web = file('a.yaml', document('web', on('db')));
    const kept = document('db', 'image: web:1', '{autoserve.io/prune: "false"}');
    installation.sync([web, file('b.yaml', kept)]);
    expect(installation.sync([web]).diagnostics).to.deep.equal([]);
  });

  it('puts the blame on what changed', () => {
    installation.sync([file('a.yaml', document('web', on('api'))), file('b.yaml', document('api'))]);
    const files = [file('a.yaml', document('web', on('api'))), file('b.yaml', document('api', on('web')))];
    const plan = installation.sync(files);
    expect(reasons(plan)).to.deep.equal(['ManifestRejected']);
    expect(installation.manifest('a.yaml')).to.include({ status: 'accepted' });
    expect(installation.application('api')?.manifest.spec.dependsOn).to.deep.equal([]);
    expect(installation.plan(files).changes).to.deep.equal(NOTHING);
  });
});
