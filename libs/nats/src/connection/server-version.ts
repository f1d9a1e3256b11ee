/** What a server can do beyond what Catga needs of every server (2.9). Read from its version at connect. */
export interface ServerFeatures {
  /** Several stored messages in one answer: `batch` of direct get (2.11). */
  readonly batchDirectGet: boolean;
  /** `sync_interval: always` exists (2.10). */
  readonly syncInterval: boolean;
  /** Several filter subjects for a consumer, metadata of streams (2.10). */
  readonly consumerFilters: boolean;
  /** `term` with a reason, time to live of single messages (2.11). */
  readonly termReason: boolean;
  /** Atomic batches of publishes, messages for later (2.12). */
  readonly atomicBatch: boolean;
}

/** `2.9.10` as `[2, 9, 10]`; what cannot be read counts as 0. */
export function parseVersion(version: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.\-+]/, 3).map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

/** Whether a version is this one or a later one. */
export function atLeast(version: string, wanted: string): boolean {
  const [major, minor, patch] = parseVersion(version);
  const [wantedMajor, wantedMinor, wantedPatch] = parseVersion(wanted);
  if (major !== wantedMajor) return major > wantedMajor;
  return minor === wantedMinor ? patch >= wantedPatch : minor > wantedMinor;
}

/** What a server of this version can do. */
export function featuresOf(version: string): ServerFeatures {
  return {
    syncInterval: atLeast(version, '2.10'),
    consumerFilters: atLeast(version, '2.10'),
    batchDirectGet: atLeast(version, '2.11'),
    termReason: atLeast(version, '2.11'),
    atomicBatch: atLeast(version, '2.12'),
  };
}
