import type { StreamPayloads } from '../../store/index.js';
import type { EventList } from '../events/index.js';
import type { StreamHistory } from './event-log.types.js';

/** A history whose events are what the store keeps: an array of them is made when somebody asks for it. */
export class KeptHistory implements StreamHistory {
  constructor(readonly list: StreamPayloads & EventList) {}

  get events(): readonly object[] {
    return Array.from({ length: this.list.length }, (_, index) => this.list.at(index) as object);
  }

  get payloads(): readonly unknown[] {
    return this.events;
  }

  get first(): StreamHistory['first'] {
    return this.list;
  }

  readonly timeOf = (index: number): number => this.list.timeOf(index);
}
