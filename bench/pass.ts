import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../src/clock.ts';
import { MemoryEngine } from '../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../src/engine/memory/memory-world.ts';
import { noInstrumentation } from '../src/metrics/instrumentation.ts';
import { startLoop } from '../src/loop.ts';
import { DirectorySource } from '../src/source/directory.ts';
import { ManifestReader } from '../src/source/manifest-reader.ts';
import { Database } from '../src/store/database.ts';
import { probeInstance } from '../src/controllers/health/probe.ts';
import { EmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts';
import { migrate } from '../src/store/migrate.ts';
import { PostgresStore } from '../src/store/postgres/postgres-store.ts';
import { IMAGE } from './image.ts';
import { median, type Row } from './row.ts';

const APPS = 200;
const PASSES = 20;

/** Counts the statements that it sends, and those of them that change something. */
class CountingDatabase extends Database {
  queries = 0;
  writes = 0;

  override query<Result extends object>(...args: Parameters<Database['query']>): Promise<Result[]> {
    this.queries += 1;
    if (!/^\s*SELECT/i.test(args[0])) this.writes += 1;
    return super.query<Result>(...args);
  }

  override transaction<T>(work: Parameters<Database['transaction']>[0]): Promise<T> {
    this.writes += 1;
    return super.transaction(work) as Promise<T>;
  }
}

/** A pass over 200 converged applications, on an engine in memory and a real PostgreSQL. */
export async function convergedPass(): Promise<Row> {
  const root = await mkdtemp(join(tmpdir(), 'autoserve-bench-'));
  await chmod(root, 0o711);
  await mkdir(join(root, 'manifests'));
  const documents = Array.from(
    { length: APPS },
    (_, index) =>
      `{apiVersion: v1, kind: App, metadata: {name: app-${index}}, spec: {image: "${IMAGE}"}, scaling: {mode: manual, replicas: 1}}`,
  );
  await writeFile(join(root, 'manifests', 'apps.yaml'), documents.join('\n---\n'));
  const postgres = await EmbeddedPostgres.start(join(root, 'data'), () => {});
  await migrate(postgres.url);
  const database = new CountingDatabase(postgres.url);
  const store = new PostgresStore(database);
  const world = new MemoryWorld(systemClock);
  world.addImage(IMAGE);
  const engine = new MemoryEngine(world, { installation: 'bench' });
  const loop = startLoop({
    engine,
    store,
    source: new DirectorySource(join(root, 'manifests'), systemClock),
    reader: new ManifestReader({
      policy: { allowHostPaths: [], allowedImages: [] },
      secretsDir: root,
      digestKey: 'bench',
    }),
    probe: probeInstance,
    clock: systemClock,
    random: Math.random,
    logger: pino({ level: 'silent' }),
    resyncMs: 3_600_000,
    engineCalls: 2,
    mode: 'enforce',
    proxy: null,
    samplesOf: () => [],
    instrumentation: noInstrumentation,
  });
  const until = async (reached: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  try {
    await until(async () => {
      const { applications } = await store.loadWorld();
      return applications.length === APPS && applications.every(({ status }) => status === 'running');
    });
    await until(() => loop.manager.quiet);
    const base: number[] = [];
    const passes: number[] = [];
    let queries = 0;
    const before = { queries: 0, writes: database.writes, engine: world.writes };
    for (let pass = 0; pass < PASSES; pass += 1) {
      let begin = performance.now();
      await store.loadWorld();
      await engine.observe();
      base.push(performance.now() - begin);
      before.queries = database.queries;
      begin = performance.now();
      loop.manager.resync();
      await until(() => loop.manager.quiet);
      passes.push(performance.now() - begin);
      queries = Math.max(queries, database.queries - before.queries);
    }
    const writes = database.writes - before.writes;
    const engineWrites = world.writes - before.engine;
    return {
      work: `pass over ${APPS} converged apps`,
      yardstick: `${median(base).toFixed(1)} ms: one engine listing and the reads it needs`,
      measured: `${median(passes).toFixed(1)} ms, ${queries} queries, ${writes} database and ${engineWrites} engine writes`,
      bound: 'at most 5 queries, no write',
      met: queries <= 5 && writes === 0 && engineWrites === 0,
    };
  } finally {
    await loop.stop();
    await database.close();
    await postgres.stop();
    await rm(root, { recursive: true });
  }
}
