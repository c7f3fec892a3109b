import type { Installation } from './installation.ts';

interface Ready {
  id: string;
  index: number;
}

interface Moment {
  at: Date;
  ready: Ready[];
}

/** An instance that the scenario killed. */
export interface Kill extends Ready {
  at: Date;
}

/**
 * Every state of an app that its database ever showed: which of its instances were ready whenever one of their rows was
 * committed. The database itself writes it down, so that nothing is missed between two looks.
 */
export class ReadyHistory {
  readonly #installation: Installation;
  readonly #app: string;

  static async begin(installation: Installation, app: string): Promise<ReadyHistory> {
    await installation.query(`
      CREATE SCHEMA proof;
      CREATE TABLE proof.ready (
        id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp(), app_name text, ready json);
      CREATE FUNCTION proof.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        -- One commit after the other, so that none is looked at without those before it.
        PERFORM pg_advisory_xact_lock(hashtext('proof'));
        INSERT INTO proof.ready (app_name, ready)
        SELECT NEW.app_name,
          coalesce(json_agg(json_build_object('id', container_id, 'index', replica_index)), '[]')
        FROM public.instance_status
        WHERE app_name = NEW.app_name AND status = 'running' AND health_status = 'healthy';
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE ON instances DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION proof.note()`);
    return new ReadyHistory(installation, app);
  }

  private constructor(installation: Installation, app: string) {
    this.#installation = installation;
    this.#app = app;
  }

  /**
   * The fewest instances that were ready at once since a moment. Those that were killed count as ready until another
   * instance is in their place.
   */
  async fewest(since: Date, kills: readonly Kill[] = []): Promise<number> {
    const moments = await this.#moments(since);
    if (moments.length === 0)
      throw new Error(`nothing happened to ${this.#app} since ${since.toISOString()}`);
    const pending = [...kills];
    const missing = new Set<Kill>();
    return Math.min(
      ...moments.map(({ at, ready }) => {
        while (pending[0] && pending[0].at <= at) missing.add(pending.shift() as Kill);
        for (const kill of missing)
          if (ready.some(({ id, index }) => index === kill.index && id !== kill.id)) missing.delete(kill);
        const absent = [...missing].filter((kill) => !ready.some(({ id }) => id === kill.id));
        return ready.length + absent.length;
      }),
    );
  }

  /** The most instances that were ready at once since a moment. */
  async most(since: Date): Promise<number> {
    return Math.max(...(await this.#moments(since)).map(({ ready }) => ready.length));
  }

  /** When each instance that was ready first was no longer, by container id. */
  async departures(since: Date): Promise<Map<string, Date>> {
    const departures = new Map<string, Date>();
    let before: Ready[] = [];
    for (const { at, ready } of await this.#moments(since)) {
      const ids = new Set(ready.map(({ id }) => id));
      for (const { id } of before) if (!ids.has(id) && !departures.has(id)) departures.set(id, at);
      before = ready;
    }
    return departures;
  }

  /** Instances that were ready, then were not, and then were again, by container id. */
  async flapping(since: Date): Promise<Set<string>> {
    const [seen, left, back] = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (const { ready } of await this.#moments(since)) {
      const ids = new Set(ready.map(({ id }) => id));
      for (const id of ids) (left.has(id) ? back : seen).add(id);
      for (const id of seen) if (!ids.has(id)) left.add(id);
    }
    return back;
  }

  async #moments(since: Date): Promise<Moment[]> {
    return await this.#installation.query<{ at: Date; ready: Ready[] }>(
      'SELECT at, ready FROM proof.ready WHERE app_name = $1 AND at >= $2 ORDER BY id',
      [this.#app, since],
    );
  }
}
