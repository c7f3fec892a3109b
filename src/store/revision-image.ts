/** What the image of a revision was when it was last made present. */
export interface RevisionImage {
  appUid: string;
  revision: number;
  /** The engine's. */
  imageId: string;
  /** Under which a registry gave it (`sha256:…`); null for one that was built on this host. */
  imageDigest: string | null;
}
