import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';
import { autoserve, Autoserve } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('autoserve', () => {
  const folder = temporaryFolder();

  const wrong: [title: string, args: string[], message: string][] = [
    ['no command', [], 'Usage: autoserve'],
    ['an unknown command', ['frobnicate'], "error: unknown command 'frobnicate'"],
    ['an unknown flag', ['get', 'apps', '--frob'], "error: unknown option '--frob'"],
    ['a missing argument', ['get'], "error: missing required argument 'resource'"],
    ['an unknown resource', ['get', 'pods'], 'autoserve get apps|instances|events|manifests|metrics'],
    ['metrics of nothing', ['get', 'metrics'], 'autoserve get metrics NAME'],
    ['a window that is none', ['get', 'metrics', 'web', '--window', 'x'], 'error: "x" is not a duration'],
    ['a window of no time', ['get', 'metrics', 'web', '--window', '0s'], 'error: "0s" is no time at all'],
    [
      'a past that never was',
      ['backtest', 'web', '--policy', 'web.yaml', '--since', '99999d'],
      'error: "99999d" is too long',
    ],
    ['a window of what has none', ['get', 'apps', '--window', '5m'], 'error: --window is for metrics'],
    ['a count that is none', ['scale', 'app', 'web', 'many'], 'error: "many" is not a number of instances'],
    ['a missing count', ['scale', 'web'], 'autoserve scale app NAME 3'],
    ['a backtest of nothing', ['backtest', 'web'], "error: required option '--policy <file>' not specified"],
    ['an unknown format', ['get', 'apps', '-o', 'xml'], 'Allowed choices are table, wide, json, yaml, name.'],
    ['an unknown state', ['wait', 'app/web', '--for=happy'], 'Allowed choices are ready, deleted.'],
    ['a wrong target', ['wait', 'pod/web'], 'error: "pod/web" is not app/NAME'],
    ['a wrong duration', ['wait', 'app/web', '--timeout', 'soon'], 'error: "soon" is not a duration'],
    ['a wrong database', ['get', 'apps', '--database-url', 'mysql://x'], 'must begin with postgres://'],
    ['an unknown log level', ['validate', '--log-level', 'loud'], 'error: log level "loud"'],
    ['a timeout that nothing ends', ['up', '--timeout', '5s'], 'error: --timeout needs --once'],
    [
      'a field that does not exist',
      ['explain', 'app.spec.replica'],
      'autoserve explain app.scaling.replicas',
    ],
  ];
  for (const [title, args, message] of wrong)
    it(`exits 2 for ${title}, and says so on stderr alone`, async () => {
      const { code, stdout, stderr } = await autoserve(args);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.contain(message);
    });

  it('prints its version and its help on stdout', async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await autoserve(['--version'])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' });
    const { code, stdout } = await autoserve(['get', '--help']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('autoserve get events --watch').and.to.contain('--database-url');
  });

  it('says what to start when there is no database', async () => {
    const { code, stdout, stderr } = await autoserve(['get', 'apps', '--data-dir', folder.path]);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.contain(`error: no AutoServe runs on the data directory ${folder.path}`);
    expect(stderr).to.contain('autoserve up');
  });

  it('says which file is not there, in words', async () => {
    const missing = join(folder.path, 'missing.yaml');
    const said = `cannot read ${missing}: there is no such file or folder`;
    for (const args of [
      ['validate', missing],
      ['backtest', 'web', '--policy', missing],
    ])
      expect((await autoserve(args)).stderr).to.contain(said);
    const { stderr } = await autoserve(['validate', '--config', missing]);
    expect(stderr).to.contain(`cannot read the configuration ${missing}: there is no such file or folder`);
  });

  it('says what is wrong with a configuration file, all at once', async () => {
    const path = join(packageRoot, 'test', 'cli', 'wrong-config.yaml');
    const { code, stderr } = await autoserve(['validate', '--config', path]);
    expect(code).to.equal(2);
    expect(stderr).to.contain('the file: unknown setting "manifest"');
    expect(stderr).to.contain('logLevel: must be one of trace, debug');
    expect(stderr).to.contain('policy.maxReplicas: must be integer');
  });

  it('shows the stack of an error only when asked', async () => {
    const args = ['db', 'status', '--database-url', 'postgresql://nobody@127.0.0.1:1/none'];
    const { code, stderr } = await autoserve(args);
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^error: the database postgresql:\/\/nobody@127\.0\.0\.1:1\/none does not answer/,
    );
    expect(stderr).not.to.contain('    at ');
    expect((await autoserve([...args, '--verbose'])).stderr).to.contain('    at ');
  });

  it('leaves quietly when its reader has seen enough', async () => {
    const run = new Autoserve(['explain', 'app.spec']);
    run.stopReading();
    const { code, stderr } = await run.ended();
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('explains a field from the schema', async () => {
    const { code, stdout } = await autoserve(['explain', 'app.spec.ports.containerPort']);
    expect({ code, stdout }).to.deep.equal({
      code: 0,
      stdout: `app.spec.ports.containerPort  integer (required)
  Port number in the container.
  range  1 to 65535
`,
    });
  });
});
