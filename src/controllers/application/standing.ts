/** What the source and the ingress say of an application, for its conditions; undefined before they said anything. */
export interface Standing {
  source: SourceStanding | undefined;
  /** Null where nothing routes it. */
  route: RouteStanding | null | undefined;
}

export interface SourceStanding {
  /** Set while the sync holds back its removal. */
  pruneHeld: boolean;
  /** Why its file was not taken; null when it was. */
  rejection: string | null;
}

export interface RouteStanding {
  accepted: boolean;
  /** CamelCase: `Accepted`, `RouteTaken`, `RouteInvalid`. */
  reason: string;
  message: string;
  /** Of what serves it; null before that has said anything. */
  service: ServiceStanding | null;
}

export interface ServiceStanding {
  /** Whether the last routes are in force. */
  serving: boolean;
  /** CamelCase: `IngressServing`, `IngressDown`, `PortTaken`, `ImageNotFound`, … */
  reason: string;
  message: string;
}
