/** Columns and their values, as SQL. */
export type Values = Record<string, string>;

/** What a row of each table needs. */
export const ROWS: Record<string, Values> = {
  applications: { name: "'app'", spec: "'{}'" },
  instances: { app_name: "'web'", container_name: "'web-0-r1-1'", replica_index: '0' },
  events: { event_type: "'scaling'", message: "'m'" },
  scaling_policies: { app_name: "'web'" },
  health_checks: { app_name: "'web'", port: '80' },
  revisions: {
    app_name: "'web'",
    app_uid: 'gen_random_uuid()',
    revision: '1',
    spec: "'{}'",
    spec_hash: "'h'",
  },
  operations: {
    id: 'gen_random_uuid()',
    app_name: "'web'",
    app_uid: 'gen_random_uuid()',
    kind: "'createContainer'",
    target: "'t'",
    cause: "'c'",
  },
  scaling_decisions: {
    app_name: "'web'",
    app_uid: 'gen_random_uuid()',
    current_replicas: '1',
    desired_replicas: '2',
    decision: "'scale_out'",
    reason: "'HighCPU'",
  },
  failures: {
    app_name: "'web'",
    app_uid: 'gen_random_uuid()',
    container_name: "'web-0-r1-1'",
    replica_index: '0',
    revision: '1',
    reason: "'Exited'",
  },
  leases: { name: "'leader'", holder: "'h'", expires_at: "now() + interval '15 seconds'" },
  events_compressed: {
    hour_bucket: "date_trunc('hour', now())",
    event_type: "'scaling'",
    event_count: '3',
    severity_counts: `'{"info": 3}'`,
    sample_messages: 'ARRAY[]::text[]',
  },
  manifests: { path: "'a.yaml'", content_hash: "'h'", status: "'accepted'" },
};
