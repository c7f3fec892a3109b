-- accepted
CREATE TABLE applications (
    name VARCHAR(253) PRIMARY KEY,
    spec JSONB NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'registered',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    replicas INTEGER DEFAULT 0,
    desired_replicas INTEGER DEFAULT 0,
    last_scaled_at TIMESTAMP WITH TIME ZONE,
    mode VARCHAR(20) DEFAULT 'auto',
    CONSTRAINT valid_status CHECK (status IN (
        'registered', 'starting', 'running', 'stopping', 'stopped', 'error', 'updating'
    )),
    CONSTRAINT valid_mode CHECK (mode IN ('auto', 'manual')),
    CONSTRAINT valid_replicas CHECK (replicas >= 0),
    CONSTRAINT valid_desired_replicas CHECK (desired_replicas >= 0)
);

-- accepted
CREATE INDEX idx_applications_status ON applications(status);

-- accepted
CREATE INDEX idx_applications_mode ON applications(mode);

-- accepted
CREATE INDEX idx_applications_updated_at ON applications(updated_at DESC);

-- refused 42704
CREATE INDEX idx_applications_spec_image ON applications USING GIN ((spec->'spec'->>'image'));

-- accepted
CREATE TABLE instances (
    id SERIAL PRIMARY KEY,
    app_name VARCHAR(253) NOT NULL REFERENCES applications(name) ON DELETE CASCADE,
    container_id VARCHAR(128) UNIQUE NOT NULL,
    container_name VARCHAR(253) NOT NULL,
    replica_index INTEGER NOT NULL,
    ip INET NOT NULL,
    port INTEGER NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'starting',
    health_status VARCHAR(20) DEFAULT 'unknown',
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    started_at TIMESTAMP WITH TIME ZONE,
    last_health_check TIMESTAMP WITH TIME ZONE,
    failure_count INTEGER DEFAULT 0,
    consecutive_failures INTEGER DEFAULT 0,
    last_failure_at TIMESTAMP WITH TIME ZONE,
    cpu_percent REAL DEFAULT 0,
    memory_percent REAL DEFAULT 0,
    memory_usage_bytes BIGINT DEFAULT 0,
    CONSTRAINT valid_status CHECK (status IN (
        'starting', 'running', 'stopping', 'stopped', 'error', 'draining'
    )),
    CONSTRAINT valid_health_status CHECK (health_status IN (
        'unknown', 'healthy', 'unhealthy', 'starting'
    )),
    CONSTRAINT valid_replica_index CHECK (replica_index >= 0),
    CONSTRAINT valid_port CHECK (port > 0 AND port <= 65535),
    CONSTRAINT valid_failure_count CHECK (failure_count >= 0),
    CONSTRAINT valid_cpu_percent CHECK (cpu_percent >= 0),
    CONSTRAINT valid_memory_percent CHECK (memory_percent >= 0 AND memory_percent <= 100),
    UNIQUE(app_name, replica_index)
);

-- accepted
CREATE INDEX idx_instances_app_name ON instances(app_name);

-- accepted
CREATE INDEX idx_instances_status ON instances(status);

-- accepted
CREATE INDEX idx_instances_health_status ON instances(health_status);

-- accepted
CREATE INDEX idx_instances_container_id ON instances(container_id);

-- accepted
CREATE INDEX idx_instances_updated_at ON instances(updated_at DESC);

-- accepted
CREATE INDEX idx_instances_app_status ON instances(app_name, status);

-- accepted
CREATE INDEX idx_instances_health_check ON instances(last_health_check DESC);

-- accepted
CREATE TABLE events (
    id SERIAL PRIMARY KEY,
    event_type VARCHAR(50) NOT NULL,
    event_category VARCHAR(30) NOT NULL DEFAULT 'application',
    app_name VARCHAR(253) REFERENCES applications(name) ON DELETE SET NULL,
    container_id VARCHAR(128),
    message TEXT NOT NULL,
    details JSONB,
    severity VARCHAR(20) DEFAULT 'info',
    timestamp TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    source VARCHAR(50) DEFAULT 'controller',
    node_id VARCHAR(100),
    CONSTRAINT valid_event_type CHECK (event_type IN (
        'registration', 'scaling', 'health', 'config', 'deployment', 
        'error', 'warning', 'network', 'resource', 'security'
    )),
    CONSTRAINT valid_event_category CHECK (event_category IN (
        'application', 'system', 'cluster', 'security', 'performance'
    )),
    CONSTRAINT valid_severity CHECK (severity IN (
        'debug', 'info', 'warning', 'error', 'critical'
    ))
);

-- accepted
CREATE INDEX idx_events_app_name_timestamp ON events(app_name, timestamp DESC);

-- accepted
CREATE INDEX idx_events_type_timestamp ON events(event_type, timestamp DESC);

-- accepted
CREATE INDEX idx_events_timestamp ON events(timestamp DESC);

-- accepted
CREATE INDEX idx_events_severity ON events(severity, timestamp DESC);

-- accepted
CREATE INDEX idx_events_category ON events(event_category, timestamp DESC);

-- accepted
CREATE INDEX idx_events_container ON events(container_id, timestamp DESC);

-- refused 42P17
CREATE INDEX idx_events_recent ON events(timestamp DESC) 
WHERE timestamp > NOW() - INTERVAL '7 days';

-- accepted
CREATE TABLE metrics (
    id SERIAL PRIMARY KEY,
    app_name VARCHAR(253) NOT NULL REFERENCES applications(name) ON DELETE CASCADE,
    metric_type VARCHAR(50) NOT NULL,
    timestamp TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    value REAL NOT NULL,
    labels JSONB,
    unit VARCHAR(20),
    aggregation_level VARCHAR(20) DEFAULT 'instance',
    CONSTRAINT valid_metric_type CHECK (metric_type IN (
        'cpu_percent', 'memory_percent', 'memory_bytes', 'rps', 
        'latency_p50', 'latency_p95', 'latency_p99', 'active_connections',
        'error_rate', 'response_time', 'queue_length', 'disk_usage'
    )),
    CONSTRAINT valid_aggregation_level CHECK (aggregation_level IN (
        'instance', 'app', 'system'
    ))
);

-- accepted
CREATE INDEX idx_metrics_app_timestamp ON metrics(app_name, timestamp DESC);

-- accepted
CREATE INDEX idx_metrics_type_timestamp ON metrics(metric_type, timestamp DESC);

-- accepted
CREATE INDEX idx_metrics_timestamp ON metrics(timestamp DESC);

-- accepted
CREATE INDEX idx_metrics_app_type_time ON metrics(app_name, metric_type, timestamp DESC);

-- accepted
CREATE TABLE scaling_policies (
    app_name VARCHAR(253) PRIMARY KEY REFERENCES applications(name) ON DELETE CASCADE,
    min_replicas INTEGER NOT NULL DEFAULT 1,
    max_replicas INTEGER NOT NULL DEFAULT 5,
    target_rps_per_replica INTEGER DEFAULT 50,
    max_p95_latency_ms INTEGER DEFAULT 250,
    max_cpu_percent REAL DEFAULT 70.0,
    max_memory_percent REAL DEFAULT 75.0,
    max_connections_per_replica INTEGER DEFAULT 100,
    scale_out_threshold_pct INTEGER DEFAULT 80,
    scale_in_threshold_pct INTEGER DEFAULT 30,
    cooldown_seconds INTEGER DEFAULT 180,
    evaluation_window_seconds INTEGER DEFAULT 60,
    max_scale_out_step INTEGER DEFAULT 0,
    max_scale_in_step INTEGER DEFAULT 1,
    stabilization_window_seconds INTEGER DEFAULT 300,
    cpu_weight REAL DEFAULT 1.0,
    memory_weight REAL DEFAULT 1.0,
    rps_weight REAL DEFAULT 1.0,
    latency_weight REAL DEFAULT 1.5,
    connection_weight REAL DEFAULT 0.8,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    CONSTRAINT valid_replica_bounds CHECK (min_replicas <= max_replicas),
    CONSTRAINT valid_min_replicas CHECK (min_replicas >= 0),
    CONSTRAINT valid_max_replicas CHECK (max_replicas >= 1),
    CONSTRAINT valid_thresholds CHECK (scale_in_threshold_pct < scale_out_threshold_pct),
    CONSTRAINT valid_percentages CHECK (
        scale_out_threshold_pct BETWEEN 1 AND 100 AND
        scale_in_threshold_pct BETWEEN 1 AND 100
    ),
    CONSTRAINT valid_weights CHECK (
        cpu_weight >= 0 AND memory_weight >= 0 AND rps_weight >= 0 AND
        latency_weight >= 0 AND connection_weight >= 0
    )
);

-- accepted
CREATE INDEX idx_scaling_policies_updated_at ON scaling_policies(updated_at DESC);

-- accepted
CREATE TABLE health_checks (
    id SERIAL PRIMARY KEY,
    app_name VARCHAR(253) NOT NULL REFERENCES applications(name) ON DELETE CASCADE,
    protocol VARCHAR(10) NOT NULL DEFAULT 'HTTP',
    path VARCHAR(500),
    port INTEGER NOT NULL,
    method VARCHAR(10) DEFAULT 'GET',
    headers JSONB,
    body TEXT,
    expected_status_codes INTEGER[] DEFAULT ARRAY[200],
    initial_delay_seconds INTEGER DEFAULT 30,
    period_seconds INTEGER DEFAULT 30,
    timeout_seconds INTEGER DEFAULT 5,
    failure_threshold INTEGER DEFAULT 3,
    success_threshold INTEGER DEFAULT 1,
    enabled BOOLEAN DEFAULT true,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    CONSTRAINT valid_protocol CHECK (protocol IN ('HTTP', 'TCP')),
    CONSTRAINT valid_method CHECK (method IN ('GET', 'POST', 'PUT', 'HEAD')),
    CONSTRAINT valid_port CHECK (port > 0 AND port <= 65535),
    CONSTRAINT valid_timings CHECK (
        initial_delay_seconds >= 0 AND
        period_seconds > 0 AND
        timeout_seconds > 0 AND
        failure_threshold > 0 AND
        success_threshold > 0
    ),
    UNIQUE(app_name)
);

-- accepted
CREATE INDEX idx_health_checks_app_name ON health_checks(app_name);

-- accepted
CREATE INDEX idx_health_checks_enabled ON health_checks(enabled);

-- accepted
CREATE INDEX idx_instances_app_status_health ON instances(app_name, status, health_status);

-- accepted
CREATE INDEX idx_events_app_type_severity ON events(app_name, event_type, severity, timestamp DESC);

-- refused 42P17
CREATE INDEX idx_metrics_app_type_recent ON metrics(app_name, metric_type, timestamp DESC)
WHERE timestamp > NOW() - INTERVAL '24 hours';

-- accepted
CREATE INDEX idx_applications_active ON applications(name, status, updated_at)
WHERE status IN ('running', 'starting', 'updating');

-- accepted
CREATE INDEX idx_instances_active ON instances(app_name, status, health_status, updated_at)
WHERE status IN ('running', 'starting');

-- accepted
CREATE OR REPLACE FUNCTION cleanup_old_data()
RETURNS TABLE(table_name TEXT, deleted_count INTEGER) AS $$
BEGIN
    DELETE FROM events WHERE timestamp < NOW() - INTERVAL '30 days';
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    table_name := 'events';
    RETURN NEXT;
    DELETE FROM metrics 
    WHERE timestamp < NOW() - INTERVAL '7 days' 
      AND aggregation_level = 'instance';
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    table_name := 'metrics (instance)';
    RETURN NEXT;
    DELETE FROM metrics 
    WHERE timestamp < NOW() - INTERVAL '30 days' 
      AND aggregation_level = 'app';
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    table_name := 'metrics (app)';
    RETURN NEXT;
    DELETE FROM instances 
    WHERE status = 'stopped' 
      AND updated_at < NOW() - INTERVAL '7 days';
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    table_name := 'instances (stopped)';
    RETURN NEXT;
END;
$$ LANGUAGE plpgsql;

-- refused 3F000
SELECT cron.schedule('cleanup-old-data', '0 2 * * *', 'SELECT cleanup_old_data();');

-- accepted
SELECT * FROM cleanup_old_data();

-- accepted
CREATE EXTENSION pg_stat_statements;

-- accepted with web
SELECT
    a.*,
    COALESCE(
        json_agg(
            json_build_object(
                'id', i.id,
                'container_id', i.container_id,
                'container_name', i.container_name,
                'replica_index', i.replica_index,
                'ip', i.ip,
                'port', i.port,
                'status', i.status,
                'health_status', i.health_status,
                'cpu_percent', i.cpu_percent,
                'memory_percent', i.memory_percent,
                'failure_count', i.failure_count,
                'last_health_check', EXTRACT(EPOCH FROM i.last_health_check)
            ) ORDER BY i.replica_index
        ) FILTER (WHERE i.id IS NOT NULL),
        '[]'::json
    ) as instances
FROM applications a
LEFT JOIN instances i ON a.name = i.app_name AND i.status != 'stopped'
WHERE a.name = $1
GROUP BY a.name;

-- accepted with running
SELECT
    a.name,
    a.status,
    a.replicas,
    a.desired_replicas,
    a.mode,
    a.created_at,
    a.updated_at,
    a.last_scaled_at,
    COUNT(i.id) FILTER (WHERE i.status = 'running') as running_instances,
    COUNT(i.id) FILTER (WHERE i.health_status = 'healthy') as healthy_instances,
    AVG(i.cpu_percent) FILTER (WHERE i.status = 'running') as avg_cpu_percent,
    AVG(i.memory_percent) FILTER (WHERE i.status = 'running') as avg_memory_percent
FROM applications a
LEFT JOIN instances i ON a.name = i.app_name
WHERE a.status = $1
GROUP BY a.name, a.status, a.replicas, a.desired_replicas, a.mode,
         a.created_at, a.updated_at, a.last_scaled_at
ORDER BY a.name;

-- accepted with web
SELECT
    metric_type,
    AVG(value) as avg_value,
    MIN(value) as min_value,
    MAX(value) as max_value,
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY value) as p50_value,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY value) as p95_value,
    COUNT(*) as data_points
FROM metrics
WHERE app_name = $1
  AND timestamp >= NOW() - INTERVAL '5 minutes'
  AND metric_type IN ('cpu_percent', 'memory_percent', 'rps', 'latency_p95', 'active_connections')
GROUP BY metric_type;

-- accepted
DELETE FROM metrics
WHERE timestamp < NOW() - INTERVAL '168 hours';

-- refused 42703 with 1000
SELECT
    query,
    calls,
    total_time,
    mean_time,
    stddev_time,
    rows,
    100.0 * shared_blks_hit / nullif(shared_blks_hit + shared_blks_read, 0) AS hit_percent
FROM pg_stat_statements
WHERE mean_time > $1
ORDER BY mean_time DESC
LIMIT 20;

-- accepted
CREATE TABLE IF NOT EXISTS metrics_archive
(LIKE metrics INCLUDING ALL);

-- accepted with 2020-01-01
WITH moved_data AS (
    DELETE FROM metrics
    WHERE timestamp < $1
    RETURNING *
)
INSERT INTO metrics_archive
SELECT * FROM moved_data;

-- refused 42601
INSERT INTO events_compressed (
    hour_bucket, app_name, event_type, event_count,
    severity_counts, sample_messages
)
SELECT
    date_trunc('hour', timestamp) as hour_bucket,
    app_name,
    event_type,
    COUNT(*) as event_count,
    json_object_agg(severity, severity_count) as severity_counts,
    array_agg(DISTINCT message ORDER BY timestamp DESC LIMIT 5) as sample_messages
FROM events
CROSS JOIN LATERAL (
    SELECT severity, COUNT(*) as severity_count
    FROM events e2
    WHERE e2.timestamp = events.timestamp
      AND e2.app_name = events.app_name
      AND e2.event_type = events.event_type
    GROUP BY severity
) severity_agg
WHERE timestamp < NOW() - INTERVAL '90 days'
GROUP BY date_trunc('hour', timestamp), app_name, event_type;

-- accepted
DELETE FROM events WHERE timestamp < NOW() - INTERVAL '90 days';

-- refused 22023
SET default_transaction_isolation = 'repeatable_read';
