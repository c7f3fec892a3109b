import type { Knex } from 'knex';

/** The expression that users write, `spec->'spec'->>'image'`: an index on another one that says the same is not used. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX idx_applications_spec_image;
    CREATE INDEX idx_applications_spec_image ON applications ((spec->'spec'->>'image'));
    ${appStatus("a.spec->'spec'->>'image'")};
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ${appStatus("a.spec #>> '{spec,image}'")};
    DROP INDEX idx_applications_spec_image;
    CREATE INDEX idx_applications_spec_image ON applications ((spec #>> '{spec,image}'));
  `);
}

/** Replaced in place, so that who may read it still may. */
function appStatus(image: string): string {
  return `
    CREATE OR REPLACE VIEW app_status AS
      SELECT a.name, a.status, a.replicas, a.desired_replicas, a.mode, ${image} AS image,
             a.generation, a.observed_generation, a.revision,
             ready.condition ->> 'status' AS ready, ready.condition ->> 'reason' AS reason,
             ready.condition ->> 'message' AS message,
             a.source_path, a.source_revision, a.suspended, a.deletion_requested_at,
             a.last_scaled_at, a.created_at, a.updated_at
      FROM applications a
      LEFT JOIN LATERAL (
        SELECT condition FROM jsonb_array_elements(a.conditions) AS c (condition)
        WHERE condition ->> 'type' = 'Ready' LIMIT 1
      ) ready ON true`;
}
