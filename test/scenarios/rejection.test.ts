import { expect } from 'chai';
import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { applicationOf, converged, eventsOf } from './agreement.ts';
import type { Container } from './containers.ts';
import { DatabaseServer } from './database-server.ts';
import { useInstallation } from './hooks.ts';
import type { Installation } from './installation.ts';
import { manifestOf } from './manifest.ts';

type Fault = [fault: string, content: string | Uint8Array, place: string, message: RegExp];

describe('A manifest that was good, with', () => {
  const installation = useInstallation();
  const app = installation.nameOf('web');
  const apps = useApps(installation, app, installation.nameOf('neighbour'));

  const head = `apiVersion: v1\nkind: App\nmetadata: {name: ${app}}\n`;
  const spec = 'spec: {image: "autoserve/demo-web:1", env: [{name: COLOUR, value: red}]}\n';
  const text = head + spec;
  const faults: Fault[] = [
    [
      'a value of the wrong type',
      `${text}scaling: {mode: manual, replicas: two}\n`,
      '5:35',
      /scaling.replicas must be a whole number, not "two"/,
    ],
    [
      'an unknown field',
      `${text}scaling: {mode: manual, replica: 2}\n`,
      '5:25',
      /unknown field "replica": did you mean "replicas"\?/,
    ],
    ['a key given twice', `${text}${spec}`, '5:1', /field "spec" is given twice/],
    ['a tab', `${head}spec:\n\timage: "autoserve/demo-web:1"\n`, '5:1', /a tab is used for indentation/],
    ['an alias bomb', `${head}${aliasBomb()}${spec}`, '6:10', /more than 100 aliases in one file/],
    ['10 MB', `${text}# ${'x'.repeat(10_000_000)}\n`, '1:1', /a manifest may have at most 1 MiB/],
    ['__proto__', `${head}__proto__: {x: 1}\n${spec}`, '4:1', /field name "__proto__" is not allowed/],
    ['invalid UTF-8', Buffer.from(`${head}# caf\xe9\n${spec}`, 'latin1'), '4:6', /not valid UTF-8/],
    ['half of its text', text.slice(0, -30), '4:43', /the bracket is not closed/],
    ['no text', '', '1:1', /the file is empty/],
  ];

  for (const [fault, content, place, message] of faults) {
    it(`${fault} is rejected with its place, and nothing that runs is touched`, async () => {
      await installation.put(`${app}.yaml`, content);
      const error = await rejectionOf(installation, `${app}.yaml`, message);
      expect(`${error.line}:${error.column}`).to.equal(place);
      const [event] = await eventsOf(installation, 'ManifestRejected');
      expect(event?.message).to.include(`${app}.yaml:${place}: `).and.match(message);
      expect(event?.severity).to.equal('error');
      await mended();
    });
  }

  it('the name of another file’s app is rejected, and the first owner keeps it', async () => {
    await installation.put('thief.yaml', manifestOf(app, { env: { COLOUR: 'black' } }));
    const error = await rejectionOf(installation, 'thief.yaml', /is declared already, by/);
    expect(error.message).to.include(`app "${app}" at thief.yaml:1`).and.include(`by ${app}.yaml:1`);
    const [event] = await eventsOf(installation, 'DuplicateApplication');
    expect(event?.message).to.include('thief.yaml:1:');
    expect((await applicationOf(installation, app)).source_path).to.equal(`${app}.yaml`);
    await installation.remove('thief.yaml');
  });

  it('its faults mended is accepted, and its new text is acted on', async () => {
    const told = async (): Promise<string> => (await installation.cli('get', 'app', app)).stdout;
    await installation.put(`${app}.yaml`, 'half');
    await rejectionOf(installation, `${app}.yaml`, /must be a mapping/);
    await eventually(async () => expect(await told()).to.match(/is rejected, .*must be a mapping/));
    await installation.put(`${app}.yaml`, manifestOf(app, { replicas: 2 }));
    expect((await converged(installation, app, 2))[0]).to.deep.equal(apps.containers[0]);
    expect((await eventsOf(installation, 'ManifestAccepted'))[0]?.message).to.include(`${app}.yaml`);
    await eventually(async () => expect(await told()).to.not.include('rejected'));
    await mended();
  });

  async function mended(): Promise<void> {
    await installation.put(`${app}.yaml`, manifestOf(app));
    await eventually(async () => {
      expect(await rowOf(installation, `${app}.yaml`)).to.include({ status: 'accepted' });
    });
    await converged(installation, app, 1);
  }
});

describe('A manifest folder that', () => {
  const server = new DatabaseServer();
  const options = {
    get databaseUrl() {
      return server.url;
    },
    // Root reads everything, unless it gives up the right to.
    through: process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [],
  };
  const installation = useInstallation(options, server);
  const apps = useApps(installation, installation.nameOf('web'), installation.nameOf('neighbour'));

  it('vanishes is an error, not an empty folder, until it is back', async () => {
    await rename(installation.manifests, `${installation.manifests}.away`);
    await unreadable('no such file');
    await rename(`${installation.manifests}.away`, installation.manifests);
    await readable();
  });

  it('is unreadable is an error, not an empty folder, until it is readable', async () => {
    await chmod(installation.manifests, 0);
    await unreadable('permission denied');
    await chmod(installation.manifests, 0o755);
    await readable();
  });

  it('has an unreadable folder in it keeps the apps of that folder', async () => {
    const inner = installation.nameOf('inner');
    await installation.put('team/inner.yaml', manifestOf(inner));
    const before = await converged(installation, inner, 1);
    await chmod(join(installation.manifests, 'team'), 0);
    await rejectionOf(installation, 'team', /cannot read team: .*permission denied/);
    expect(await converged(installation, inner, 1)).to.deep.equal(before);
    await chmod(join(installation.manifests, 'team'), 0o755);
    await eventually(async () => expect(await rowOf(installation, 'team')).to.equal(undefined));
    expect(await converged(installation, inner, 1)).to.deep.equal(before);
  });

  let failures = 0;
  let returns = 0;

  async function unreadable(reason: string): Promise<void> {
    failures += 1;
    await eventually(async () => {
      const events = await eventsOf(installation, 'SourceUnreadable');
      expect(events).to.have.length(failures);
      expect(events[0]?.message).to.include(installation.manifests).and.include(reason);
    });
    expect(
      await installation.query('SELECT FROM applications WHERE deletion_requested_at IS NULL'),
    ).to.have.length(apps.containers.length);
  }

  async function readable(): Promise<void> {
    returns += 1;
    await eventually(async () => {
      expect(await eventsOf(installation, 'SourceReturned')).to.have.length(returns);
    });
  }
});

/** Two apps whose containers no test of the suite may touch. */
function useApps(installation: Installation, ...names: string[]): { containers: Container[] } {
  const apps: { containers: Container[] } = { containers: [] };
  before(async () => {
    for (const name of names) await installation.put(`${name}.yaml`, manifestOf(name));
    apps.containers = (await Promise.all(names.map((name) => converged(installation, name, 1)))).flat();
  });
  afterEach('every container is as it was', async () => {
    const now = await Promise.all(names.map((name) => converged(installation, name, 1)));
    expect(now.flat()).to.deep.equal(apps.containers);
  });
  return apps;
}

interface Rejection {
  line: number | null;
  column: number | null;
  message: string;
}

interface ManifestRow {
  status: string;
  errors: Rejection[];
}

async function rowOf(installation: Installation, path: string): Promise<ManifestRow | undefined> {
  const [row] = await installation.query<ManifestRow>('SELECT * FROM manifests WHERE path = $1', [path]);
  return row;
}

/** Waits until a file is rejected, the first of its errors being this. */
async function rejectionOf(installation: Installation, path: string, message: RegExp): Promise<Rejection> {
  return await eventually(async () => {
    const [error] = (await rowOf(installation, path))?.errors ?? [];
    if (!error) throw new Error(`${path} is not rejected`);
    expect(error.message).to.match(message);
    return error;
  });
}

/** Nine to the ninth values in ten lines. */
function aliasBomb(): string {
  const line = (level: number): string => {
    const item = level === 0 ? 'a' : `*x${level - 1}`;
    return `x${level}: &x${level} [${Array.from({ length: 9 }, () => item).join(', ')}]\n`;
  };
  return Array.from({ length: 10 }, (_, level) => line(level)).join('');
}
