import type { EventSeverity, EventType, NewEvent } from '../store.ts';
import { epochSeconds, momentOf, type StoredMoment } from './moment.ts';

/** A row of `events`, as far as a record of it goes. */
export interface EventRecordRow {
  id: number;
  event_type: EventType;
  event_category: NewEvent['eventCategory'];
  app_name: string | null;
  container_id: string | null;
  message: string;
  details: Record<string, unknown> | null;
  severity: EventSeverity;
  timestamp: StoredMoment;
  source: string;
  node_id: string | null;
}

/** Something that happened. */
export class EventRecord {
  readonly id: number;
  readonly eventType: EventType;
  readonly eventCategory: NewEvent['eventCategory'];
  readonly appName: string | null;
  readonly containerId: string | null;
  readonly message: string;
  readonly details: Record<string, unknown> | null;
  readonly severity: EventSeverity;
  readonly timestamp: Date;
  /** The component that recorded it. */
  readonly source: string;
  readonly nodeId: string | null;

  static fromDbRow(row: EventRecordRow): EventRecord {
    return new EventRecord(row);
  }

  private constructor(row: EventRecordRow) {
    this.id = row.id;
    this.eventType = row.event_type;
    this.eventCategory = row.event_category;
    this.appName = row.app_name;
    this.containerId = row.container_id;
    this.message = row.message;
    this.details = row.details;
    this.severity = row.severity;
    this.timestamp = momentOf(row.timestamp);
    this.source = row.source;
    this.nodeId = row.node_id;
  }

  /** With the columns' names; the timestamp is seconds since 1970. */
  toJSON(): object {
    return {
      id: this.id,
      event_type: this.eventType,
      event_category: this.eventCategory,
      app_name: this.appName,
      container_id: this.containerId,
      message: this.message,
      details: this.details,
      severity: this.severity,
      timestamp: epochSeconds(this.timestamp),
      source: this.source,
      node_id: this.nodeId,
    };
  }
}
