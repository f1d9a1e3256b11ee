import type { RecordWrite, Store } from '../../store/index.js';
import type { CancelOptions } from '../api/process.types.js';
import type { ProcessEngine } from '../engine/process-engine.js';

/**
 * Cancellations of runs that another node executes. The request lies in the run's journal, where the owner's next
 * write meets it; this note wakes the owner so that it does not go on until then.
 */
export class CancelRequests {
  static readonly COLLECTION = 'process-requests';

  constructor(
    private readonly store: Store,
    private readonly engine: ProcessEngine,
  ) {}

  /** The note to write together with the event. */
  static note(store: Store, id: string, owner: string, options: CancelOptions): RecordWrite {
    return {
      collection: CancelRequests.COLLECTION,
      key: id,
      value: store.capabilities.payload === 'reference' ? options : JSON.stringify(options),
      tags: [`for:${owner}`],
    };
  }

  /** Cancels what others have asked this node to cancel. */
  async serve(self: string): Promise<void> {
    const { records } = await this.store.findRecords({
      collection: CancelRequests.COLLECTION,
      tags: [`for:${self}`],
      limit: 500,
    });
    for (const { key, value, version } of records) {
      const options = (typeof value === 'string' ? JSON.parse(value) : value) as CancelOptions;
      this.engine.cancelActive(key, options);
      await this.store.commit({ records: [{ collection: CancelRequests.COLLECTION, key, ifVersion: version }] });
    }
  }
}
