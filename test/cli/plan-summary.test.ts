import { expect } from 'chai';
import { planChanges, type Observed } from '../../src/cli/planned-change.ts';
import { summarizePlan } from '../../src/cli/plan-summary.ts';
import type { Instance, Phase } from '../../src/controllers/application/instance.ts';
import type { App } from '../../src/manifest/app.gen.ts';
import { specHash } from '../../src/manifest/hash.ts';
import type { ApplicationDeclaration, ApplicationRecord } from '../../src/store/store.ts';
import { appOf } from '../manifest/app.ts';

const now = new Date('2026-11-23T12:00:00Z');

const manifestOf = (name: string, image: string, replicas: number, spec: object = {}): App =>
  appOf({ image, ...spec }, { metadata: { name }, scaling: { mode: 'manual', replicas } });

const declare = (manifest: App): ApplicationDeclaration => ({
  manifest,
  specHash: specHash(manifest, {}),
  sourcePath: `${manifest.metadata.name}.yaml`,
  sourceRevision: null,
});

const stored = (manifest: App, deletionRequestedAt: Date | null = null): ApplicationRecord => ({
  name: manifest.metadata.name,
  uid: `uid-${manifest.metadata.name}`,
  manifest,
  generation: 1,
  observedGeneration: 1,
  revision: 1,
  specHash: specHash(manifest, {}),
  status: 'running',
  replicas: manifest.scaling.replicas ?? 0,
  desiredReplicas: manifest.scaling.replicas ?? 0,
  scaledReplicas: null,
  lastScaledAt: null,
  conditions: [],
  target: null,
  rollout: null,
  rolloutPaused: false,
  retries: 0,
  stableRevision: null,
  sourcePath: `${manifest.metadata.name}.yaml`,
  sourceRevision: null,
  deletionRequestedAt,
  createdAt: now,
  updatedAt: now,
});

/** What runs, by app: one instance for each phase. */
const observe = (apps: Record<string, Phase[]>, records: ApplicationRecord[]): Observed => ({
  networkExists: true,
  instancesOf: (app) =>
    (apps[app] ?? []).map((phase, index): Instance => {
      const name = `${app}-${index}-r1-1`;
      const record = records.find((application) => application.name === app);
      const { specHash: hash = '', uid: appUid = '' } = record ?? {};
      const finding = phase === 'crashed' ? 'exited 1' : '';
      const identity = { name, app, appUid, index, revision: 1, attempt: 1, restarts: 0, specHash: hash };
      return {
        identity,
        record: null,
        container: null,
        phase,
        finding,
        health: null,
        drainingSince: null,
        inHand: new Set(),
      };
    }),
});

describe('the summary of a plan', () => {
  it('shows the legend, a line for each app, and the totals', () => {
    const mail = manifestOf('mail', 'mail:2', 3);
    const shop = manifestOf('shop', 'shop:7', 3);
    const gone = manifestOf('gone', 'gone:1', 2);
    const changes = planChanges(
      {
        applications: [
          declare(manifestOf('hello', 'nginx:1.28', 2, { ports: [{ containerPort: 80 }] })),
          declare(manifestOf('mail', 'mail:2', 5)),
          declare(manifestOf('shop', 'shop:8', 3, { resources: { memory: '512Mi' } })),
        ],
        deletions: [{ name: 'gone', requestedAt: now }],
      },
      [stored(gone), stored(mail), stored(shop)],
      null,
      now,
    );
    expect(summarizePlan(changes, [])).to.equal(
      `
  + create   ~ change in place   -/+ replace   - remove
-   app gone    its manifest is gone                              (removes 2 instances)
+   app hello   2 instances of nginx:1.28, port 80
~   app mail    replicas 3 => 5                                   (in place)
-/+ app shop    image "shop:7" => "shop:8", memory none => 512Mi  (replaces 3 instances, 1 at a time)
Plan: 1 to create, 1 to change, 1 to replace, 1 to remove.
`.slice(1, -1),
    );
  });

  it('prints legend and totals when there is nothing to do', () => {
    const web = stored(manifestOf('web', 'web:1', 1));
    const moved = { ...declare(web.manifest), sourcePath: 'elsewhere/web.yaml' };
    const observed = observe({ web: ['running'] }, [web]);
    expect(
      summarizePlan(planChanges({ applications: [moved], deletions: [] }, [web], observed, now), []),
    ).to.equal(
      `
  + create   ~ change in place   -/+ replace   - remove
Plan: 0 to create, 0 to change, 0 to replace, 0 to remove.
`.slice(1, -1),
    );
  });

  it('counts what Docker shows, not what is stored', () => {
    const web = stored(manifestOf('web', 'web:1', 2));
    const observed = observe({ web: ['running'] }, [web]);
    const [change] = planChanges(
      { applications: [declare(manifestOf('web', 'web:2', 2))], deletions: [] },
      [web],
      observed,
      now,
    );
    expect(change).to.include({ kind: 'replace', manner: 'replaces 1 instance' });
  });

  it('shows what has to be done though no manifest changed', () => {
    const web = stored(manifestOf('web', 'web:1', 3));
    const observed = observe({ web: ['running', 'crashed'] }, [web]);
    const changes = planChanges({ applications: [], deletions: [] }, [web], observed, now);
    expect(changes).to.deep.equal([
      {
        kind: 'change',
        app: 'web',
        what: 'web-1-r1-1 exited 1, and 1 more',
        manner: 'starts 2 instances',
      },
    ]);
  });

  it('goes on removing what is being removed, unless it is declared again', () => {
    const web = stored(manifestOf('web', 'web:1', 1), now);
    const plan = (applications: ApplicationDeclaration[]) =>
      planChanges({ applications, deletions: [] }, [web], null, now).map(({ kind }) => kind);
    expect(plan([])).to.deep.equal(['remove']);
    expect(plan([declare(web.manifest)])).to.deep.equal(['change']);
  });

  it('says what is held and how to release it', () => {
    expect(summarizePlan([], ['a', 'b']).split('\n').at(-1)).to.equal(
      'Held: removing 2 apps (a, b) is too much to be meant.   autoserve sync --confirm-prune',
    );
  });

  it('counts the differences that do not fit, and names items of lists without their content', () => {
    const before = manifestOf('web', 'web:1', 1);
    const after = manifestOf('web', 'web:2', 2, {
      env: [{ name: 'A', value: 'b' }],
      user: '1000',
      workingDir: '/app',
    });
    const [change] = planChanges(
      { applications: [declare(after)], deletions: [] },
      [stored(before)],
      null,
      now,
    );
    expect(change?.what).to.equal(
      'image "web:1" => "web:2", env.A changed, workingDir none => "/app", and 2 more',
    );
  });
});
