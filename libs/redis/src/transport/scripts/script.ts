import { createHash } from 'node:crypto';

/** A script by its digest, under which the server keeps it. */
export class Script {
  readonly digest: string;

  constructor(
    /** For messages. */
    readonly name: string,
    readonly text: string,
  ) {
    this.digest = createHash('sha1').update(text).digest('hex');
  }
}
