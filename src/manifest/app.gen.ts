/* Generated from schemas/app.schema.json by `npm run generate`: the manifest as it is stored. Do not edit. */

/**
 * An environment variable: a value, a field of a secret, or something AutoServe knows.
 */
export type EnvVar = (EnvValue | EnvSecret | EnvSdk)
/**
 * A named Docker volume, or a path of the host where the operator's policy allows it.
 */
export type Volume = (NamedVolume | HostPathVolume)

/**
 * An application that AutoServe keeps running: one manifest document.
 */
export interface App {
/**
 * Version of this format.
 */
apiVersion: "v1"
/**
 * What the document declares.
 */
kind: "App"
metadata: AppMetadata
spec: AppSpec
scaling: Scaling
healthCheck?: HealthCheck
}
/**
 * Who the application is.
 */
export interface AppMetadata {
/**
 * The application's identity: unique in an installation and part of container and host names, hence one DNS label of at most 63 characters.
 */
name: string
/**
 * Free key-value pairs, for selecting and grouping.
 */
labels: {
[k: string]: string
}
/**
 * Free key-value pairs, for notes and for options such as autoserve.io/prune.
 */
annotations: {
[k: string]: string
}
}
/**
 * What runs.
 */
export interface AppSpec {
/**
 * http: serves HTTP and is routed by host and path; tcp: serves another protocol; worker: serves nothing.
 */
type: ("http" | "tcp" | "worker")
/**
 * Image to run, as for docker pull.
 */
image: string
/**
 * When to pull the image: on every rollout, only when it is absent, or never.
 */
imagePullPolicy: ("Always" | "IfNotPresent" | "Never")
/**
 * Program to run instead of the image's entrypoint, one list item per word.
 * 
 * Items: One word.
 */
command?: string[]
/**
 * Arguments instead of the image's command, one list item per word.
 * 
 * Items: One word.
 */
args?: string[]
/**
 * Working directory in the container.
 */
workingDir?: string
/**
 * User, and group after a colon, that the program runs as; names or numbers.
 */
user?: string
/**
 * Ports the program listens on. Health checks use the first one, routing the first one of protocol HTTP.
 */
ports: Port[]
/**
 * Environment variables.
 */
env: EnvVar[]
resources: Resources
/**
 * Storage that outlives a container.
 */
volumes: Volume[]
strategy: Strategy
termination: Termination
/**
 * Whether an instance whose program ended is replaced: always, after a failure only, or never.
 */
restartPolicy: ("Always" | "OnFailure" | "Never")
ingress?: Ingress
/**
 * Applications that must be Ready before this one starts.
 * 
 * Items: Name of an application: lower-case letters, digits and dashes, at most 63 characters.
 */
dependsOn: string[]
/**
 * Leave the application as it is: while true, nothing is started, replaced or scaled.
 */
suspend: boolean
}
/**
 * A port the program listens on.
 */
export interface Port {
/**
 * Port number in the container.
 */
containerPort: number
/**
 * What is spoken on the port.
 */
protocol: ("HTTP" | "TCP" | "UDP")
/**
 * Name of the port, for people.
 */
name?: string
}
export interface EnvValue {
/**
 * Name of the variable.
 */
name: string
/**
 * The value itself.
 */
value: string
}
export interface EnvSecret {
/**
 * Name of the variable.
 */
name: string
/**
 * Where the value comes from: secret, a file in the secrets directory; sdk, the running instance.
 */
source: "secret"
/**
 * For secret, the secret's name; for sdk, one of instance.ip, instance.port, instance.index, app.name, app.replicas.
 */
key: string
/**
 * Field of the secret; without it the secret is one plain file.
 */
field?: string
}
export interface EnvSdk {
/**
 * Name of the variable.
 */
name: string
/**
 * Where the value comes from: secret, a file in the secrets directory; sdk, the running instance.
 */
source: "sdk"
/**
 * For secret, the secret's name; for sdk, one of instance.ip, instance.port, instance.index, app.name, app.replicas.
 */
key: ("instance.ip" | "instance.port" | "instance.index" | "app.name" | "app.replicas")
}
/**
 * Limits of each instance; without one, the host's.
 */
export interface Resources {
/**
 * Cores: 0.5, "0.5" or "500m".
 */
cpu?: (number | string)
/**
 * Bytes, or a number with a unit: "256Mi", "1.5Gi", "512M".
 */
memory?: (number | string)
}
export interface NamedVolume {
/**
 * Name of the volume; it belongs to this application.
 */
name: string
/**
 * Where it appears in the container.
 */
mountPath: string
/**
 * Mount it read-only.
 */
readOnly: boolean
}
export interface HostPathVolume {
/**
 * Name of the volume; it belongs to this application.
 */
name?: string
/**
 * Path of the host to mount instead of a named volume.
 */
hostPath: string
/**
 * Where it appears in the container.
 */
mountPath: string
/**
 * Mount it read-only.
 */
readOnly: boolean
}
/**
 * How a new revision replaces the old one.
 */
export interface Strategy {
/**
 * RollingUpdate replaces a few instances at a time; Recreate stops all of the old before any of the new.
 */
type: ("RollingUpdate" | "Recreate")
/**
 * How many instances may exist above the desired count; a percentage is rounded up.
 */
maxSurge: (number | string)
/**
 * How many instances may be missing below the desired count; a percentage is rounded down.
 */
maxUnavailable: (number | string)
/**
 * How long a new instance must be healthy before it counts.
 */
minReadySeconds: number
/**
 * How long a rollout may go without progress before it has failed.
 */
progressDeadlineSeconds: number
/**
 * Return to the last stable revision when a rollout fails.
 */
autoRollback: boolean
}
/**
 * How an instance is stopped.
 */
export interface Termination {
/**
 * How long an instance gets no new requests before it is told to stop.
 */
drainSeconds: number
/**
 * How long the program may take to stop after SIGTERM, before it is killed.
 */
gracePeriodSeconds: number
}
/**
 * How requests from outside reach an application of type http.
 */
export interface Ingress {
/**
 * Host name that leads to the application.
 */
host: string
/**
 * Path that leads to the application, with all below it.
 */
path: string
/**
 * How requests are spread over the instances.
 */
balance: ("least_conn" | "round_robin" | "ip_hash")
}
/**
 * How many instances run.
 */
export interface Scaling {
/**
 * auto: the scaler owns the count; manual: it is what replicas says.
 */
mode: ("auto" | "manual")
/**
 * The number of instances in mode manual; without it, minReplicas.
 */
replicas?: number
/**
 * Never fewer instances than this.
 */
minReplicas: number
/**
 * Never more instances than this.
 */
maxReplicas: number
/**
 * Requests per second that one instance should serve.
 */
targetRPSPerReplica: number
/**
 * 95th percentile of the response time, in milliseconds, that is still good.
 */
maxP95LatencyMs: number
/**
 * CPU use in percent of the limit, or of the host without one, that is still good.
 */
maxCPUPercent: number
/**
 * Memory use in percent of the limit, or of the host without one, that is still good.
 */
maxMemoryPercent: number
/**
 * Open connections that one instance should hold.
 */
maxConnPerReplica: number
/**
 * Add instances when a metric reaches this share of its target.
 */
scaleOutThresholdPct: number
/**
 * Remove instances when every metric is at this share of its target or below.
 */
scaleInThresholdPct: number
/**
 * How many seconds of the past a decision looks at, up to two hours.
 */
windowSeconds: number
/**
 * How long after a change the count stays.
 */
cooldownSeconds: number
/**
 * Most instances added at once; 0 is no limit.
 */
maxScaleOutStep: number
/**
 * Most instances removed at once; 0 is no limit.
 */
maxScaleInStep: number
/**
 * How long metrics must have been low before instances are removed.
 */
stabilizationWindowSeconds: number
weights: ScalingWeights
}
/**
 * How strongly each metric pulls; 0 ignores it.
 */
export interface ScalingWeights {
/**
 * CPU use.
 */
cpu: number
/**
 * Memory use.
 */
memory: number
/**
 * Requests per second.
 */
rps: number
/**
 * Response time; 0 or not 0, for no count follows from it.
 */
latency: number
/**
 * Open connections.
 */
connection: number
}
/**
 * How AutoServe finds out that an instance works.
 */
export interface HealthCheck {
/**
 * HTTP sends a request; TCP only connects.
 */
protocol: ("HTTP" | "TCP")
/**
 * Path of the request.
 */
path: string
/**
 * Port in the container.
 */
port: number
/**
 * Method of the request.
 */
method: ("GET" | "POST" | "PUT" | "HEAD")
/**
 * Headers of the request.
 */
headers: Header[]
/**
 * Body of the request.
 */
body: string
/**
 * Statuses that count as success.
 * 
 * Items: An HTTP status.
 */
expectedStatusCodes: number[]
/**
 * How long a new instance may take before failures count.
 */
initialDelaySeconds: number
/**
 * Time between two checks.
 */
periodSeconds: number
/**
 * How long a check may take.
 */
timeoutSeconds: number
/**
 * Failures in a row that make an instance unhealthy.
 */
failureThreshold: number
/**
 * Successes in a row that make an instance healthy.
 */
successThreshold: number
}
/**
 * A header of the health check's request.
 */
export interface Header {
/**
 * Name of the header.
 */
name: string
/**
 * Value of the header.
 */
value: string
}
