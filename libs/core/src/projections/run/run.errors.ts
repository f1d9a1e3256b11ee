/** Somebody else has moved the checkpoint: what this node has in memory is stale. Read it again and go on from there. */
export class OvertakenError extends Error {
  constructor(shard: string) {
    super(`The checkpoint of ${shard} was moved by somebody else`);
    this.name = 'OvertakenError';
  }
}

/** The generation is closed for a moment, or for good. Wait until its fence is down, then read everything again. */
export class GenerationClosedError extends Error {
  constructor(generation: string) {
    super(`Generation ${generation} is closed`);
    this.name = 'GenerationClosedError';
  }
}
