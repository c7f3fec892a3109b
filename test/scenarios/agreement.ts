import { expect } from 'chai';
import type { Condition } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import type { Container } from './containers.ts';
import type { Installation } from './installation.ts';

export interface ApplicationRow {
  status: string;
  replicas: number;
  desired_replicas: number;
  generation: string;
  observed_generation: string;
  revision: number;
  target_revision: number | null;
  target_reason: 'RolledBack' | 'Pinned' | null;
  source_path: string | null;
  conditions: Condition[];
}

const DEADLINE_MS = 30_000;

/**
 * Waits until an app runs in this revision with so many replicas, and Docker, the rows and the journal agree on it;
 * returns its containers by replica index.
 *
 * @param wanted the manifest's revision, where an earlier one is kept
 */
export async function converged(
  installation: Installation,
  app: string,
  replicas: number,
  revision = 1,
  wanted = revision,
): Promise<Container[]> {
  return await eventually(async () => {
    const containers = await installation.containers.list(app);
    expect(containers.map(({ index, state }) => `${index} ${state}`)).to.deep.equal(
      Array.from({ length: replicas }, (_, index) => `${index} running`),
    );
    for (const container of containers) expect(container.revision).to.equal(revision);
    const application = await applicationOf(installation, app);
    const status = replicas > 0 ? 'running' : 'stopped';
    expect(application).to.include({ status, replicas, desired_replicas: replicas, revision: wanted });
    expect(application.target_revision ?? wanted).to.equal(revision);
    expect(application.observed_generation).to.equal(application.generation);
    expect(conditionOf(application, 'Ready')?.status).to.equal('True');
    const instances = await installation.query(
      `SELECT container_id AS id, container_name AS name, replica_index AS index, status
       FROM instances WHERE app_name = $1 AND removed_at IS NULL ORDER BY replica_index`,
      [app],
    );
    expect(instances).to.deep.equal(
      containers.map(({ id, name, index }) => ({ id, name, index, status: 'running' })),
    );
    const revisions = await installation.query(
      'SELECT FROM revisions WHERE app_name = $1 AND revision = $2',
      [app, revision],
    );
    expect(revisions).to.have.length(1);
    await expectNothingOpen(installation);
    return containers;
  }, DEADLINE_MS);
}

/** Waits until nothing is left of an app but its history. */
export async function gone(installation: Installation, app: string): Promise<void> {
  await eventually(async () => {
    expect(await installation.containers.list(app)).to.deep.equal([]);
    expect(await installation.query('SELECT FROM applications WHERE name = $1', [app])).to.have.length(0);
    expect(await installation.query('SELECT FROM instances WHERE app_name = $1', [app])).to.have.length(0);
    expect(await eventsOf(installation, 'ApplicationDeleted', app)).to.have.length(1);
    await expectNothingOpen(installation);
  });
}

async function expectNothingOpen(installation: Installation): Promise<void> {
  const open = await installation.query('SELECT kind, target FROM operations WHERE outcome IS NULL');
  expect(open).to.deep.equal([]);
}

export async function applicationOf(installation: Installation, app: string): Promise<ApplicationRow> {
  const rows = await installation.query<ApplicationRow>('SELECT * FROM applications WHERE name = $1', [app]);
  if (!rows[0]) throw new Error(`there is no application ${app}`);
  return rows[0];
}

export function conditionOf(
  { conditions }: Pick<ApplicationRow, 'conditions'>,
  type: Condition['type'],
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** @param word status and reason */
export async function awaitCondition(
  installation: Installation,
  app: string,
  type: Condition['type'],
  word: string,
): Promise<void> {
  await eventually(async () => {
    const condition = conditionOf(await applicationOf(installation, app), type);
    expect(`${condition?.status} ${condition?.reason}`).to.equal(word);
  });
}

export interface EventRow {
  reason: string;
  app_name: string | null;
  container_id: string | null;
  message: string;
  severity: string;
}

/** The events of a reason, the latest first; of all apps without `app`. */
export async function eventsOf(
  installation: Installation,
  reason: string,
  app?: string,
): Promise<EventRow[]> {
  return await installation.query<EventRow>(
    `SELECT reason, app_name, container_id, message, severity FROM events
     WHERE reason = $1 AND ($2::text IS NULL OR app_name = $2) ORDER BY id DESC`,
    [reason, app ?? null],
  );
}
